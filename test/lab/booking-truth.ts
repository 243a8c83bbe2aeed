import { expect } from 'vitest'
import type { BookingSystem, Visit } from './booking.ts'
import { eventually } from './wait.ts'

/** What must be true of every offer once nothing of it is owed any more. */

const holderOf: Readonly<Record<string, readonly (string | null)[]>> = {
  OPEN: [null],
  PAID: ['PAID'],
  COMPLETED: ['COMPLETED'],
  CANCELLED: [null, 'RELEASED', 'CANCELLED'],
}

/** Each decision owes one letter to the customer, and one to each manager. */
const lettersOf: Readonly<Record<string, readonly string[]>> = {
  PAID: ['BOOKING_PAID', 'OFFER_BOOKED'],
  COMPLETED: ['BOOKING_PAID', 'OFFER_BOOKED'],
  REFUSED: ['BOOKING_REFUSED', 'OFFER_REFUSED'],
  RELEASED: ['BOOKING_RELEASED', 'OFFER_RELEASED'],
  CANCELLED: ['BOOKING_CANCELLED', 'BOOKING_PAID', 'OFFER_BOOKED', 'OFFER_CANCELLED'],
}

/** Waits until an offer is at rest, and looks at it, its bookings, their money and their letters. */
export const expectSettled = async (
  { database, billingDatabase }: BookingSystem,
  visit: Pick<Visit, 'letters'>,
  offerId: string,
  { withinMs = 20_000 } = {},
) => {
  const { sql } = database
  await eventually(
    async () => {
      const owed = await sql`
        select b.status, l.kind, l.timeline from bookings b left join booking_letters l on l.booking_id = b.id
        where b.offer_id = ${offerId} and (b.due_at is not null or l.due_at is not null)`
      expect(owed.map((row) => JSON.stringify(row))).toEqual([])
    },
    { withinMs },
  )
  const [offer] = await sql`
    select o.status, b.status as holder from offers o left join bookings b on b.id = o.booking_id
    where o.id = ${offerId}`
  expect(holderOf[offer?.['status']]).toContain(offer?.['holder'])
  const found = await sql`select * from bookings where offer_id = ${offerId} order by id`
  const has = found.filter(({ status }) => status === 'PAID' || status === 'COMPLETED')
  expect(has.length).toBe(['PAID', 'COMPLETED'].includes(offer?.['status']) ? 1 : 0)
  for (const booking of found) {
    const { id, refund_id: refundId, price } = booking as Record<string, string>
    // Its withdrawal, and whatever gave money back for it.
    const [money] = await billingDatabase.sql`
      select coalesce(-sum(effect), 0)::bigint as kept from operations
      where key = ${`saga:${id}`} or reference = ${`saga:${id}`}`
    expect({ id, refundId, kept: Number(money?.['kept']) }).toEqual({
      id,
      refundId,
      kept: has.includes(booking) ? Number(price) : 0,
    })
    const kinds = (await visit.letters(id!)).map(({ kind }) => kind).toSorted()
    const isWritten = booking['email'] !== null
    const expected = lettersOf[booking['status']]?.filter(
      (kind) => isWritten || kind.startsWith('OFFER'),
    )
    expect({ id, kinds }).toEqual({ id, kinds: expected })
  }
  return { offer: offer?.['status'] as string, bookings: found }
}
