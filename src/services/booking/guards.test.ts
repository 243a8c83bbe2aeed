import { beforeAll, describe, expect, it } from 'vitest'
import { stage } from '../../../test/lab/booking-scenes.ts'
import { createTestDatabase, type TestDatabase } from '../../../test/lab/database.ts'
import { outcomeOf, waysBetween } from '../../../test/lab/edges.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { bookingEdges, bookingStatuses, offerEdges, offerStatuses } from './states.ts'

/** Tries what a bug or a person with psql could do with the role that owns the tables. */
let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase('booking')
})

const statusIn = async (table: 'offers' | 'bookings', id: string) => {
  const [row] = await database.sql`select status from ${database.sql(table)} where id = ${id}`
  return row?.['status']
}

/** Brings the columns along that a state needs, so that only the edge itself can be the fault. */
const setBooking = (id: string, to: string) => {
  const isCancelled = to === 'CANCELLING' || to === 'CANCELLED'
  const isOwing = ['PENDING', 'RELEASING', 'CANCELLING'].includes(to)
  const decision = ['REFUSED', 'RELEASED'].includes(to) ? to : 'PAID'
  const isUndecided = to === 'PENDING' || to === 'RELEASING'
  return database.sql`
    update bookings set status = ${to}, decision = ${isUndecided ? null : decision},
      decided_at = case when ${isUndecided} then null else coalesce(decided_at, now()) end,
      reason = ${['REFUSED', 'RELEASING', 'RELEASED'].includes(to) ? 'hold-over' : null},
      cancelled_at = case when ${isCancelled} then coalesce(cancelled_at, now()) end,
      cancelled_by = ${isCancelled ? 'CUSTOMER' : null},
      completed_at = case when ${to} = 'COMPLETED' then now() end,
      due_at = case when ${isOwing} then now() + interval '1 hour' end
    where id = ${id}`
}

const bookingOfOffer = {
  OPEN: undefined,
  RESERVED: 'PENDING',
  PAID: 'PAID',
  COMPLETED: 'COMPLETED',
} as const

const insertOffer = async (status: string): Promise<string> => {
  const known = status === 'CANCELLED' ? 'OPEN' : (status as keyof typeof bookingOfOffer)
  const booking = bookingOfOffer[known]
  const { offerId } = await stage(database, booking === undefined ? {} : { status: booking })
  if (status === 'CANCELLED') await setOffer(offerId, status)
  return offerId
}

const setOffer = (id: string, to: string) => database.sql`
  update offers set status = ${to},
    booking_id = case when ${to} = 'OPEN' then null else coalesce(booking_id,
      case when ${to} in ('RESERVED', 'PAID', 'COMPLETED') then ${uuidv7()}::uuid end) end,
    cancelled_at = case when ${to} = 'CANCELLED' then now() end,
    cancelled_by = ${to === 'CANCELLED' ? 'COMPANY' : null}
  where id = ${id}`

describe('the database itself, asked with the role that owns the tables', () => {
  it.each(waysBetween(offerStatuses, offerEdges))(
    'knows whether an offer may go from %s to %s: %s',
    async (from, to, isEdge) => {
      const id = await insertOffer(from)
      const outcome = await outcomeOf(setOffer(id, to))
      expect(outcome).toMatch(isEdge ? /^done$/ : /cannot become|forbidden/)
      expect(await statusIn('offers', id)).toBe(isEdge ? to : from)
    },
  )

  it.each(waysBetween(bookingStatuses, bookingEdges))(
    'knows whether a booking may go from %s to %s: %s',
    async (from, to, isEdge) => {
      const { bookingId } = await stage(database, { status: from })
      const outcome = await outcomeOf(setBooking(bookingId, to))
      expect(outcome).toMatch(isEdge ? /^done$/ : /cannot become|forbidden/)
      expect(await statusIn('bookings', bookingId)).toBe(isEdge ? to : from)
    },
  )

  it.each([
    ['company', 'company_id = gen_random_uuid()'],
    ['category', 'category_id = gen_random_uuid()'],
    ['title', `title = 'other'`],
    ['description', `description = 'other'`],
    ['price', 'price = 1'],
    ['start', `starts_at = starts_at - interval '1 minute'`],
    ['end', `ends_at = ends_at + interval '1 minute'`],
    ['time zone', `time_zone = 'Asia/Tokyo'`],
    ['resource', `resource = 'other'`],
    ['place', 'lat = 1, lng = 1'],
    ['creator', 'created_by = gen_random_uuid()'],
    ['key', `idempotency_key = 'other'`],
    ['time of creation', `created_at = now() + interval '1 day'`],
    ['booking', 'booking_id = gen_random_uuid()'],
  ])('refuses to change the %s of an offer', async (_what, set) => {
    const { offerId } = await stage(database, { status: 'PAID' })
    const attempt = database.sql.unsafe(`update offers set ${set} where id = $1`, [offerId])
    await expect(attempt).rejects.toThrow(/forbidden/)
  })

  it.each([
    ['by whom', `cancelled_by = 'OPERATOR'`],
    ['why', `cancel_reason = 'other'`],
    ['when', `cancelled_at = now() + interval '1 day'`],
    ['for which booking', 'booking_id = gen_random_uuid()'],
  ])('refuses to change %s an offer was withdrawn', async (_what, set) => {
    const id = await insertOffer('CANCELLED')
    const attempt = database.sql.unsafe(`update offers set ${set} where id = $1`, [id])
    await expect(attempt).rejects.toThrow(/forbidden/)
  })

  it.each([
    ['offer', 'offer_id = gen_random_uuid()'],
    ['customer', 'user_id = gen_random_uuid()'],
    ['company', 'company_id = gen_random_uuid()'],
    ['title', `title = 'other'`],
    ['price', 'price = 1'],
    ['start', `starts_at = starts_at - interval '1 minute'`],
    ['end', `ends_at = ends_at + interval '1 minute'`],
    ['time zone', `time_zone = 'Asia/Tokyo'`],
    ['key', `idempotency_key = 'other'`],
    ['hold', `hold_until = now() + interval '1 day'`],
    ['time of creation', `created_at = now() + interval '1 day'`],
    ['request id', `request_id = 'other'`],
    ['decision', `decision = 'REFUSED'`],
    ['time of decision', `decided_at = now() + interval '1 day'`],
    ['canceller', `cancelled_by = 'COMPANY'`],
    ['reason of the cancellation', `cancel_reason = 'other'`],
    ['time of the cancellation', `cancelled_at = now() + interval '1 day'`],
    ['key of the refund', 'refund_id = gen_random_uuid()'],
  ])('refuses to change the %s of a cancelled booking', async (_what, set) => {
    const { bookingId } = await stage(database, { status: 'CANCELLED' })
    const attempt = database.sql.unsafe(`update bookings set ${set} where id = $1`, [bookingId])
    await expect(attempt).rejects.toThrow(/forbidden/)
  })

  it.each([
    ['REFUSED', `reason = 'account-not-found'`, /forbidden/],
    ['RELEASING', `reason = 'offer-withdrawn'`, /forbidden/],
    ['COMPLETED', `completed_at = now() + interval '1 day'`, /forbidden/],
    ['PAID', 'refund_id = gen_random_uuid()', /forbidden/],
    ['PENDING', `decision = 'PAID', decided_at = now()`, /bookings_decision/],
    ['PENDING', `status = 'PAID', due_at = null`, /bookings_decision/],
    [
      'PENDING',
      `status = 'PAID', decision = 'REFUSED', decided_at = now(), due_at = null`,
      /bookings_decision/,
    ],
    ['PENDING', `status = 'PAID', decision = 'PAID', due_at = null`, /bookings_decision/],
    ['PENDING', `status = 'RELEASING'`, /bookings_reason/],
    ['PENDING', `status = 'RELEASING', reason = 'x'`, /bookings_known_reason/],
    ['PAID', `status = 'CANCELLING', due_at = now()`, /bookings_cancelled/],
    ['PAID', `status = 'COMPLETED'`, /bookings_completed/],
    ['PENDING', 'due_at = null', /bookings_owing_due/],
    ['RELEASING', 'due_at = null', /bookings_owing_due/],
    ['CANCELLING', 'due_at = null', /bookings_owing_due/],
    ['PAID', 'due_at = now()', /bookings_owing_due/],
  ] as const)('refuses of a %s booking: %s', async (status, set, why) => {
    const { bookingId } = await stage(database, { status })
    const attempt = database.sql.unsafe(`update bookings set ${set} where id = $1`, [bookingId])
    await expect(attempt).rejects.toThrow(why)
  })

  it.each([
    ['RESERVED', 'booking_id = null', /forbidden/],
    ['OPEN', 'booking_id = gen_random_uuid()', /forbidden/],
    ['OPEN', `status = 'RESERVED'`, /offers_held/],
    ['PAID', `status = 'OPEN'`, /offers_free/],
    ['OPEN', `status = 'CANCELLED'`, /offers_cancelled/],
    ['OPEN', `cancelled_at = now(), cancelled_by = 'COMPANY'`, /offers_cancelled/],
  ])('refuses of an offer that is %s: %s', async (status, set, why) => {
    const id = await insertOffer(status)
    const attempt = database.sql.unsafe(`update offers set ${set} where id = $1`, [id])
    await expect(attempt).rejects.toThrow(why)
  })
})
