import { beforeAll, describe, expect, it } from 'vitest'
import { uuidv7 } from '../../src/platform/base/ids.ts'
import type { Found } from '../../src/platform/database/search.ts'
import { createBillingStore } from '../../src/services/billing/store.ts'
import { createBookingStore } from '../../src/services/booking/store.ts'
import { createCompanyStore } from '../../src/services/company/store.ts'
import { createNotificationStore } from '../../src/services/notification/store.ts'
import { createUserStore } from '../../src/services/user/store.ts'
import type { Owed } from '../../src/platform/base/owed.ts'
import { createTestDatabase, type TestDatabase } from '../lab/database.ts'
import { openTestDatabase, type ServiceWithDatabase } from '../lab/service.ts'

/**
 * What an operator knows of something leads to it at each service, and what each of them owes is
 * listed and tried again. Orders have a test of their own, with the whole way there and back.
 */
const leaseMs = 60_000
const [userId, other] = [uuidv7(), uuidv7()]
const ids = { booking: uuidv7(), offer: uuidv7(), letters: uuidv7(), operation: uuidv7() }
const requests = { booking: uuidv7(), offer: uuidv7(), user: uuidv7(), operation: uuidv7() }
const letter = { id: uuidv7(), key: `${ids.booking}:BOOKING_PAID` }
const companyId = uuidv7()

const waiting = JSON.stringify([{ step: 'letter', attempt: 1, outcome: 'unknown', ms: 1 }])

const open = async <Store>(
  service: ServiceWithDatabase,
  create: (database: ReturnType<typeof openTestDatabase>) => Store,
) => {
  const database = await createTestDatabase(service)
  return { database, store: create(openTestDatabase(service, database.url)) }
}

interface Opened {
  readonly database: TestDatabase
  readonly store: {
    readonly search: (text: string) => Promise<Found[]>
    readonly owed?: Owed<unknown>
  }
}

const services = {} as Record<string, Opened>
beforeAll(async () => {
  const settings = { leaseMs, holdMs: 5_000, cancelUntilMinutes: 60 }
  services['booking'] = await open('booking', (one) => createBookingStore(one, settings))
  services['user'] = await open('user', (one) => createUserStore(one, leaseMs))
  services['billing'] = await open('billing', (one) => createBillingStore(one, leaseMs))
  services['company'] = await open('company', createCompanyStore)
  services['notification'] = await open('notification', createNotificationStore)
  const run = (service: string, text: string) =>
    services[service]!.database.admin.unsafe(
      `set session_replication_role = replica; ${text}; reset session_replication_role`,
    ).simple()
  const times = `now(), now() + interval '1 hour', 'UTC'`
  const due = `now() + interval '1 hour'`
  await run(
    'booking',
    `insert into offers (id, company_id, category_id, title, price, starts_at, ends_at, time_zone,
       created_by, idempotency_key, request_id, status, booking_id)
     values ('${ids.offer}', '${other}', '${other}', 'Sauna', 5, ${times}, '${other}', 'offer key',
       '${requests.offer}', 'RESERVED', '${ids.booking}');
     insert into bookings (id, refund_id, offer_id, user_id, company_id, title, price, starts_at,
       ends_at, time_zone, idempotency_key, hold_until, request_id, due_at, timeline)
     values ('${ids.booking}', '${other}', '${ids.offer}', '${userId}', '${other}', 'Sauna', 5,
       ${times}, 'booking key', now(), '${requests.booking}', ${due}, '${waiting}');
     insert into booking_letters (id, booking_id, kind, user_id, company_id, decided_at, about,
       request_id, due_at, timeline)
     values ('${ids.letters}', '${ids.booking}', 'PAID', '${userId}', '${other}', now(), '{}', 'r',
       ${due}, '${waiting}')`,
  )
  await run(
    'user',
    `insert into users (id, username, email, idempotency_key, request_id, account, due_at, timeline)
     values ('${userId}', 'Masha', 'Masha@example.com', 'masha key', '${requests.user}', 'PENDING',
       ${due}, '${waiting}')`,
  )
  await run(
    'billing',
    `insert into accounts (user_id, email) values ('${userId}', 'masha@example.com');
     insert into operations (id, user_id, seq, key, kind, amount, effect, status, balance_after,
       request_id)
     values ('${ids.operation}', '${userId}', 1, 'saga:${ids.booking}', 'DEPOSIT', 5, 5, 'DONE', 5,
       '${requests.operation}');
     insert into deposit_letters (id, user_id, email, amount, due_at, timeline)
     values ('${ids.operation}', '${userId}', 'masha@example.com', 5, ${due}, '${waiting}')`,
  )
  await run(
    'company',
    `insert into companies (id, name, active) values ('${companyId}', 'A', true)`,
  )
  await run(
    'notification',
    `insert into letters (id, key, user_id, email, kind, booking_id, amount, subject, body)
     values ('${letter.id}', '${letter.key}', '${userId}', 'masha@example.com', 'BOOKING_PAID',
       '${ids.booking}', 5, 's', 'b')`,
  )
})

const booking = { kind: 'booking', id: ids.booking, userId }
const offer = { kind: 'offer', id: ids.offer, userId: other }
const user = { kind: 'user', id: userId, userId }
const operation = { kind: 'operation', id: ids.operation, userId }

describe('the search', () => {
  it.each<[service: string, by: string, what: string, found: Found]>([
    ['booking', 'the id of a booking', ids.booking, booking],
    ['booking', 'the key of a booking', 'booking key', booking],
    ['booking', 'the request of a booking', requests.booking, booking],
    ['booking', 'the id of an offer', ids.offer, offer],
    ['booking', 'the key of an offer', 'offer key', offer],
    ['booking', 'the request of an offer', requests.offer, offer],
    ['booking', 'letters', ids.letters, { kind: 'booking-letter', id: ids.letters, userId }],
    ['user', 'an id', userId.toUpperCase(), user],
    ['user', 'a name', 'mASHA', user],
    ['user', 'an address', 'masha@EXAMPLE.com', user],
    ['user', 'a key', 'masha key', user],
    ['user', 'a request', requests.user, user],
    ['billing', 'a user', userId, { kind: 'account', id: userId, userId }],
    ['billing', 'the id of an operation', ids.operation, operation],
    ['billing', 'the key of an operation', `saga:${ids.booking}`, operation],
    ['billing', 'what an operation pays', ids.booking, operation],
    ['billing', 'a request', requests.operation, operation],
    ['company', 'an id', companyId, { kind: 'company', id: companyId, userId: null }],
    ['notification', 'an id', letter.id, { kind: 'letter', id: letter.id, userId }],
    ['notification', 'a key', letter.key, { kind: 'letter', id: letter.id, userId }],
    ['notification', 'a booking', ids.booking, { kind: 'letter', id: letter.id, userId }],
  ])('at %s finds by %s', async (service, _by, what, found) => {
    expect(await services[service]?.store.search(what)).toEqual([found])
    expect(await services[service]?.store.search(uuidv7())).toEqual([])
  })
})

describe('what is owed', () => {
  const after = { at: '1970-01-01T00:00:00.000Z', id: '00000000-0000-0000-0000-000000000000' }
  const wanted = { operator: other, idempotencyKey: null, requestId: 'r' }

  it.each([
    ['booking', 'booking', ids.booking, ids.booking, 'PENDING'],
    ['booking', 'booking-letter', ids.letters, ids.booking, 'PAID'],
    ['user', 'user', userId, userId, 'PENDING'],
    ['billing', 'deposit-letter', ids.operation, ids.operation, 'DONE'],
  ])('at %s shows a %s, and lets it be tried at once', async (service, kind, id, about, state) => {
    const owed = services[service]?.store.owed
    if (owed === undefined) throw new Error(`${service} owes nothing`)
    const list = () => owed.list({ after, limit: 10 })
    const { items, isAll } = await list()
    expect(isAll).toBe(true)
    const found = items.find((item) => item.id === id)
    expect(found).toMatchObject({ kind, about, userId, state, isAtWork: false })
    const retried = await owed.retry({ ...wanted, owedId: id })
    expect(retried).toMatchObject({ outcome: 'noted', owedId: id })
    const now = (await list()).items.find((item) => item.id === id)
    expect(now?.dueAt.getTime()).toBeLessThanOrEqual(Date.now() + 1_000)
  })
})
