import { createBookingStore, type BookingStore } from '../../src/services/booking/store.ts'
import type { BookingStatus } from '../../src/services/booking/states.ts'
import { uuidv7 } from '../../src/platform/base/ids.ts'
import type { TestDatabase } from './database.ts'
import { openTestDatabase } from './service.ts'
import { eventually } from './wait.ts'

/** Offers and bookings in each state, and statements of two replicas that meet at one of them. */

export const leaseMs = 60_000
export const entry = {
  at: '2026-01-01T00:00:00.000Z',
  step: 's',
  attempt: 1,
  outcome: 'done',
  ms: 1,
}
export const about = {
  title: 'An hour',
  amount: 100,
  startsAt: '2027-01-01T00:00:00.000Z',
  timeZone: 'UTC',
  cancelledBy: null,
  reason: null,
}

export const openBookingStore = (url: string, holdMs = 60_000): BookingStore =>
  createBookingStore(openTestDatabase('booking', url), { leaseMs, holdMs, cancelUntilMinutes: 60 })

/** An offer, and its booking if it has one. */
export interface Scene {
  readonly offerId: string
  readonly bookingId: string
  readonly refundId: string
  /** The customer of that booking, and the key of it. */
  readonly userId: string
  readonly key: string
}

export interface Staged {
  /** No booking: the offer is OPEN. */
  readonly status?: BookingStatus
  /** The hold is over. */
  readonly isLate?: boolean
  /** Its time is over. */
  readonly isOver?: boolean
}

const offerStatusOf = {
  PENDING: 'RESERVED',
  RELEASING: 'RESERVED',
  PAID: 'PAID',
  CANCELLING: 'PAID',
  COMPLETED: 'COMPLETED',
  REFUSED: 'OPEN',
  RELEASED: 'OPEN',
  CANCELLED: 'OPEN',
} as const satisfies Record<BookingStatus, string>

const decisionOf = (status: BookingStatus) => {
  if (status === 'PENDING' || status === 'RELEASING') return null
  return status === 'REFUSED' || status === 'RELEASED' ? status : 'PAID'
}

const reasonOf = (status: BookingStatus) => {
  if (status === 'REFUSED') return 'insufficient-funds'
  return status === 'RELEASING' || status === 'RELEASED' ? 'hold-over' : null
}

/** Stores an offer and its booking as they would be in that state, with everything that a state needs. */
export const stage = async (
  { sql }: Pick<TestDatabase, 'sql'>,
  { status, isLate = false, isOver = false }: Staged = {},
): Promise<Scene> => {
  const [offerId, bookingId, refundId] = [uuidv7(), uuidv7(), uuidv7()]
  const [userId, key] = [uuidv7(), uuidv7()]
  const startsIn = isOver ? '-2 hours' : '2 days'
  const offer = status === undefined ? 'OPEN' : offerStatusOf[status]
  const decision = status === undefined ? null : decisionOf(status)
  const isCancelled = status === 'CANCELLING' || status === 'CANCELLED'
  const isOwing = status === 'PENDING' || status === 'RELEASING' || status === 'CANCELLING'
  await sql`
    insert into offers (id, company_id, category_id, title, price, starts_at, ends_at, time_zone,
      created_by, request_id, status, booking_id)
    select ${offerId}, ${uuidv7()}, ${uuidv7()}, 'An hour', 100, now() + ${startsIn}::interval,
      now() + ${startsIn}::interval + interval '1 hour', 'UTC', ${uuidv7()}, 'r', ${offer},
      ${offer === 'OPEN' ? null : bookingId}`
  if (status === undefined) return { offerId, bookingId, refundId, userId, key }
  await sql`
    insert into bookings (id, refund_id, offer_id, user_id, company_id, title, price, starts_at,
      ends_at, time_zone, idempotency_key, status, decision, decided_at, reason, hold_until,
      cancelled_at, cancelled_by, completed_at, request_id, due_at, email)
    select ${bookingId}, ${refundId}, id, ${userId}, company_id, title, price, starts_at, ends_at,
      time_zone, ${key}, ${status}, ${decision}::text,
      case when ${decision}::text is not null then now() end, ${reasonOf(status)},
      now() + ${isLate ? '-1 second' : '1 hour'}::interval,
      case when ${isCancelled} then now() end, ${isCancelled ? 'CUSTOMER' : null},
      case when ${status} = 'COMPLETED' then now() end, 'r',
      case when ${isOwing} then now() + interval '1 hour' end, 'a@example.com'
    from offers where id = ${offerId}`
  return { offerId, bookingId, refundId, userId, key }
}

/**
 * Runs statements one after the other, but each begins before the first has ended: the row of an
 * offer is held until all of them wait for it. So each has a snapshot in which nothing has happened
 * yet, and finds at the lock what those before it did.
 */
export const meetAt = async (
  database: TestDatabase,
  offerId: string,
  starts: readonly (() => Promise<unknown>)[],
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<unknown[]> => {
  const connection = await database.sql.reserve()
  const results: Promise<unknown>[] = []
  try {
    await connection`begin`
    await connection`select from offers where id = ${offerId} for update`
    let settled = 0
    for (const [index, start] of starts.entries()) {
      const result = start().finally(() => (settled += 1))
      results.push(result)
      // Its failure is seen when all are awaited.
      result.catch(() => {})
      await eventually(
        async () => {
          const [row] = await database.admin`
            select count(*)::int as waiting from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`
          if (row?.['waiting'] + settled < index + 1) throw new Error('it does not wait yet')
        },
        { everyMs: 2 },
      )
    }
    await meanwhile()
  } finally {
    await connection`commit`
    connection.release()
  }
  return Promise.all(results)
}

/** Time goes by: nobody may change when something was, but a superuser who switches the guards off. */
export const withoutGuards = ({ admin }: Pick<TestDatabase, 'admin'>, text: string) =>
  admin
    .unsafe(`set session_replication_role = replica; ${text}; reset session_replication_role`)
    .simple()
