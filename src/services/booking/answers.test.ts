import { beforeAll, describe, expect, it } from 'vitest'
import {
  createVisit,
  startBooking,
  storeOffer,
  type BookingSystem,
  type OfferToStore,
  type Visit,
} from '../../../test/lab/booking.ts'
import { withoutGuards } from '../../../test/lab/booking-scenes.ts'
import { expectSettled } from '../../../test/lab/booking-truth.ts'
import { openAccount } from '../../../test/lab/service.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

/** Each request is told the same for ever, whatever became of the booking since. */
let system: BookingSystem
let visit: Visit
let companyId: string
let manager: string
beforeAll(async () => {
  system = await startBooking()
  visit = createVisit(system)
  companyId = uuidv7()
  manager = system.addManager(companyId).userId
})

const hourMs = 3_600_000
const offer = (wanted: OfferToStore = {}) =>
  storeOffer(system.database, { companyId, price: 300, ...wanted })
const customer = (balance = 1_000) => openAccount(system.billing, balance)
const told = ({ status, body }: { status: number; body: { code?: string } }) => [status, body.code]

const passTime = async (offerId: string, startsAt: string, endsAt: string) => {
  for (const [table, column] of [
    ['offers', 'id'],
    ['bookings', 'offer_id'],
  ]) {
    await withoutGuards(
      system.database,
      `update ${table} set starts_at = now() + interval '${startsAt}',
        ends_at = now() + interval '${endsAt}' where ${column} = '${offerId}'`,
    )
  }
}

describe('a repeat with the same key', () => {
  it('of a booking that was paid is told so, also when it was cancelled and sold again since', async () => {
    const [offerId, userId, other] = [await offer(), await customer(), await customer()]
    const first = await visit.book(userId, offerId, 'k')
    expect(first.status).toBe(201)
    await visit.cancel(userId, first.body.id)
    expect((await visit.book(other, offerId)).status).toBe(201)
    const again = await visit.book(userId, offerId, 'k')
    expect([again.status, again.text]).toEqual([201, first.text])
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(await visit.balanceOf(userId)).toBe(1_000)
  })

  it('of a booking that was refused is refused, also when there is money now', async () => {
    const [offerId, userId] = [await offer(), await customer(10)]
    const first = await visit.book(userId, offerId, 'k')
    expect(told(first)).toEqual([402, 'insufficient-funds'])
    await system.billing.api.post(`/billing/accounts/${userId}/deposit`, { amount: 5_000 })
    const again = await visit.book(userId, offerId, 'k')
    expect([again.status, again.body]).toEqual([402, first.body])
    expect(await visit.balanceOf(userId)).toBe(5_010)
    expect((await visit.book(userId, offerId, 'another')).status).toBe(201)
  })

  it('for another offer is 422, and changes nothing', async () => {
    const [one, another, userId] = [await offer(), await offer(), await customer()]
    await visit.book(userId, one, 'k')
    expect(told(await visit.book(userId, another, 'k'))).toEqual([422, 'idempotency-key-reused'])
    expect(await visit.offerNow(another)).toEqual({ status: 'OPEN', bookingId: null })
    expect(await visit.balanceOf(userId)).toBe(700)
  })

  it('of somebody else is another key', async () => {
    const [one, another] = [await offer(), await offer()]
    const [userId, other] = [await customer(), await customer()]
    const first = await visit.book(userId, one, 'k')
    const theirs = await visit.book(other, another, 'k')
    expect([first.status, theirs.status]).toEqual([201, 201])
    expect(theirs.body.id).not.toBe(first.body.id)
  })

  it('of what was not kept asks again: somebody else had it then, and not any more', async () => {
    const [offerId, userId, other] = [await offer(), await customer(), await customer()]
    const { id } = (await visit.book(other, offerId)).body
    expect(told(await visit.book(userId, offerId, 'k'))).toEqual([409, 'offer-taken'])
    await visit.cancel(other, id)
    expect((await visit.book(userId, offerId, 'k')).status).toBe(201)
  })
})

describe('what cannot be booked', () => {
  it.each<[string, () => Promise<string>, number, string]>([
    ['an offer that is none', async () => uuidv7(), 404, 'offer-not-found'],
    ['one that has begun', () => offer({ startsInMs: -1_000 }), 409, 'offer-closed'],
    ['one that is over', () => offer({ startsInMs: -2 * hourMs }), 409, 'offer-closed'],
    [
      'one that was withdrawn',
      async () => {
        const offerId = await offer()
        await visit.withdraw(manager, offerId)
        return offerId
      },
      409,
      'offer-closed',
    ],
    [
      'one that took place',
      async () => {
        const [offerId, other] = [await offer(), await customer()]
        const { id } = (await visit.book(other, offerId)).body
        await passTime(offerId, '-2 hours', '-1 hour')
        await visit.complete(manager, id)
        return offerId
      },
      409,
      'offer-closed',
    ],
  ])('is %s: nothing is kept, and nothing is taken', async (_what, make, status, code) => {
    const [offerId, userId] = [await make(), await customer()]
    expect(told(await visit.book(userId, offerId, 'k'))).toEqual([status, code])
    expect(await visit.bookingsOf(userId)).toEqual([])
    expect(await visit.movementsOf(userId)).toEqual(['DEPOSIT 1000'])
  })
})

describe('a cancellation', () => {
  it('is told the same again, with by whom and why it was first', async () => {
    const [offerId, userId] = [await offer(), await customer()]
    const { id } = (await visit.book(userId, offerId)).body
    const first = await visit.cancel(userId, id, 'ill')
    expect(first.status).toBe(200)
    for (const who of [userId, 'operator']) {
      const again = await visit.cancel(who, id, 'other')
      expect([again.status, again.text]).toEqual([200, first.text])
      expect(again.headers['idempotency-replayed']).toBe('true')
    }
    expect(await visit.movementsOf(userId)).toHaveLength(3)
  })

  it('by the customer is too late an hour before, and an operator may still', async () => {
    const [offerId, userId] = [await offer({ startsInMs: hourMs + 60_000 }), await customer()]
    const early = (await visit.book(userId, offerId)).body.id
    expect((await visit.cancel(userId, early)).status).toBe(200)
    const { id } = (await visit.book(userId, offerId)).body
    await passTime(offerId, '59 minutes', '2 hours')
    expect(told(await visit.cancel(userId, id))).toEqual([409, 'too-late-to-cancel'])
    expect(await visit.bookingNow(id)).toMatchObject({ status: 'PAID' })
    const { status, body } = await visit.cancel('operator', id)
    expect([status, body.cancelledBy]).toEqual([200, 'OPERATOR'])
    expect(await visit.balanceOf(userId)).toBe(1_000)
  })

  it('of what was refused, released or took place is none', async () => {
    const [offerId, userId] = [await offer(), await customer(10)]
    const refused = (await visit.book(userId, offerId)).body.booking.id
    expect(told(await visit.cancel(userId, refused))).toEqual([409, 'booking-not-paid'])
    const rich = await customer()
    const { id } = (await visit.book(rich, offerId)).body
    await passTime(offerId, '-2 hours', '-1 hour')
    await visit.complete(manager, id)
    expect(told(await visit.cancel('operator', id))).toEqual([409, 'booking-not-paid'])
    expect(await visit.balanceOf(rich)).toBe(700)
  })
})

describe('a booking that took place', () => {
  it('is completed by a manager when its time is over, and not a moment earlier', async () => {
    const [offerId, userId] = [await offer(), await customer()]
    const { id } = (await visit.book(userId, offerId)).body
    await passTime(offerId, '-1 hour', '5 seconds')
    expect(told(await visit.complete(manager, id))).toEqual([409, 'booking-not-over'])
    await passTime(offerId, '-1 hour', '-1 second')
    const first = await visit.complete(manager, id)
    expect([first.status, first.body.status]).toEqual([200, 'COMPLETED'])
    const again = await visit.complete(manager, id)
    expect([again.status, again.text]).toEqual([200, first.text])
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(told(await visit.withdraw(manager, offerId))).toEqual([409, 'offer-closed'])
    expect((await expectSettled(system, visit, offerId)).offer).toBe('COMPLETED')
  })

  it('is none that was refused or cancelled', async () => {
    const [offerId, userId] = [await offer(), await customer(10)]
    const refused = (await visit.book(userId, offerId)).body.booking.id
    expect(told(await visit.complete(manager, refused))).toEqual([409, 'booking-not-paid'])
  })
})

describe('an offer that is withdrawn', () => {
  it('is told the same again, and nobody has the money twice', async () => {
    const [offerId, userId] = [await offer(), await customer()]
    await visit.book(userId, offerId)
    const first = await visit.withdraw(manager, offerId, 'flood')
    expect([first.status, first.body.cancelReason]).toEqual([200, 'flood'])
    const again = await visit.withdraw('operator', offerId, 'other')
    expect([again.status, again.text]).toEqual([200, first.text])
    expect(await visit.movementsOf(userId)).toEqual(['DEPOSIT 1000', 'WITHDRAW 300', 'REFUND 300'])
    expect((await expectSettled(system, visit, offerId)).offer).toBe('CANCELLED')
  })

  it('is none that does not exist', async () => {
    expect(told(await visit.withdraw(manager, uuidv7()))).toEqual([404, 'offer-not-found'])
  })
})

describe('who is not concerned', () => {
  it('learns nothing of a booking: it is as if there were none', async () => {
    const [offerId, userId, stranger] = [await offer(), await customer(), await customer()]
    const { id } = (await visit.book(userId, offerId, 'k')).body
    const asks = (bookingId: string, ofOffer: string) => [
      () => system.booking.api.get(`/bookings/${bookingId}`, { as: stranger }),
      () => visit.cancel(stranger, bookingId),
      () => visit.complete(stranger, bookingId),
      // The customer themself is no manager.
      () => visit.complete(userId, bookingId),
      () => system.booking.api.get(`/offers/${ofOffer}/booking`, { as: stranger }),
      () => system.booking.api.get(`/offers/${ofOffer}/booking`, { as: userId }),
    ]
    const [none, noOffer] = [uuidv7(), uuidv7()]
    const ofNone = asks(none, noOffer)
    for (const [index, ask] of asks(id, offerId).entries()) {
      const [real, missing] = [await ask(), await ofNone[index]!()]
      expect(told(real)).toEqual([404, 'booking-not-found'])
      expect(real.body.detail).toBe(missing.body.detail.replace(none, id).replace(noOffer, offerId))
      expect(missing.status).toBe(404)
    }
    const list = await system.booking.api.get(`/bookings?userId=${userId}`, { as: stranger })
    expect(list.body.items).toEqual([])
    expect(told(await visit.withdraw(stranger, offerId))).toEqual([403, 'forbidden'])
    expect(await visit.bookingNow(id)).toMatchObject({ status: 'PAID' })
  })

  it('was a manager until a moment ago, and is none any more', async () => {
    const [offerId, userId] = [await offer(), await customer()]
    const former = system.addManager(companyId)
    const { id } = (await visit.book(userId, offerId)).body
    const path = `/offers/${offerId}/booking`
    expect((await system.booking.api.get(path, { as: former.userId })).body.id).toBe(id)
    former.leave()
    expect(told(await system.booking.api.get(path, { as: former.userId }))).toEqual([
      404,
      'booking-not-found',
    ])
    expect(told(await visit.withdraw(former.userId, offerId))).toEqual([403, 'forbidden'])
  })

  it('is nobody whom company does not know now: nothing is done', async () => {
    const [offerId, userId] = [await offer(), await customer()]
    const { id } = (await visit.book(userId, offerId)).body
    system.toCompany.behave({ status: 503 })
    for (const answer of [
      await visit.withdraw(manager, offerId),
      await visit.complete(manager, id),
      await visit.complete(manager, uuidv7()),
    ]) {
      expect(told(answer)).toEqual([503, 'unavailable'])
      expect(answer.headers['retry-after']).toBe('1')
    }
    // An operator needs nobody’s word.
    expect((await visit.withdraw('operator', offerId)).body.cancelledBy).toBe('OPERATOR')
    system.mendCompany()
  })

  it('may be an operator, and that is written down', async () => {
    const [offerId, userId] = [await offer(), await customer()]
    const { id } = (await visit.book(userId, offerId)).body
    expect((await visit.cancel('operator', id)).status).toBe(200)
    const { body } = await system.booking.api.get('/acts/booking?limit=100', { as: 'operator' })
    expect(body.items).toContainEqual(
      expect.objectContaining({ method: 'DELETE', route: '/bookings/{bookingId}' }),
    )
  })
})
