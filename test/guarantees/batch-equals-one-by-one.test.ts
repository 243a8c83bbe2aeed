import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createActs } from '../../src/platform/access/acts-store.ts'
import { createBillingStore } from '../../src/services/billing/store.ts'
import { createOfferStore } from '../../src/services/booking/store-offers.ts'
import { createBookingStore } from '../../src/services/booking/store.ts'
import { createCategoryStore } from '../../src/services/company/store-categories.ts'
import { createMemberStore } from '../../src/services/company/store-members.ts'
import { createCompanyStore } from '../../src/services/company/store.ts'
import { createModelStore } from '../../src/services/identity/store-models.ts'
import { createIdentityStore } from '../../src/services/identity/store.ts'
import { createNotificationStore } from '../../src/services/notification/store.ts'
import { createOrderStore } from '../../src/services/order/store.ts'
import { createUserStore } from '../../src/services/user/store.ts'
import { uuidv7 } from '../../src/platform/base/ids.ts'
import { createLog, createMetrics } from '../../src/platform/base/telemetry.ts'
import { createDatabase, type Database } from '../../src/platform/database/db.ts'
import { createTestDatabase, type TestDatabase } from '../lab/database.ts'
import { openTestDatabase } from '../lab/service.ts'

/**
 * Coalescing changes no result: callers are told the same, and the same is stored, whether their
 * statements ran together or one after the other. Callers of one statement meet in every way: with
 * equal keys, on one busy row, with data that Postgres refuses, and with ids that do not exist.
 */
const leaseMs = 6_000
const entry = { at: '2026-01-01T00:00:00.000Z', step: 'step', attempt: 1, outcome: 'done', ms: 1 }

/** What one try needs: ids that both databases share, and a tag on every row. */
interface Scene {
  readonly tag: string
  readonly ids: readonly string[]
}

type Item = Readonly<{ row: number; key: number | null; amount: number; flag: boolean }>

interface Statement {
  readonly name: string
  readonly service:
    | 'identity'
    | 'user'
    | 'billing'
    | 'order'
    | 'company'
    | 'booking'
    | 'notification'
  /** Makes the rows that exist before the calls. */
  readonly seed?: (scene: Scene) => string
  readonly call: (stores: Stores, scene: Scene, item: Item) => Promise<unknown>
  /** Reads the rows that exist after the calls. */
  readonly stored: (scene: Scene) => string
}

const createStores = (database: Database) => {
  return {
    acts: createActs(database),
    identity: createIdentityStore(database),
    models: createModelStore(database),
    user: createUserStore(database, leaseMs),
    billing: createBillingStore(database, leaseMs),
    order: createOrderStore(database, leaseMs),
    company: createCompanyStore(database),
    members: createMemberStore(database),
    categories: createCategoryStore(database),
    offers: createOfferStore(database),
    booking: createBookingStore(database, { leaseMs, holdMs: 5_000, cancelUntilMinutes: 60 }),
    notification: createNotificationStore(database),
  }
}

type Stores = ReturnType<typeof createStores>

const idOf = ({ ids }: Scene, { row }: Item) => ids[row % ids.length] as string
const keyOf = ({ tag }: Scene, { key }: Item) => (key === null ? null : `${tag} ${key}`)
const list = (ids: readonly string[]) => ids.map((id) => `('${id}'::uuid)`).join(', ')
/** The last id exists nowhere: a caller that asks for it must be told so. */
const known = ({ ids }: Scene) => list(ids.slice(0, -1))

const seedOrders = (status: string) => (scene: Scene) =>
  `
  insert into orders (id, user_id, price, present_price, status, decision, request_id, due_at)
  select id, id, 10, 10, '${status}', nullif('${status}', 'PENDING'), '${scene.tag}',
    case when '${status}' = 'PENDING' then now() end from (values ${known(scene)}) as v(id)`

const seedChanges = (scene: Scene) => `${seedOrders('APPROVED')(scene)};
  insert into order_changes (id, order_id, user_id, email, kind, from_price, to_price, request_id, due_at)
  select id, id, id, 'a@example.com', 'REPRICE', 10, 20, '${scene.tag}', now()
  from (values ${known(scene)}) as v(id)`

const byTag = (table: string) => (scene: Scene) =>
  `select * from ${table} where request_id = '${scene.tag}'`

const orderTables = (scene: Scene) => `
  select to_jsonb(o) as o, (select jsonb_agg(to_jsonb(c) order by c.from_price, c.to_price)
    from order_changes c where c.order_id = o.id) as changes
  from orders o where o.request_id = '${scene.tag}'`

const seedLogins = (scene: Scene) => `
  insert into logins (id, username, email, locale, password_hash)
  select id, id::text, '${scene.tag}', 'en', 'hash' from (values ${known(scene)}) as v(id)`

const seedSessions = (scene: Scene) => `${seedLogins(scene)};
  insert into sessions (id, login_id, secret_hash, expires_at)
  select id, id, '1', now() + interval '1 hour' from (values ${known(scene)}) as v(id)`

const sessionsOf = ({ ids }: Scene) =>
  `select * from sessions where login_id in (${ids.map((id) => `'${id}'`).join(', ')})`

const seedModels = (scene: Scene) => `
  insert into oidc_models (model, id, payload, grant_id, expires_at)
  select 'Session', id::text, '{}', '${scene.tag}', now() + interval '1 hour'
  from (values ${known(scene)}) as v(id)`

const modelsOf = ({ ids }: Scene) =>
  `select * from oidc_models where id in (${ids.map((id) => `'${id}'`).join(', ')})`

const identityStatements: readonly Statement[] = [
  {
    name: 'insert logins',
    service: 'identity',
    stored: (scene) => `select * from logins where email = '${scene.tag}'`,
    call: ({ identity }, scene, item) =>
      identity.insertLogin({
        id: idOf(scene, item),
        username: `${scene.tag} ${item.amount}`,
        email: scene.tag,
        locale: item.flag ? 'ru' : 'en',
        passwordHash: `hash ${item.key}`,
      }),
  },
  {
    name: 'open sessions',
    service: 'identity',
    seed: seedLogins,
    stored: sessionsOf,
    call: ({ identity }, scene, item) =>
      identity.openSession({
        id: uuidv7(),
        loginId: idOf(scene, item),
        secretHash: `${item.amount}`,
        lifetimeMs: 60_000,
      }),
  },
  {
    name: 'refresh sessions',
    service: 'identity',
    seed: seedSessions,
    stored: sessionsOf,
    call: ({ identity }, scene, item) =>
      identity.refreshSession({
        id: idOf(scene, item),
        presented: item.flag ? '1' : `${item.amount}`,
        next: item.key === null ? '1' : '2',
      }),
  },
  {
    name: 'end sessions',
    service: 'identity',
    seed: seedSessions,
    stored: sessionsOf,
    call: ({ identity }, scene, item) => identity.endSession({ id: idOf(scene, item) }),
  },
  {
    name: 'keep secrets',
    service: 'identity',
    stored: (scene) => `select * from secrets where name like '${scene.tag}%'`,
    call: ({ identity }, scene, item) =>
      identity.keepSecret({ name: `${scene.tag} ${item.row}`, value: `${item.amount}` }),
  },
  {
    name: 'upsert models',
    service: 'identity',
    seed: seedModels,
    stored: modelsOf,
    call: ({ models }, scene, item) =>
      models.upsert({
        model: 'Session',
        id: idOf(scene, item),
        payload: { amount: item.amount },
        uid: null,
        grantId: item.flag ? scene.tag : null,
        lifetimeMs: 60_000,
      }),
  },
  {
    name: 'consume models',
    service: 'identity',
    seed: seedModels,
    stored: modelsOf,
    call: ({ models }, scene, item) => models.consume({ model: 'Session', id: idOf(scene, item) }),
  },
  {
    name: 'destroy models',
    service: 'identity',
    seed: seedModels,
    stored: modelsOf,
    call: ({ models }, scene, item) =>
      models.destroy({ model: 'Session', id: idOf(scene, item), grantId: null }),
  },
  {
    name: 'record acts',
    service: 'notification',
    stored: byTag('operator_acts'),
    call: ({ acts }, scene, item) =>
      acts.record({
        operator: idOf(scene, item),
        method: 'GET',
        route: '/notifications',
        target: `/notifications?limit=${item.amount}`,
        subject: item.flag ? idOf(scene, item) : null,
        requestId: scene.tag,
      }),
  },
]

/** Each company has its own id as its first ADMIN. They joined long ago, so the past can be asked for. */
const seedCompanies = (scene: Scene) => `
  set session_replication_role = replica;
  insert into companies (id, name, active) select id, '${scene.tag}', true
  from (values ${known(scene)}) as v(id);
  insert into memberships (id, company_id, user_id, role, name, email, locale, joined_at, added_by,
    request_id)
  select id, id, id, 'ADMIN', 'name', '${scene.tag}', 'en', '2020-01-01Z', id, '${scene.tag}'
  from (values ${known(scene)}) as v(id);
  reset session_replication_role`

const companiesOf = ({ ids }: Scene) => `
  select to_jsonb(c) as c,
    (select jsonb_agg(to_jsonb(v) order by v.version) from company_versions v
      where v.company_id = c.id) as versions,
    (select jsonb_agg(to_jsonb(m) order by m.user_id, m.joined_at) from memberships m
      where m.company_id = c.id) as members
  from companies c where c.id in (${ids.map((id) => `'${id}'`).join(', ')})`

/** The ADMIN of a company, an operator, or somebody who is perhaps a member. */
const whoActs = (scene: Scene, item: Item) => ({
  actor: item.amount % 3 === 0 ? idOf(scene, item) : otherOf(scene, item),
  isOperator: item.amount % 3 === 1,
})
const otherOf = ({ ids }: Scene, { amount }: Item) => ids[amount % ids.length] as string
const member = { name: 'name', email: 'a@example.com', locale: 'en' } as const

const companyStatements: readonly Statement[] = [
  {
    name: 'insert companies',
    service: 'company',
    stored: (scene) => `
      select to_jsonb(v) as v, to_jsonb(c) as c, to_jsonb(m) as m from company_versions v
      join companies c on c.id = v.company_id join memberships m on m.company_id = c.id
      where v.request_id = '${scene.tag}' order by v.id`,
    call: ({ company }, scene, item) =>
      company.insert({
        actor: idOf(scene, item),
        memberName: 'name',
        email: 'a@example.com',
        locale: 'en',
        payload: {
          name: item.amount === 0 ? 'bad \u0000 name' : `${item.amount}`,
          ...(item.flag ? { location: { lat: 1.5, lng: item.amount } } : {}),
        },
        idempotencyKey: keyOf(scene, item),
        requestId: scene.tag,
      }),
  },
  {
    name: 'change companies',
    service: 'company',
    seed: seedCompanies,
    stored: companiesOf,
    call: ({ company }, scene, item) =>
      company.change({
        ...whoActs(scene, item),
        companyId: idOf(scene, item),
        payload: item.flag ? { phone: `${item.amount}` } : { active: item.amount > 2 },
        idempotencyKey: keyOf(scene, item),
        requestId: scene.tag,
      }),
  },
  {
    name: 'add members',
    service: 'company',
    seed: seedCompanies,
    stored: companiesOf,
    call: ({ members }, scene, item) =>
      members.addMember({
        ...whoActs(scene, item),
        ...member,
        companyId: idOf(scene, item),
        userId: otherOf(scene, item),
        role: item.flag ? 'ADMIN' : 'MANAGER',
        idempotencyKey: keyOf(scene, item),
        requestId: scene.tag,
      }),
  },
  {
    name: 'remove members',
    service: 'company',
    seed: (scene) => `${seedCompanies(scene)};
      insert into memberships (id, company_id, user_id, role, name, email, locale, added_by,
        request_id)
      select md5(c.id::text || u.id::text)::uuid, c.id, u.id,
        case when u.place % 2 = 0 then 'ADMIN' else 'MANAGER' end, 'name', 'e', 'en', c.id, 'r'
      from (values ${known(scene)}) as c (id),
        unnest(array[${scene.ids.map((id) => `'${id}'`).join(', ')}]::uuid[]) with ordinality
          as u (id, place)
      where c.id <> u.id and u.place < 4`,
    stored: companiesOf,
    call: ({ members }, scene, item) =>
      members.removeMember({
        ...whoActs(scene, item),
        companyId: idOf(scene, item),
        userId: item.flag ? idOf(scene, item) : otherOf(scene, { ...item, amount: item.key ?? 0 }),
      }),
  },
  {
    name: 'find managers',
    service: 'company',
    seed: seedCompanies,
    stored: companiesOf,
    call: ({ members }, scene, item) =>
      members.findManagers({
        companyId: idOf(scene, item),
        at: `${item.flag ? 2_019 + item.amount : 2_999}-06-01T00:00:00.000Z`,
      }),
  },
  {
    name: 'insert categories',
    service: 'company',
    stored: (scene) => `
      select n.name, c.name as present, c.parent_id, c.depth from category_names n
      join categories c on c.id = n.category_id where n.request_id = '${scene.tag}'`,
    call: ({ categories }, scene, item) =>
      categories.insert({
        name: item.amount === 0 ? 'bad \u0000 name' : `${item.amount}`,
        parentId: item.flag ? `019aa000-0000-7000-8000-00000000001${item.row}` : null,
        actor: idOf(scene, item),
        idempotencyKey: keyOf(scene, item),
        requestId: scene.tag,
      }),
  },
  {
    name: 'rename categories',
    service: 'company',
    seed: (scene) => `
      insert into categories (id, place, name, depth)
      select id, (select max(place) from categories) + row_number() over (), 'name', 1
      from (values ${known(scene)}) as v(id)`,
    stored: (scene) => `
      select to_jsonb(n) as n, c.name, c.parent_id from category_names n
      join categories c on c.id = n.category_id where n.request_id = '${scene.tag}'`,
    call: ({ categories }, scene, item) =>
      categories.rename({
        categoryId: idOf(scene, item),
        name: `${item.amount}`,
        actor: scene.ids[item.flag ? 0 : 1] as string,
        idempotencyKey: keyOf(scene, item),
        requestId: scene.tag,
      }),
  },
]

const offersOf = ({ ids }: Scene) => ids.map((id) => `'${id}'`).join(', ')

const offerTables = (scene: Scene) => `
  select to_jsonb(o) as o,
    (select jsonb_agg(to_jsonb(b) order by b.price) from bookings b where b.offer_id = o.id) as b,
    (select jsonb_agg(to_jsonb(l) order by l.kind) from booking_letters l
      join bookings b on b.id = l.booking_id where b.offer_id = o.id) as l
  from offers o where o.id in (${offersOf(scene)})`

/** The first of them is nobody’s any more, and each second one has begun. */
const seedOffers = (scene: Scene) => `
  insert into offers (id, company_id, category_id, title, price, starts_at, ends_at, time_zone,
    created_by, request_id)
  select id, id, id, 'title', 10, now() + (row_number() over () % 2 * 4 - 2) * interval '1 hour',
    now() + interval '9 hours', 'UTC', id, '${scene.tag}' from (values ${known(scene)}) as v(id);
  update offers set status = 'CANCELLED', cancelled_at = now(), cancelled_by = 'COMPANY'
  where id = '${scene.ids[0]}'`

/** Each offer has the id of its booking and of its customer. Its time is over or comes. */
const seedBookings =
  (status: string, isOver = false) =>
  (scene: Scene) =>
    `
  insert into offers (id, company_id, category_id, title, price, starts_at, ends_at, time_zone,
    created_by, request_id, status, booking_id)
  select id, id, id, 'title', 10, now() + ${isOver ? -9 : 9} * interval '1 hour',
    now() + ${isOver ? -8 : 10} * interval '1 hour', 'UTC', id, '${scene.tag}',
    case when '${status}' in ('PENDING', 'RELEASING') then 'RESERVED' else 'PAID' end, id
  from (values ${known(scene)}) as v(id);
  insert into bookings (id, refund_id, offer_id, user_id, company_id, title, price, starts_at,
    ends_at, time_zone, status, decision, decided_at, reason, hold_until, request_id, due_at)
  select id, id, id, id, id, 'title', 10, o.starts_at, o.ends_at, 'UTC', '${status}',
    case when '${status}' = 'PAID' then 'PAID' end, case when '${status}' = 'PAID' then now() end,
    case when '${status}' = 'RELEASING' then 'hold-over' end,
    now() + (row_number() over () % 2 - 0.5) * interval '1 hour', '${scene.tag}',
    case when '${status}' <> 'PAID' then now() end
  from offers o where o.id in (${offersOf(scene)})`

const about = {
  title: 'title',
  amount: 10,
  startsAt: '2026-10-25T17:30:00.000Z',
  timeZone: 'UTC',
  cancelledBy: null,
  reason: null,
}
const aboutIt = () => ({ letterId: uuidv7(), about, entry })

const sagaOfBookings: readonly Statement[] = [
  {
    name: 'reserve offers',
    service: 'booking',
    seed: seedOffers,
    stored: offerTables,
    call: ({ booking }, scene, item) =>
      booking.reserveOffer({
        offerId: idOf(scene, item),
        userId: otherOf(scene, item),
        // Only those with one key wait for each other: if the first one of a key got nothing, another
        // offer of the second would show the order.
        idempotencyKey: item.key === null ? null : `${keyOf(scene, item)} ${item.row}`,
        requestId: scene.tag,
      }),
  },
  {
    name: 'decide bookings',
    service: 'booking',
    seed: seedBookings('PENDING'),
    stored: offerTables,
    call: ({ booking }, scene, item) =>
      booking.decideBooking({
        id: idOf(scene, item),
        status: item.flag ? 'PAID' : 'REFUSED',
        reason: item.flag ? null : 'insufficient-funds',
        email: item.key === null ? null : 'a@example.com',
        ...aboutIt(),
      }),
  },
  {
    name: 'release bookings',
    service: 'booking',
    seed: seedBookings('PENDING'),
    stored: offerTables,
    call: ({ booking }, scene, item) => booking.releaseBooking({ id: idOf(scene, item), entry }),
  },
  {
    name: 'finish refunds',
    service: 'booking',
    seed: seedBookings('RELEASING'),
    stored: offerTables,
    call: ({ booking }, scene, item) =>
      booking.finishRefund({ id: idOf(scene, item), email: null, ...aboutIt() }),
  },
  {
    name: 'renew refunds',
    service: 'booking',
    seed: seedBookings('RELEASING'),
    stored: offerTables,
    call: ({ booking }, scene, item) =>
      booking.renewRefund({
        id: idOf(scene, item),
        refundId: idOf(scene, item),
        nextRefundId: uuidv7(),
        delayMs: 500,
        entry,
      }),
  },
  {
    name: 'cancel bookings',
    service: 'booking',
    seed: seedBookings('PAID'),
    stored: offerTables,
    call: ({ booking }, scene, item) =>
      booking.cancelBooking({
        id: idOf(scene, item),
        ...whoActs(scene, item),
        reason: item.flag ? 'ill' : null,
      }),
  },
  {
    name: 'complete bookings',
    service: 'booking',
    seed: seedBookings('PAID', true),
    stored: offerTables,
    // Of an id that is none it asks for ever: the app looks first.
    call: ({ booking }, scene, item) =>
      booking.completeBooking({ id: scene.ids[item.row % (scene.ids.length - 1)] as string }),
  },
  {
    name: 'withdraw offers',
    service: 'booking',
    seed: seedBookings('PAID'),
    stored: offerTables,
    call: ({ booking }, scene, item) =>
      booking.withdrawOffer({
        id: idOf(scene, item),
        cancelledBy: item.flag ? 'COMPANY' : 'OPERATOR',
        reason: `${item.amount}`,
      }),
  },
]

const bookingStatements: readonly Statement[] = [
  ...sagaOfBookings,
  {
    name: 'insert offers',
    service: 'booking',
    stored: (scene) => `
      select to_jsonb(o) as o, (select jsonb_agg(jsonb_build_array(term, price, lat, lng, marks)
        order by term) from offer_terms where offer_id = o.id) as terms
      from offers o where request_id = '${scene.tag}'`,
    call: ({ offers }, scene, item) => {
      // Three hours of one day, and a day that is over. Some have no resource and overlap freely.
      const hours = `0${item.amount % 4}`
      const day = item.amount === 7 ? '2020-01-01' : '2099-01-01'
      return offers.insert({
        companyId: scene.ids[item.row % 2] as string,
        categoryId: scene.ids[0] as string,
        title: item.flag ? 'one' : 'another',
        description: null,
        price: item.amount === 0 ? 0 : item.amount + 1,
        startsAt: `${day}T${hours}:00:00Z`,
        endsAt: `${day}T${hours}:59:59Z`,
        timeZone: 'UTC',
        resource: item.row === 5 ? null : `chair ${item.row % 3}`,
        location: item.flag ? { lat: 1.5, lng: -2 } : null,
        terms: ['all', `word:${item.amount}`],
        marks: `${item.amount}`,
        createdBy: idOf(scene, item),
        idempotencyKey: keyOf(scene, item),
        requestId: scene.tag,
      })
    },
  },
]

const statements: readonly Statement[] = [
  ...identityStatements,
  ...companyStatements,
  ...bookingStatements,
  {
    name: 'insert orders',
    service: 'order',
    stored: byTag('orders'),
    call: ({ order }, scene, item) =>
      order.insertOrder({
        userId: idOf(scene, item),
        price: item.amount,
        description: item.flag ? 'one' : 'another',
        idempotencyKey: keyOf(scene, item),
        requestId: scene.tag,
      }),
  },
  {
    name: 'decide orders',
    service: 'order',
    seed: seedOrders('PENDING'),
    stored: byTag('orders'),
    call: ({ order }, scene, item) =>
      order.decideOrder({
        id: idOf(scene, item),
        status: item.flag ? 'APPROVED' : 'REJECTED',
        reason: item.flag ? null : 'insufficient-funds',
        email: item.key === null ? null : 'a@example.com',
        entry,
      }),
  },
  {
    name: 'forget orders',
    service: 'order',
    seed: seedOrders('PENDING'),
    stored: byTag('orders'),
    call: ({ order }, scene, item) => order.forgetOrder(idOf(scene, item)),
  },
  {
    name: 'open changes',
    service: 'order',
    seed: seedOrders('APPROVED'),
    stored: orderTables,
    call: ({ order }, scene, item) => {
      const key = item.flag ? keyOf(scene, item) : null
      // The owner of each order has its id: so an order meets its owner, an operator and a stranger.
      const other = scene.ids[item.amount % scene.ids.length] as string
      return order.openChange({
        orderId: idOf(scene, item),
        kind: item.flag ? 'REPRICE' : 'CANCEL',
        toPrice: item.flag ? item.amount : null,
        actor: item.amount % 3 === 0 ? idOf(scene, item) : other,
        isOperator: item.amount % 3 === 1,
        idempotencyKey: key,
        actingKey: key === null ? null : `${other} ${key}`,
        requestId: scene.tag,
      })
    },
  },
  {
    name: 'decide changes',
    service: 'order',
    seed: seedChanges,
    stored: orderTables,
    call: ({ order }, scene, item) =>
      order.decideChange({
        id: idOf(scene, item),
        status: item.flag ? 'DONE' : 'REFUSED',
        reason: item.flag ? null : 'insufficient-funds',
        entry,
      }),
  },
  {
    name: 'settle what is due',
    service: 'billing',
    seed: (scene) => `insert into deposit_letters (id, user_id, email, amount, due_at)
      select id, id, '${scene.tag}', 1, now() from (values ${known(scene)}) as v(id)`,
    stored: (scene) => `select * from deposit_letters where email = '${scene.tag}'`,
    call: ({ billing }, scene, item) =>
      billing.depositLetters.settle({ id: idOf(scene, item), entry }),
  },
  {
    name: 'postpone what is due',
    service: 'order',
    seed: seedChanges,
    stored: orderTables,
    call: ({ order }, scene, item) =>
      order.dueChanges.postpone({ id: idOf(scene, item), delayMs: 500, entry }),
  },
  {
    name: 'open accounts',
    service: 'billing',
    stored: (scene) => `select * from accounts where email like '${scene.tag}%'`,
    call: ({ billing }, scene, item) =>
      billing.openAccount({ userId: idOf(scene, item), email: `${scene.tag} ${item.amount}` }),
  },
  {
    name: 'apply operations',
    service: 'billing',
    seed: (scene) => `insert into accounts (user_id, email, balance)
      select id, '${scene.tag}', 5 from (values ${known(scene)}) as v(id)`,
    stored: byTag('operations'),
    call: ({ billing }, scene, item) =>
      billing.apply({
        userId: idOf(scene, item),
        kind: item.flag ? 'WITHDRAW' : 'DEPOSIT',
        amount: item.amount,
        // Callers of one account that come together may take effect in any order. Only those with
        // one key wait for each other, so a key whose first use fails would show the order.
        key: item.amount === 0 ? null : keyOf(scene, item),
        reference: null,
        requestId: scene.tag,
      }),
  },
  {
    name: 'insert users',
    service: 'user',
    stored: byTag('users'),
    call: ({ user }, scene, item) =>
      user.insert({
        username: `${scene.tag} ${item.row % 4}`,
        email: item.amount === 0 ? `bad \u0000 address` : `${scene.tag} ${item.amount}`,
        phone: item.flag ? '1' : null,
        firstName: null,
        lastName: null,
        locale: item.flag ? 'ru' : 'en',
        passwordHash: item.flag ? 'hash' : null,
        passwordSalt: item.flag ? 'salt' : null,
        idempotencyKey: keyOf(scene, item),
        requestId: scene.tag,
      }),
  },
  {
    name: 'insert users',
    service: 'user',
    stored: byTag('users'),
    // Another issuer has given them their ids.
    call: ({ user }, scene, item) =>
      user.insert({
        id: idOf(scene, item),
        username: `${scene.tag} ${item.amount}`,
        email: `${scene.tag} ${item.amount}`,
        phone: null,
        firstName: null,
        lastName: null,
        locale: 'en',
        passwordHash: null,
        passwordSalt: null,
        idempotencyKey: keyOf(scene, item),
        requestId: scene.tag,
      }),
  },
  {
    name: 'note logins',
    service: 'user',
    seed: (scene) => `
      insert into users (id, username, email, request_id, account, due_at, password_hash,
        password_salt)
      select id, id::text, id::text, '${scene.tag}', 'PENDING', now(), 'hash', 'salt'
      from (values ${known(scene)}) as v(id)`,
    stored: byTag('users'),
    call: ({ user }, scene, item) => user.noteLogin({ id: idOf(scene, item), entry }),
  },
  {
    name: 'open users',
    service: 'user',
    seed: (scene) => `
      insert into users (id, username, email, request_id, account, due_at)
      select id, id::text, id::text, '${scene.tag}', 'PENDING', now()
      from (values ${known(scene)}) as v(id)`,
    stored: byTag('users'),
    call: ({ user }, scene, item) => user.markOpen({ id: idOf(scene, item), entry }),
  },
  {
    name: 'insert letters',
    service: 'notification',
    stored: (scene) => `select * from letters where email = '${scene.tag}'`,
    call: ({ notification }, scene, item) =>
      notification.insert({
        key: keyOf(scene, item) ?? `${scene.tag} none`,
        userId: idOf(scene, item),
        email: scene.tag,
        kind: item.flag ? 'BOOKING_CANCELLED' : 'DEPOSIT',
        orderId: null,
        bookingId: item.flag ? idOf(scene, item) : null,
        title: item.flag ? 'title' : null,
        startsAt: item.flag ? '2026-10-25T17:30:00.000Z' : null,
        timeZone: item.flag ? 'Europe/Berlin' : null,
        cancelledBy: item.flag ? 'COMPANY' : null,
        because: item.flag ? 'reason' : null,
        amount: item.amount,
        subject: 'subject',
        body: 'body',
      }),
  },
]

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g
const moment = /"\d{4}-\d\d-\d\d[T ][^"]+"/g

/**
 * Ids that the stores make and times of day differ between two runs. Ids are numbered as they
 * appear, and a time is only compared as present or not.
 */
const createNormalizer = (scene: Scene) => {
  const numbers = new Map<string, string>()
  const nameOf = (id: string) => {
    if (scene.ids.includes(id)) return id
    const name = numbers.get(id) ?? `id-${numbers.size}`
    numbers.set(id, name)
    return name
  }
  return (value: unknown): string =>
    (JSON.stringify(value) ?? 'undefined').replace(uuid, nameOf).replace(moment, '"some time"')
}

/** Leaves out the place that a caller had in its statement: it is no part of the answer. */
const withoutPlace = (result: unknown) => ({
  ...(result as object),
  ord: undefined,
  place: undefined,
})

const outcomeOf = async (call: Promise<unknown>): Promise<unknown> => {
  try {
    return withoutPlace(await call)
  } catch (error) {
    const { name, code, message } = error as Error & { code?: string }
    return { failed: name, code, message }
  }
}

const itemArbitrary: fc.Arbitrary<Item> = fc.record({
  row: fc.nat({ max: 5 }),
  key: fc.option(fc.nat({ max: 4 })),
  // The tables refuse zero. The largest amounts are more than an account holds.
  amount: fc.constantFrom(1, 2, 3, 4, 7, 0),
  flag: fc.boolean(),
})

const tries = 12

describe.each(statements)('callers who share a statement: $name', (statement) => {
  let together: { stores: Stores; database: TestDatabase }
  let oneByOne: { stores: Stores; database: TestDatabase }
  beforeAll(async () => {
    const open = async () => {
      const database = await createTestDatabase(statement.service)
      return { database, stores: createStores(openTestDatabase(statement.service, database.url)) }
    }
    together = await open()
    oneByOne = await open()
  })

  const play = async (
    { stores, database }: typeof together,
    scene: Scene,
    run: (calls: (() => Promise<unknown>)[]) => Promise<unknown[]>,
  ) => {
    if (statement.seed) await database.admin.unsafe(statement.seed(scene)).simple()
    return async (items: readonly Item[]) => {
      const calls = items.map((item) => () => outcomeOf(statement.call(stores, scene, item)))
      const normalize = createNormalizer(scene)
      const told = (await run(calls)).map(normalize)
      const rows = await database.admin.unsafe(statement.stored(scene))
      return { told, rows: rows.map(normalize).toSorted() }
    }
  }

  it('are told what they would have been told alone, and leave the same rows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(itemArbitrary, { minLength: 2, maxLength: 40 }), async (items) => {
        const ids = Array.from({ length: 5 }, () => randomUUID().replace(/-4/, '-7'))
        const scene = { tag: `try-${randomUUID().slice(0, 8)}`, ids }
        const atOnce = await play(together, scene, (calls) =>
          Promise.all(calls.map((call) => call())),
        )
        const inTurn = await play(oneByOne, scene, async (calls) => {
          const outcomes: unknown[] = []
          for (const call of calls) outcomes.push(await call())
          return outcomes
        })
        expect(await atOnce(items)).toEqual(await inTurn(items))
      }),
      { numRuns: tries },
    )
  })
})

/** Every table with unfinished work has these two, made from the same text. */
const isOfEveryTable = (name: string) => /^(settle|postpone) /.test(name)

describe('the statements that callers may share', () => {
  it('are all tried here: a new one is missed until it has its calls', async () => {
    const metrics = createMetrics('order')
    const config = { url: 'postgres://127.0.0.1:9/none', poolSize: 1, statementTimeoutMs: 1_000 }
    const database = createDatabase({
      config: { ...config, prepare: true },
      log: createLog('order', 'silent'),
      metrics,
    })
    createStores(database)
    const { values } = await metrics.batchSize.get()
    const shared = new Set(values.map(({ labels }) => String(labels.statement)))
    const tried = new Set(statements.map(({ name }) => name))
    expect([...shared].filter((name) => !tried.has(name) && !isOfEveryTable(name))).toEqual([])
    await database.close()
  })
})
