import { beforeAll, describe, expect, it } from 'vitest'
import { startBooking, storeOffer, type BookingSystem } from '../../../test/lab/booking.ts'
import { openAccount } from '../../../test/lab/service.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

let system: BookingSystem
beforeAll(async () => {
  system = await startBooking({ HOLD_MS: '5000' })
})

const book = (userId: string, offerId: string, key?: string) =>
  system.booking.api.post('/bookings', { offerId }, { as: userId, key })
const offerNow = async (id: string) => {
  const [row] = await system.database
    .sql`select status, booking_id as "bookingId" from offers where id = ${id}`
  return row
}
const balanceOf = async (userId: string) =>
  (await system.billing.api.get(`/billing/accounts/${userId}`)).body.balance
const lettersAbout = async (bookingId: string): Promise<string[]> => {
  const path = `/notifications?bookingId=${bookingId}`
  const { body } = await system.notification.api.get(path, { as: 'operator' })
  return body.items.map(({ kind, email }: { kind: string; email: string }) => `${kind} ${email}`)
}

describe('an offer that is booked', () => {
  it('is paid once, is nobody else’s, and everybody concerned gets a letter', async () => {
    const companyId = uuidv7()
    const manager = system.addManager(companyId)
    const offerId = await storeOffer(system.database, { companyId, price: 300 })
    const userId = await openAccount(system.billing, 1_000)
    const { status, body, headers } = await book(userId, offerId, 'k1')
    expect(status).toBe(201)
    expect(body).toMatchObject({ offerId, userId, status: 'PAID', price: 300, reason: null })
    expect(headers['location']).toBe(`/bookings/${body.id}`)
    expect(await offerNow(offerId)).toEqual({ status: 'PAID', bookingId: body.id })
    expect(await balanceOf(userId)).toBe(700)
    const toCustomer = `BOOKING_PAID ${userId}@example.com`
    expect(await lettersAbout(body.id)).toContain(toCustomer)
    // Managers are told when the customer has the answer.
    await eventually(async () =>
      expect((await lettersAbout(body.id)).toSorted()).toEqual(
        [toCustomer, `OFFER_BOOKED ${manager.email}`].toSorted(),
      ),
    )

    const again = await book(userId, offerId, 'k1')
    expect(again.status).toBe(201)
    expect(again.body).toEqual(body)
    expect(again.headers['idempotency-replayed']).toBe('true')
    const other = await openAccount(system.billing, 1_000)
    const late = await book(other, offerId)
    expect([late.status, late.body.code]).toEqual([409, 'offer-taken'])
    expect(await balanceOf(other)).toBe(1_000)
    expect(await system.database.sql`select from bookings where user_id = ${other}`).toEqual([])
  })

  it('is open again when billing refuses, and the refusal stays', async () => {
    const offerId = await storeOffer(system.database, { price: 300 })
    const poor = await openAccount(system.billing, 10)
    const { status, body } = await book(poor, offerId, 'k')
    expect([status, body.code]).toEqual([402, 'insufficient-funds'])
    expect(body.booking).toMatchObject({ status: 'REFUSED', reason: 'insufficient-funds' })
    expect(await offerNow(offerId)).toEqual({ status: 'OPEN', bookingId: null })
    const rich = await openAccount(system.billing, 1_000)
    expect((await book(rich, offerId)).status).toBe(201)
    expect((await book(poor, offerId, 'k')).body).toEqual(body)
  })

  it('gives the money back once when the customer cancels, and opens again', async () => {
    const offerId = await storeOffer(system.database, { price: 300 })
    const userId = await openAccount(system.billing, 1_000)
    const { id } = (await book(userId, offerId)).body
    const cancel = () => system.booking.api.delete(`/bookings/${id}?reason=ill`, { as: userId })
    const { status, body } = await cancel()
    expect(status).toBe(200)
    expect(body).toMatchObject({
      status: 'CANCELLED',
      cancelledBy: 'CUSTOMER',
      cancelReason: 'ill',
    })
    expect(await balanceOf(userId)).toBe(1_000)
    expect(await offerNow(offerId)).toEqual({ status: 'OPEN', bookingId: null })
    expect((await cancel()).body).toEqual(body)
    expect(await balanceOf(userId)).toBe(1_000)
  })

  it('is given back by the hold when billing is away, and only after billing has said so', async () => {
    const offerId = await storeOffer(system.database, { price: 300 })
    const userId = await openAccount(system.billing, 1_000)
    system.toBilling.behave('drop-answer')
    const { status, body, headers } = await book(userId, offerId, 'lost')
    expect([status, body.status]).toEqual([202, 'PENDING'])
    expect(headers['retry-after']).toBe('1')
    await eventually(
      async () => {
        const now = (await system.booking.api.get(`/bookings/${body.id}`, { as: userId })).body
        expect(now.status).toBe('RELEASING')
      },
      { withinMs: 10_000 },
    )
    expect(await offerNow(offerId)).toMatchObject({ status: 'RESERVED' })
    system.toBilling.behave('forward')
    await eventually(async () =>
      expect(await offerNow(offerId)).toEqual({ status: 'OPEN', bookingId: null }),
    )
    expect(await balanceOf(userId)).toBe(1_000)
    const again = await book(userId, offerId, 'lost')
    expect([again.status, again.body.code]).toEqual([409, 'booking-released'])
  })

  it('is withdrawn by a manager, and the customer has the money back', async () => {
    const companyId = uuidv7()
    const manager = system.addManager(companyId)
    const offerId = await storeOffer(system.database, { companyId, price: 300 })
    const userId = await openAccount(system.billing, 1_000)
    const { id } = (await book(userId, offerId)).body
    const stranger = await system.booking.api.delete(`/offers/${offerId}`, { as: userId })
    expect([stranger.status, stranger.body.code]).toEqual([403, 'forbidden'])
    const { status, body } = await system.booking.api.delete(`/offers/${offerId}?reason=flood`, {
      as: manager.userId,
    })
    expect([status, body.status, body.cancelledBy]).toEqual([200, 'CANCELLED', 'COMPANY'])
    expect(await balanceOf(userId)).toBe(1_000)
    const now = (await system.booking.api.get(`/bookings/${id}`, { as: userId })).body
    expect(now).toMatchObject({
      status: 'CANCELLED',
      cancelledBy: 'COMPANY',
      cancelReason: 'flood',
    })
    const seen = await system.booking.api.get(`/offers/${offerId}/booking`, { as: manager.userId })
    expect(seen.body.id).toBe(id)
  })
})
