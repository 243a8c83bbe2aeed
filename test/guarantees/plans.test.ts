import { globSync, readFileSync } from 'node:fs'
import { basename, join, sep } from 'node:path'
import type postgres from 'postgres'
import { beforeAll, describe, expect, it } from 'vitest'
import { createActs } from '../../src/platform/access/acts-store.ts'
import { createThrottle, type Throttle } from '../../src/platform/access/throttle.ts'
import { createBillingStore } from '../../src/services/billing/store.ts'
import { createBooksStore } from '../../src/services/billing/store-books.ts'
import { cellsAt } from '../../src/services/booking/offer-cells.ts'
import { searchFor, type Wanted } from '../../src/services/booking/offer-search.ts'
import { createOfferStore } from '../../src/services/booking/store-offers.ts'
import { createBookingStore, type BookingStore } from '../../src/services/booking/store.ts'
import { createCategoryStore } from '../../src/services/company/store-categories.ts'
import { createMemberStore } from '../../src/services/company/store-members.ts'
import { createCompanyStore } from '../../src/services/company/store.ts'
import { createIdentityStore } from '../../src/services/identity/store.ts'
import { createKeyStore } from '../../src/services/identity/store-keys.ts'
import { createModelStore } from '../../src/services/identity/store-models.ts'
import { createNotificationStore } from '../../src/services/notification/store.ts'
import type { Owed } from '../../src/platform/base/owed.ts'
import type { Acts } from '../../src/platform/http/acts.ts'
import { createOrderStore } from '../../src/services/order/store.ts'
import { createUserStore } from '../../src/services/user/store.ts'
import { projectRoot } from '../../tools/run-tool.ts'
import { createTestDatabase } from '../lab/database.ts'
import {
  createRecorder,
  explain,
  indexesUsed,
  mostRowsRead,
  tablesReadWhole,
  type PlanMode,
  type RecordedStatement,
} from '../lab/plans.ts'

/**
 * Statements stay cheap as tables grow. Each statement of a store is prepared as the driver
 *
 */
const size = 24_000
const busyShare = 5
const ownersOfTheRest = 5_000
const dueRows = 1_000

const idSql = (kind: string, index: string) =>
  `('${kind}-0000-7000-8000-' || lpad(to_hex((${index})::bigint), 12, '0'))::uuid`
const idOf = (kind: string, index: number) =>
  `${kind}-0000-7000-8000-${index.toString(16).padStart(12, '0')}`

const kinds = { user: '01900000', row: '01910000', other: '01920000', fresh: '01930000' }
const ownerSql = idSql(
  kinds.user,
  `case when i % ${busyShare} = 0 then 0 else 1 + i % ${ownersOfTheRest} end`,
)
const busyUser = idOf(kinds.user, 0)
/** Returns the owner of the row with that index, by the same rule as `ownerSql`. */
const ownerOf = (index: number) =>
  index % busyShare === 0 ? busyUser : idOf(kinds.user, 1 + (index % ownersOfTheRest))

const series = `generate_series(0, ${size - 1}) as i`
const entry = { at: '2026-01-01T00:00:00.000Z', step: 'letter', attempt: 1, outcome: 'done', ms: 1 }
const timeline = `'[${JSON.stringify(entry)}]'::jsonb`

/** Two companies whose members come and go all the time. */
const [churning, returning] = [5, 6]
const ownerOfChurnSql = idSql(kinds.fresh, '0')

/** What operators asked for: the busy user is an operator, and the others are asked about. */
const actsSeed = `
  insert into operator_acts (id, operator, method, route, target, subject, request_id)
  select ${idSql(kinds.row, 'i')}, ${ownerSql}, 'GET', '/orders', '/orders', ${ownerSql}, 'r'
  from ${series}`

/** What operators had tried again. */
const retriesSeed = `
  insert into retries (id, operator, owed_id, idempotency_key, request_id)
  select ${idSql(kinds.row, 'i')}, ${ownerSql}, ${idSql(kinds.row, 'i')}, 'key' || i, 'r'
  from ${series}`

/** A few rows wait for recovery, as many are leased to live requests, and the rest owes nothing. */
const dueAt = `case when i < ${dueRows} then now() - interval '1 minute'
  when i < ${2 * dueRows} then now() + interval '1 hour' end`
const isDue = `i < ${2 * dueRows}`

/** Half of those who were counted may try again. */
const throttledSeed = `
  insert into throttled (subject, attempts, ends_at)
  select 'subject' || i, 3, now() + (i - ${size / 2}) * interval '1 second' from ${series}`

/** A fifth of all is offered by one company. Each begins a minute after the one before. */
const offeredBySql = idSql(
  kinds.other,
  `case when i % 5 = 0 then 0 else i % ${ownersOfTheRest} end`,
)
const startOfOffer = `now() + (i + 60) * interval '1 minute'`
const middle = { lat: 52.5, lng: 13.4 }

/** Some are over and wait to be forgotten. */
const expiresAt = `case when i < ${dueRows} then now() - interval '1 minute'
  else now() + interval '1 day' end`

const seeds: Readonly<Record<string, readonly string[]>> = {
  identity: [
    `insert into logins (id, username, email, locale, password_hash)
     select ${idSql(kinds.user, 'i')}, 'name' || i, 'a@example.com', 'en', 'hash' from ${series}`,
    `insert into sessions (id, login_id, secret_hash, expires_at)
     select ${idSql(kinds.row, 'i')}, ${ownerSql}, 'secret' || i, ${expiresAt} from ${series}`,
    // Keys that are removed leave their rows.
    `insert into signing_keys (kid, generation, jwk, signs_from, retires_at)
     select 'key' || i, i, case when i > ${size - 4} then '{}'::jsonb end, now(),
       case when i <= ${size - 4} then now() end from ${series}`,
    `insert into oidc_models (model, id, payload, uid, grant_id, expires_at)
     select 'Session', 'id' || i, jsonb_build_object('accountId', 'account' || i), 'uid' || i, 'grant' || i / 4, ${expiresAt} from ${series}`,
    `insert into secrets (name, value) select 'name' || i, 'value' from ${series}`,
    throttledSeed,
    actsSeed,
  ],
  user: [
    `insert into users (id, username, email, idempotency_key, request_id, account, due_at, timeline)
     select ${idSql(kinds.row, 'i')}, 'name' || i, 'name' || i || '@example.com', 'key' || i, 'r',
       case when ${isDue} then 'PENDING' else 'OPEN' end, ${dueAt}, ${timeline} from ${series}`,
    throttledSeed,
    retriesSeed,
    actsSeed,
  ],
  billing: [
    `insert into accounts (user_id, email, balance, version)
     select ${idSql(kinds.user, 'i')}, 'a@example.com', 1000000, 1000000 from ${series}`,
    `insert into operations (id, user_id, seq, key, kind, amount, effect, status, balance_after,
       request_id)
     select ${idSql(kinds.row, 'i')}, ${ownerSql}, i, 'saga:' || ${idSql(kinds.other, 'i')},
       'WITHDRAW', 1, -1, 'DONE', 1000000, 'r' from ${series}`,
    `insert into deposit_letters (id, user_id, email, amount, due_at, timeline)
     select ${idSql(kinds.row, 'i')}, ${ownerSql}, 'a@example.com', 1, ${dueAt}, ${timeline}
     from ${series}`,
    `insert into books_verdicts (id, started_at, duration_ms, rows, violations, by_invariant, first)
     select ${idSql(kinds.row, 'i')}, now(), 1, 1, 0, '{}', '[]' from ${series}`,
    retriesSeed,
    actsSeed,
  ],
  order: [
    `insert into orders (id, user_id, price, present_price, idempotency_key, status, decision, email,
       request_id, due_at, timeline)
     select ${idSql(kinds.row, 'i')}, ${ownerSql}, 1, 1, 'key' || i,
       case when ${isDue} then 'PENDING' else 'APPROVED' end,
       case when ${isDue} then null else 'APPROVED' end, 'a@example.com', 'r', ${dueAt}, ${timeline}
     from ${series}`,
    `insert into order_changes (id, order_id, user_id, email, kind, from_price, to_price,
       idempotency_key, status, request_id, due_at, timeline)
     select ${idSql(kinds.row, 'i')}, ${idSql(kinds.row, 'i')}, ${ownerSql}, 'a@example.com',
       'REPRICE', 1, 2, 'key' || i, case when ${isDue} then 'PENDING' else 'DONE' end, 'r', ${dueAt},
       ${timeline} from ${series}`,
    retriesSeed,
    actsSeed,
  ],
  company: [
    `insert into companies (id, name, active)
     select ${idSql(kinds.row, 'i')}, 'name', i % 2 = 0 from ${series}`,
    `insert into company_versions (id, company_id, version, actor, idempotency_key, payload, name,
       active, request_id)
     select gen_random_uuid(), ${idSql(kinds.row, 'i')}, version, ${ownerSql}, 'key' || i, '{}',
       'name', true, 'r' from ${series}, generate_series(1, 2) as version`,
    `insert into memberships (id, company_id, user_id, role, name, email, locale, added_by,
       idempotency_key, request_id)
     select ${idSql(kinds.row, 'i')}, ${idSql(kinds.row, 'i')}, ${ownerSql}, 'ADMIN', 'name',
       'a@example.com', 'en', ${ownerSql}, null, 'r' from ${series}`,
    `insert into memberships (id, company_id, user_id, role, name, email, locale, added_by,
       idempotency_key, request_id)
     select ${idSql(kinds.other, 'i')}, ${idSql(kinds.row, 'i')}, ${idSql(kinds.other, 'i')},
       'MANAGER', 'name', 'a@example.com', 'en', ${ownerSql}, 'key' || i, 'r' from ${series}`,
    // Two companies with many who have left: one after the other, and the same person each time.
    `insert into memberships (id, company_id, user_id, role, name, email, locale, joined_at, left_at,
       added_by, removed_by, request_id)
     select gen_random_uuid(), ${idSql(kinds.row, 'company')},
       case when company = ${churning} then ${idSql(kinds.fresh, 'i')} else ${ownerOfChurnSql} end,
       'MANAGER', 'name', 'a@example.com', 'en', now() - (${size} - i) * interval '1 minute',
       now() - (${size} - i) * interval '1 minute', ${ownerSql}, ${ownerSql}, 'r'
     from generate_series(0, ${size / 4 - 1}) as i, (values (${churning}), (${returning})) as c (company)`,
    `insert into categories (id, place, name, parent_id, depth)
     select ${idSql(kinds.row, 'i')}, i + 22, 'name', null, 1 from generate_series(0, 400) as i`,
    `insert into category_names (id, category_id, is_first, name, actor, idempotency_key, request_id)
     select gen_random_uuid(), ${idSql(kinds.row, 'i % 400')}, is_first, 'name', ${ownerSql},
       'key' || i, 'r' from ${series}, (values (true), (false)) as v (is_first)`,
    actsSeed,
  ],
  booking: [
    `insert into offers (id, company_id, category_id, title, price, starts_at, ends_at, time_zone,
       resource, lat, lng, status, booking_id, created_by, idempotency_key, request_id)
     select ${idSql(kinds.row, 'i')}, ${offeredBySql}, ${idSql(kinds.other, 'i % 10')}, 'title', i + 1,
       ${startOfOffer}, ${startOfOffer} + interval '1 minute', 'UTC', 'chair', 52.5, 13.4,
       case when i % 3 = 0 then 'PAID' else 'OPEN' end, case when i % 3 = 0 then
       ${idSql(kinds.row, 'i')} end, ${ownerSql}, 'key' || i, 'r' from ${series}`,
    // Every other row says nothing of its offer, the others that it may have any words.
    `insert into offer_terms (term, starts_at, offer_id, price, lat, lng, marks)
     select term, ${startOfOffer}, ${idSql(kinds.row, 'i')}, case when i % 2 = 0 then i + 1 end,
       case when i % 2 = 0 then 52.5 end, case when i % 2 = 0 then 13.4 end,
       case when i % 2 = 0 then -1 end
     from ${series} cross join lateral (values ('all'), ('company:' || ${offeredBySql}),
       ('category:' || ${idSql(kinds.other, 'i % 10')}), ('word:haircut'), ('word:w' || i % 1000),
       ${cellsAt(middle)
         .map((cell) => `('${cell}')`)
         .join(', ')}) as v (term)`,
    // The rows that are due hold their offers or give them back, a third of the others is paid.
    `insert into bookings (id, refund_id, offer_id, user_id, company_id, title, price, starts_at,
       ends_at, time_zone, idempotency_key, status, decision, decided_at, reason, hold_until, email,
       request_id, due_at, timeline)
     select ${idSql(kinds.row, 'i')}, ${idSql(kinds.other, 'i')}, ${idSql(kinds.row, 'i')},
       ${ownerSql}, ${offeredBySql}, 'title', 1, ${startOfOffer}, ${startOfOffer}, 'UTC', 'key' || i,
       case when ${isDue} then 'PENDING' when i % 3 = 0 then 'PAID' else 'REFUSED' end,
       case when ${isDue} then null when i % 3 = 0 then 'PAID' else 'REFUSED' end,
       case when ${isDue} then null else now() end,
       case when ${isDue} or i % 3 = 0 then null else 'insufficient-funds' end, now(),
       'a@example.com', 'r', ${dueAt}, ${timeline} from ${series}`,
    `insert into booking_letters (id, booking_id, kind, user_id, email, company_id, decided_at, about,
       request_id, due_at, timeline)
     select ${idSql(kinds.row, 'i')}, ${idSql(kinds.row, 'i')}, 'PAID', ${ownerSql},
       'a@example.com', ${offeredBySql}, now(), '{}', 'r', ${dueAt}, ${timeline} from ${series}`,
    retriesSeed,
    actsSeed,
  ],
  notification: [
    // Every other letter is about a booking.
    `insert into letters (id, key, user_id, email, kind, order_id, booking_id, amount, subject, body)
     select ${idSql(kinds.row, 'i')}, ${idSql(kinds.other, 'i')} || ':ORDER_APPROVED', ${ownerSql},
       'a@example.com', 'ORDER_APPROVED', case when i % 2 = 1 then ${idSql(kinds.other, 'i')} end,
       case when i % 2 = 0 then ${idSql(kinds.other, 'i')} end, 1, 's', 'b' from ${series}`,
    actsSeed,
  ],
}

/** Under full load, so many callers share one statement. */
const callers = 64
/** Rows in all parts of the table. Every fifth belongs to the busy user. */
const places = Array.from({ length: callers }, (_, index) => 2 * dueRows + index * 341)

const anyKey = { kty: 'OKP', crv: 'Ed25519', x: 'x', d: 'd' }
const leaseMs = 6_000
const page = { limit: 20, cursor: idOf(kinds.row, size - 1_000) }

const due = async (
  rows: {
    claim: (maxRows: number) => Promise<unknown>
    postpone: (item: { id: string; delayMs: number; entry: typeof entry }) => Promise<unknown>
    settle: (item: { id: string; entry: typeof entry }) => Promise<unknown>
    backlog: () => Promise<unknown>
  },
  settled: (index: number) => string = (index) => idOf(kinds.row, index),
) => {
  await rows.claim(32)
  await rows.backlog()
  for (let index = 0; index < callers; index += 1) {
    const id = idOf(kinds.row, index)
    await rows.postpone({ id, delayMs: 500, entry })
    await rows.settle({ id: settled(index), entry })
  }
}

/** Writes down what operators ask for, and lists it in each way. */
const act = async ({ record, list }: Acts) => {
  const asked = { method: 'GET', route: '/orders', target: '/orders', requestId: 'r' }
  for (const place of places) {
    await record({ ...asked, operator: busyUser, subject: place % 2 === 0 ? ownerOf(place) : null })
  }
  for (const cursor of [undefined, page.cursor]) {
    await list({ limit: page.limit, cursor })
    await list({ limit: page.limit, cursor, operator: busyUser })
    await list({ limit: page.limit, cursor, subject: busyUser })
    await list({ limit: page.limit, cursor, operator: busyUser, subject: busyUser })
  }
}

/** What is owed, as far as a page of it may look, and rows that wait, are worked on or owe nothing. */
const owing = async ({ list, retry }: Owed<unknown>) => {
  const after = { at: '1970-01-01T00:00:00.000Z', id: idOf(kinds.row, 0) }
  await list({ after, limit: 100 })
  for (const place of [5, dueRows + 5, 3 * dueRows]) {
    const wanted = { operator: busyUser, owedId: idOf(kinds.row, place), requestId: 'r' }
    await retry({ ...wanted, idempotencyKey: 'key5' })
    await retry({ ...wanted, idempotencyKey: null })
  }
}

/** By an id, by a request id of the moment in which all rows were made, and by what is no id. */
const looking = async (search: (text: string) => Promise<unknown>) => {
  for (const what of [idOf(kinds.row, 5), idOf(kinds.other, 5), 'key5']) await search(what)
}

/** Counts an attempt against two limits, and gives it back. */
const guess = async ({ take, forget }: Throttle) => {
  const limits = ['subject5', 'subject'].map((subject) => ({ subject, maxAttempts: 10 }))
  await (await take(limits)).giveBack()
  await forget(32)
}

/** What the throttle finds, so that it has something to give back. */
const taken = {
  'take attempts': [
    { subject: 'subject5', takenUntil: new Date(0), waitMs: 1 },
    { subject: 'subject', takenUntil: new Date(0), waitMs: 1 },
  ],
}

const recordIdentity = async () => {
  const { database, watch, recording } = createRecorder(taken)
  const store = watch(createIdentityStore(database))
  const keys = watch(createKeyStore(database))
  const models = watch(createModelStore(database))
  const model = 'Session'
  const lifetimeMs = 600_000
  for (const place of places) {
    const session = { id: idOf(kinds.fresh, place), loginId: ownerOf(place) }
    const known = { id: idOf(kinds.user, place), username: `name${place}` }
    const fresh = { id: idOf(kinds.fresh, place), username: `newcomer${place}` }
    const person = { email: 'a@example.com', locale: 'en', passwordHash: 'hash' } as const
    await store.insertLogin({ ...(place % 2 === 0 ? known : fresh), ...person })
    await store.openSession({ ...session, secretHash: 'secret', lifetimeMs })
    const presented = place % 2 === 0 ? `secret${place}` : 'another'
    await store.refreshSession({ id: idOf(kinds.row, place), presented, next: 'next' })
    await store.endSession({ id: idOf(kinds.row, place + 1) })
    await store.keepSecret({ name: place % 2 === 0 ? `name${place}` : `new${place}`, value: 'v' })
    const id = place % 2 === 0 ? `id${place}` : `new${place}`
    await models.upsert({ model, id, payload: {}, uid: id, grantId: 'grant', lifetimeMs })
    await models.consume({ model, id: `id${place + 1}` })
    const grantId = place % 2 === 0 ? `grant${place}` : null
    await models.destroy({ model, id: grantId === null ? `id${place + 2}` : null, grantId })
  }
  await store.findByName('name5')
  await store.find(busyUser)
  await store.changeRole({ username: 'name5', role: 'operator', granted: true })
  // All sessions of a person are ended. This one has none.
  await store.changePassword({ username: `name${size - 1}`, passwordHash: 'another hash' })
  await store.forgetSessions(32)
  await keys.list()
  const times = { lifetimeMs: 1, leadMs: 0, graceMs: 1 }
  await keys.rotate({ kid: 'new', jwk: anyKey, forced: true, ...times })
  await keys.remove({ kid: null, nextKid: 'new', nextJwk: anyKey })
  await models.find(model, 'id5')
  await models.findByUid(model, 'uid5')
  await models.forget(32)
  await guess(watch(createThrottle(database, lifetimeMs)))
  await act(watch(createActs(database)))
  return recording()
}

/** A row without a pending decision: the tables refuse to settle a pending row. */
const notOwed = (index: number) => idOf(kinds.row, 2 * dueRows + index)

const recordUser = async () => {
  const { database, watch, recording } = createRecorder(taken)
  const store = watch(createUserStore(database, leaseMs))
  const nobody = { phone: null, firstName: null, lastName: null, requestId: 'r' }
  const secret = { passwordHash: 'hash', passwordSalt: 'salt', locale: 'en' as const }
  for (const place of places) {
    const username = place % 2 === 0 ? `name${place}` : `newcomer${place}`
    const idempotencyKey = `key${place * 2}`
    const email = `${username}@example.com`
    await store.insert({ ...nobody, ...secret, username, email, idempotencyKey })
    await store.findByKey(`key${place}`)
    await store.noteLogin({ id: idOf(kinds.row, place % dueRows), entry })
    await store.markOpen({ id: idOf(kinds.row, place % dueRows), entry })
  }
  await store.find(idOf(kinds.row, 5))
  await due(store.due, notOwed)
  await guess(watch(createThrottle(database, 3_600_000)))
  await looking(store.search)
  await owing(store.owed)
  await act(watch(createActs(database)))
  return recording()
}

const recordBilling = async () => {
  const { database, watch, recording } = createRecorder()
  const store = watch(createBillingStore(database, leaseMs))
  for (const place of places) {
    const userId = ownerOf(place)
    const requestId = 'r'
    await store.openAccount({ userId: idOf(kinds.fresh, place), email: 'a@example.com' })
    const sagaKey = `saga:${idOf(kinds.other, place)}`
    const common = { userId, amount: 1, requestId }
    await store.apply({ ...common, kind: 'WITHDRAW', key: `new${place}`, reference: null })
    await store.apply({ ...common, kind: 'WITHDRAW', key: sagaKey, reference: null })
    await store.apply({ ...common, kind: 'DEPOSIT', key: null, reference: null })
    await store.apply({ ...common, kind: 'REFUND', key: `back${place}`, reference: sagaKey })
  }
  await store.findAccount(busyUser)
  await store.listOperations({ userId: busyUser, limit: 20 })
  await store.listOperations({ userId: busyUser, limit: 20, cursor: String(size - 1_000) })
  await due(store.depositLetters)
  const books = watch(createBooksStore(database))
  const verdict = { startedAt: '2026-11-20T09:30:00Z', since: null, durationMs: 1, rows: 1 }
  await books.record({
    ...verdict,
    id: idOf(kinds.fresh, 1),
    violations: 0,
    byInvariant: {},
    first: [],
  })
  await books.latest()
  await looking(store.search)
  await owing(store.owed)
  await act(watch(createActs(database)))
  return recording()
}

const recordOrder = async () => {
  const { database, watch, recording } = createRecorder()
  const store = watch(createOrderStore(database, leaseMs))
  for (const place of places) {
    const userId = ownerOf(place)
    const requestId = 'r'
    const common = { userId, price: 1, description: null, requestId }
    await store.insertOrder({ ...common, idempotencyKey: `new${place}` })
    await store.insertOrder({ ...common, idempotencyKey: `key${place}` })
    await store.insertOrder({ ...common, idempotencyKey: null })
    const pending = idOf(kinds.row, place % dueRows)
    const decision = { id: pending, reason: null, entry }
    await store.forgetOrder(idOf(kinds.other, place))
    await store.decideOrder({ ...decision, status: 'APPROVED', email: 'a@example.com' })
    await store.decideChange({ ...decision, status: 'DONE' })
    // Owners, operators and strangers meet in one statement.
    const isOperator = place % 3 === 0
    const who = { actor: place % 3 === 1 ? ownerOf(2 * place) : idOf(kinds.fresh, 1), isOperator }
    const change = { ...who, orderId: idOf(kinds.row, 2 * place), requestId }
    const keys = { idempotencyKey: `new${place}`, actingKey: `${who.actor} new${place}` }
    await store.openChange({ ...change, ...keys, kind: 'REPRICE', toPrice: 3 })
    const cancelled = { ...change, orderId: idOf(kinds.row, 2 * place + 1) }
    const noKeys = { idempotencyKey: null, actingKey: null }
    await store.openChange({ ...cancelled, ...noKeys, kind: 'CANCEL', toPrice: null })
  }
  for (const viewer of [busyUser, null]) {
    await store.findOrder(idOf(kinds.row, 5), { viewer, limit: 100 })
    await store.findOrder(idOf(kinds.row, 5), { viewer, limit: 100, cursor: idOf(kinds.row, 5) })
    await store.listOrders({ viewer, limit: page.limit })
    await store.listOrders({ viewer, ...page })
    await store.listOrders({ viewer, userId: busyUser, ...page })
    await store.listOrders({ viewer, userId: ownerOf(1), ...page })
  }
  await due(store.dueOrders, notOwed)
  await due(store.dueChanges, notOwed)
  await looking(store.search)
  await owing(store.owed)
  await act(watch(createActs(database)))
  return recording()
}

const recordCompany = async () => {
  const { database, watch, recording } = createRecorder()
  const store = watch(createCompanyStore(database))
  const members = watch(createMemberStore(database))
  const categories = watch(createCategoryStore(database))
  const now = new Date().toISOString()
  const requestId = 'r'
  const named = { name: 'name', email: 'a@example.com', locale: 'en' } as const
  const { email, locale } = named
  const payload = { name: 'name' }
  for (const place of places) {
    const isNew = place % 2 === 0
    const idempotencyKey = `${isNew ? 'new' : 'key'}${place}`
    const actor = ownerOf(place)
    const mine = { actor, payload, idempotencyKey, requestId }
    await store.insert({ ...mine, memberName: 'name', email, locale })
    // ADMINs, operators and strangers meet in one statement.
    const isOperator = place % 3 === 0
    const who = { actor: place % 3 === 1 ? actor : idOf(kinds.fresh, 1), isOperator }
    const inCompany = { ...who, companyId: idOf(kinds.row, place) }
    await store.change({ ...inCompany, payload, idempotencyKey, requestId })
    const userId = idOf(kinds.fresh, place)
    const keys = { idempotencyKey, requestId }
    await members.addMember({ ...inCompany, ...keys, ...named, userId, role: 'MANAGER' })
    await members.removeMember({ ...inCompany, userId: idOf(kinds.other, place) })
    await members.findManagers({ companyId: inCompany.companyId, at: now })
    // A batch adds only one: two would have the same place. Two names of one never share one either.
    const isFirst = place === places[0]
    const key = { actor, requestId, idempotencyKey: isFirst ? 'new' : `key${place}` }
    await categories.insert({ ...key, name: 'name', parentId: idOf(kinds.row, 1) })
    const categoryId = idOf(kinds.row, place % 400)
    await categories.rename({ ...key, idempotencyKey, categoryId, name: 'name' })
  }
  await members.findManagers({ companyId: idOf(kinds.row, churning), at: now })
  const member = { actor: busyUser, isOperator: false, userId: idOf(kinds.fresh, 0) }
  await members.removeMember({ ...member, companyId: idOf(kinds.row, churning) })
  await members.removeMember({ ...member, companyId: idOf(kinds.row, returning), isOperator: true })
  await store.find(idOf(kinds.row, 5))
  await store.findByKey(busyUser, 'key5')
  for (const memberId of [undefined, busyUser]) {
    for (const withInactive of [true, false]) {
      await store.list({ memberId, withInactive, limit: page.limit })
      await store.list({ memberId, withInactive, ...page })
    }
  }
  for (const place of [1, churning, returning]) {
    const companyId = idOf(kinds.row, place)
    await members.findRole(companyId, ownerOf(place))
    await members.findMemberByKey(companyId, ownerOf(place), `key${place}`)
    await members.listMembers({ companyId, limit: page.limit })
    await members.listMembers({ companyId, ...page })
  }
  await categories.listCategories()
  await categories.findPath(idOf(kinds.row, 5))
  await looking(store.search)
  await act(watch(createActs(database)))
  return recording()
}

/** Each in each state, by who may and by who may not. */
const recordSaga = async (store: BookingStore) => {
  const about = { title: 't', amount: 1, startsAt: '2026-10-25T17:30:00.000Z', timeZone: 'UTC' }
  const letter = {
    letterId: idOf(kinds.fresh, 1),
    about: { ...about, cancelledBy: null, reason: null },
  }
  for (const place of places) {
    const requestId = 'r'
    const userId = ownerOf(place)
    const [known, fresh] = [`key${place}`, `new${place}`]
    const offerId = idOf(kinds.row, place)
    for (const idempotencyKey of [known, fresh, null]) {
      await store.reserveOffer({ offerId, userId, idempotencyKey, requestId })
    }
    const id = idOf(kinds.row, place % dueRows)
    const email = 'a@example.com'
    await store.decideBooking({ id, status: 'PAID', reason: null, email, ...letter, entry })
    await store.releaseBooking({ id, entry })
    await store.finishRefund({ id, email, ...letter, entry })
    const refundId = idOf(kinds.other, place % dueRows)
    const nextRefundId = idOf(kinds.fresh, place)
    await store.renewRefund({ id, refundId, nextRefundId, delayMs: 1, entry })
    const isOperator = place % 3 === 0
    const actor = place % 3 === 1 ? ownerOf(place) : idOf(kinds.fresh, 1)
    await store.cancelBooking({ id: idOf(kinds.row, place), actor, isOperator, reason: null })
    await store.completeBooking({ id: idOf(kinds.row, place + 1) })
    await store.withdrawOffer({ id: offerId, cancelledBy: 'COMPANY', reason: null })
  }
  for (const viewer of [busyUser, null]) {
    await store.findBooking(idOf(kinds.row, 5), viewer)
    await store.listBookings({ viewer, limit: page.limit })
    await store.listBookings({ viewer, ...page })
    await store.listBookings({ viewer, userId: busyUser, ...page })
    await store.listBookings({ viewer, userId: ownerOf(1), ...page })
  }
  await store.findOffersBooking(idOf(kinds.row, 6))
  await due(store.dueBookings, notOwed)
  await due(store.dueLetters)
  await looking(store.search)
  await owing(store.owed)
}

const recordBooking = async () => {
  const { database, watch, recording } = createRecorder()
  const settings = { leaseMs, holdMs: 15_000, cancelUntilMinutes: 60 }
  await recordSaga(watch(createBookingStore(database, settings)))
  const offers = watch(createOfferStore(database))
  const busyCompany = idOf(kinds.other, 0)
  for (const place of places) {
    const minutes = (count: number) => new Date(Date.now() + count * 60_000).toISOString()
    // One is new, one overlaps another, one repeats its key, and one has begun.
    const [resource, startsAt] = [place % 2 === 0 ? 'chair' : 'table', minutes(place + 60)]
    const common = { title: 'title', description: null, price: 1, timeZone: 'UTC', location: null }
    const ids = { companyId: busyCompany, categoryId: busyCompany, createdBy: ownerOf(place) }
    const offer = { ...common, ...ids, endsAt: minutes(place + 90), requestId: 'r' }
    const found = { terms: [`word:${place}`], marks: '1' }
    for (const idempotencyKey of [`new${place}`, `key${place}`, null]) {
      await offers.insert({ ...offer, startsAt, resource, ...found, idempotencyKey })
    }
    await offers.insert({
      ...offer,
      startsAt: minutes(-1),
      resource,
      ...found,
      idempotencyKey: null,
    })
  }
  await offers.find(idOf(kinds.row, 5))
  await offers.findByKey(busyUser, 'key5')
  const cursor = `${Date.now() + 600 * 60_000}_${idOf(kinds.row, 600)}`
  const [near, text] = [middle, 'haircut']
  const categoryId = idOf(kinds.other, 1)
  /** Much fits these: little is read of long lists. */
  const usual: Wanted[] = [
    {},
    { near },
    { near, withinKm: 1 },
    { text },
    { companyId: busyCompany },
    { companyId: busyCompany, text, near },
    { categoryId, text, from: new Date().toISOString() },
  ]
  /** Little or nothing fits these: all is read that a page may read, and no more. */
  const hard: Wanted[] = [
    { minPrice: 1_000_000 },
    { near, withinKm: 1, text: 'w7 w8', maxPrice: 5 },
    { text: 'haircut w7', status: 'CANCELLED' },
    { companyId: busyCompany, categoryId, text: 'w7' },
    { near, text: 'nothing' },
  ]
  for (const wanted of usual.flatMap((one) => [one, { ...one, cursor }])) {
    await offers.search(searchFor(wanted))
  }
  for (const wanted of hard) await offers.search(searchFor({ ...wanted, limit: 100 }))
  await act(watch(createActs(database)))
  return recording()
}

const recordNotification = async () => {
  const { database, watch, recording } = createRecorder()
  const store = watch(createNotificationStore(database))
  for (const place of places) {
    const about = idOf(kinds.other, place)
    const isBooking = place % 3 === 0
    const key = place % 2 === 0 ? `${about}:ORDER_APPROVED` : `${about}:new`
    await store.insert({
      key,
      userId: ownerOf(place),
      email: 'a@example.com',
      kind: isBooking ? 'BOOKING_PAID' : 'ORDER_APPROVED',
      orderId: isBooking ? null : about,
      bookingId: isBooking ? about : null,
      title: isBooking ? 't' : null,
      startsAt: isBooking ? '2026-10-25T17:30:00.000Z' : null,
      timeZone: isBooking ? 'UTC' : null,
      cancelledBy: null,
      because: null,
      amount: 1,
      subject: 's',
      body: 'b',
    })
  }
  const orderId = idOf(kinds.other, 5)
  const bookingId = idOf(kinds.other, 6)
  for (const viewer of [busyUser, null]) {
    await store.list({ viewer, limit: page.limit })
    await store.list({ viewer, ...page })
    await store.list({ viewer, userId: busyUser, ...page })
    await store.list({ viewer, userId: ownerOf(1), ...page })
    await store.list({ viewer, orderId, limit: page.limit })
    await store.list({ viewer, userId: busyUser, orderId, ...page })
    await store.list({ viewer, bookingId, limit: page.limit })
    await store.list({ viewer, userId: busyUser, bookingId, ...page })
  }
  await looking(store.search)
  await act(watch(createActs(database)))
  return recording()
}

const services = {
  identity: await recordIdentity(),
  user: await recordUser(),
  billing: await recordBilling(),
  order: await recordOrder(),
  company: await recordCompany(),
  booking: await recordBooking(),
  notification: await recordNotification(),
}

/**
 * These indexes hold only the changes that are open and the keys that serve: a handful of rows. Of
 * the generations only the last one is read.
 */
const small = ['order_changes_one_open', 'signing_keys_present', 'signing_keys_generation']
const isSmall = (what: string) => small.some((index) => what.endsWith(index))

/**
 * Postgres counts the rows of a table now and then, and plans by that count until the next. With fewer
 * rows than these it may read them all, which costs about as much as to look one up.
 */
const rowsOnTheWay = 40

const modes: readonly PlanMode[] = ['force_custom_plan', 'force_generic_plan']

/** Does not depend on the table's size. A batch of only repeats looks up each more than once. */
const rowsPerCaller = 20

/** Those in the platform serve the tables of many services: `claim orders` is of `claim.sql`. */
const files = globSync('src/{services,platform}/*/sql/*.sql', { cwd: projectRoot })

it.each(files)('%s is examined here', (file) => {
  const verb = basename(file, '.sql').replaceAll('-', ' ')
  const [, , owner] = file.split(sep)
  const names = Object.entries(services).flatMap(([service, { statements }]) =>
    statements.flatMap(({ name }) => (service === owner ? name : [name, name.replace(/ .*/, '')])),
  )
  expect(names).toContain(verb)
})

it.each(files)('%s names the columns of its rows: a newer version may add one', (file) => {
  const rows = readFileSync(join(projectRoot, file), 'utf8').split(/^\)$/m).at(-1)
  expect(rows).toMatch(/^(select|update|delete)/m)
  expect(rows).not.toMatch(/(?:\bselect|\breturning|,)\s+(?:\w+\.)?\*/)
})

/** Stores so many rows in each table of a service, and lets Postgres count them. */
const seed = async (admin: postgres.Sql, service: string, rows: number) => {
  await admin.begin(async (sql) => {
    // Without triggers: the rows are right, and to check each one takes as long as to write it.
    await sql`set local session_replication_role = replica`
    for (const text of seeds[service] ?? []) {
      await sql.unsafe(text.replace(series, `generate_series(0, ${rows - 1}) as i`))
    }
  })
  await admin.unsafe('vacuum (analyze)')
}

describe.each(Object.entries(services))('the statements of %s', (service, recorded) => {
  const { statements, unused } = recorded
  let atSize: postgres.Sql
  let brandNew: postgres.Sql
  beforeAll(async () => {
    const name = service as keyof typeof services
    brandNew = (await createTestDatabase(name)).asService
    const { asService, admin } = await createTestDatabase(name)
    atSize = asService
    await seed(admin, service, size)
  }, 120_000)

  const named = statements.map((statement, index) => [`${statement.name} (${index})`, statement])

  it('are all examined here', () => {
    expect(unused).toEqual([])
    expect(statements.filter(({ asked }) => asked === 0).map(({ name }) => name)).toEqual([])
    expect(statements.length).toBeGreaterThan(4)
  })

  it.each(named as [string, RecordedStatement][])(
    'read a bounded number of rows of large tables, by index: %s',
    async (_, statement) => {
      for (const mode of modes) {
        const plan = await explain(atSize, statement, { mode, analyze: true })
        expect(
          tablesReadWhole(plan).filter((what) => !isSmall(what)),
          mode,
        ).toEqual([])
        const most = mostRowsRead(plan)
        const mayRead = statement.mayRead ?? statement.asked * rowsPerCaller
        expect(most.rows, `${mode}: ${most.where}`).toBeLessThanOrEqual(mayRead)
      }
    },
  )

  it.each(named as [string, RecordedStatement][])(
    'are planned for large tables on the first day already: %s',
    async (_, statement) => {
      const plan = await explain(brandNew, statement, {
        mode: 'force_generic_plan',
        analyze: false,
      })
      expect(tablesReadWhole(plan).filter((what) => !isSmall(what))).toEqual([])
    },
  )

  it('are planned for large tables, too, while tables have a few rows', async () => {
    const { asService, admin } = await createTestDatabase(service as keyof typeof services)
    await seed(admin, service, rowsOnTheWay)
    for (const statement of statements) {
      const settings = { mode: 'force_generic_plan', analyze: false } as const
      const whole = tablesReadWhole(await explain(asService, statement, settings))
      expect(
        whole.filter((what) => !isSmall(what)),
        statement.name,
      ).toEqual([])
    }
  })

  it('name each column of their rows once, for the driver would keep the last one', async () => {
    for (const { name, text, parameters } of statements) {
      // Drizzle reads its rows by place.
      if (!text.includes('json_to_recordset')) continue
      const { columns } = await brandNew.unsafe(text, parameters as string[]).describe()
      const names = columns.map((column) => column.name)
      expect(names.length, name).toBe(new Set(names).size)
    }
  })

  const sagasOf = { user: 1, billing: 1, order: 2, booking: 2 } as Readonly<Record<string, number>>

  it('let recovery find its rows by the partial index of what is due', async () => {
    const claims = statements.filter(({ name }) => name.startsWith('claim '))
    for (const claim of claims) {
      const table = claim.name.slice('claim '.length)
      const plan = await explain(atSize, claim, { mode: 'force_generic_plan', analyze: true })
      expect(indexesUsed(plan)).toContain(`${table}_due`)
    }
    expect(claims.length).toBe(sagasOf[service] ?? 0)
  })

  it('let the metrics read the open rows and no other, by the same index alone', async () => {
    const reads = statements.filter(({ name }) => name.startsWith('backlog '))
    for (const read of reads) {
      const table = read.name.slice('backlog '.length)
      const plan = await explain(atSize, read, { mode: 'force_generic_plan', analyze: true })
      expect(indexesUsed(plan)).toEqual([`${table}_due`])
      expect(mostRowsRead(plan).rows).toBe(2 * dueRows)
    }
    expect(reads.length).toBe(sagasOf[service] ?? 0)
  })
})
