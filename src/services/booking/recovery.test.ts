import { beforeAll, describe, expect, it, vi } from 'vitest'
import {
  createVisit,
  startBooking,
  storeOffer,
  type BookingSystem,
} from '../../../test/lab/booking.ts'
import { withoutGuards } from '../../../test/lab/booking-scenes.ts'
import { expectSettled } from '../../../test/lab/booking-truth.ts'
import { createLanes } from '../../../test/lab/lanes.ts'
import { metricIn } from '../../../test/lab/metrics.ts'
import { openAccount, sharedBudgets, startBehind, type Behind } from '../../../test/lab/service.ts'
import type { Behaviour } from '../../../test/lab/upstream.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

/** Whatever is away, lost or too late, in the end each booking is wholly paid or wholly not. */
vi.setConfig({ testTimeout: 60_000 })

let behind: Behind
beforeAll(async () => {
  behind = await startBehind('order')
})

/** A system for one test, with a company, its manager, an offer of it and a customer. */
const prepare = async (system: BookingSystem) => {
  system.toBilling.behave('forward')
  system.toNotification.behave('forward')
  system.mendCompany()
  const visit = createVisit(system)
  const companyId = uuidv7()
  const manager = system.addManager(companyId)
  // An earlier test may have opened a circuit. It closes with the next call that is answered.
  const another = await openAccount(system.billing, 1_000)
  const first = await storeOffer(system.database, { companyId })
  await eventually(async () => {
    const { status } = await visit.book(another, first, 'first')
    if (status !== 201) throw new Error(`a booking was answered ${status}`)
  })
  await expectSettled(system, visit, first)
  const offerId = await storeOffer(system.database, { companyId, price: 300 })
  const userId = await openAccount(system.billing, 1_000)
  return {
    system,
    visit,
    companyId,
    manager,
    offerId,
    userId,
    settled: () => expectSettled(system, visit, offerId),
    endHold: (id: string) =>
      withoutGuards(
        system.database,
        `update bookings set hold_until = now(), due_at = now() where id = '${id}'`,
      ),
    becomes: (id: string, status: string) =>
      eventually(async () => expect(await visit.bookingNow(id)).toMatchObject({ status })),
  }
}

/** Holds that ended for this reason, and the bookings that were released after it. */
const ended = ({ booking: { metrics } }: BookingSystem, reason: string) =>
  Promise.all([
    metricIn(metrics, 'booking_holds_ended_total', { reason }).then((count) => count ?? NaN),
    metricIn(metrics, 'saga_decisions_total', { state: 'RELEASED', reason }).then(
      (count) => count ?? NaN,
    ),
  ])

type Test = (lane: Awaited<ReturnType<typeof prepare>>) => Promise<void>
const inTurn = createLanes(() => startBooking({ ...sharedBudgets, HOLD_MS: '600000' }, behind))
const inLane = (test: Test) => inTurn(async (system) => test(await prepare(system)))

const noAnswers: [string, Behaviour][] = [
  ['cuts the connection', 'refuse'],
  ['does the work and the answer is lost', 'drop-answer'],
  ['does not answer in time', 'hang'],
  ['answers 200 with other JSON', { status: 200, body: '{"ok":true}' }],
]

describe.concurrent('when billing', () => {
  it.each(noAnswers)('%s, the booking stays undecided, then is paid once', (_what, behaviour) =>
    inLane(async ({ system, visit, offerId, userId, becomes, settled }) => {
      system.toBilling.behave(behaviour)
      const booked = await visit.book(userId, offerId, 'k')
      expect([booked.status, booked.body.status]).toEqual([202, 'PENDING'])
      expect(booked.headers['location']).toBe(`/bookings/${booked.body.id}`)
      expect(booked.headers['retry-after']).toBe('1')
      expect((await visit.book(userId, offerId, 'k')).text).toBe(booked.text)
      expect(await visit.offerNow(offerId)).toMatchObject({ status: 'RESERVED' })
      system.toBilling.behave('forward')
      await becomes(booked.body.id, 'PAID')
      await settled()
      expect(await visit.movementsOf(userId)).toEqual(['DEPOSIT 1000', 'WITHDRAW 300'])
      expect((await visit.book(userId, offerId, 'k')).status).toBe(201)
    }),
  )

  it.each(noAnswers)(
    '%s until the hold ends, the offer opens only when the money is back for sure',
    (_what, behaviour) =>
      inLane(async ({ system, visit, offerId, userId, endHold, becomes, settled }) => {
        const before = await ended(system, 'hold-over')
        system.toBilling.behave(behaviour)
        const booked = await visit.book(userId, offerId, 'k')
        expect([booked.status, booked.body.status]).toEqual([202, 'PENDING'])
        await endHold(booked.body.id)
        await becomes(booked.body.id, 'RELEASING')
        const other = await openAccount(system.billing, 1_000)
        const refused = await visit.book(other, offerId)
        expect([refused.status, refused.body.code]).toEqual([409, 'offer-taken'])
        expect(await visit.offerNow(offerId)).toMatchObject({ status: 'RESERVED' })
        system.toBilling.behave('forward')
        await becomes(booked.body.id, 'RELEASED')
        // The row is changed a moment before it is counted.
        await eventually(async () =>
          expect(await ended(system, 'hold-over')).toEqual(before.map((count) => count + 1)),
        )
        expect((await settled()).offer).toBe('OPEN')
        expect(await visit.balanceOf(userId)).toBe(1_000)
        const again = await visit.book(userId, offerId, 'k')
        expect([again.status, again.body.code]).toEqual([409, 'booking-released'])
        expect((await visit.book(other, offerId)).status).toBe(201)
      }),
  )

  it.each(noAnswers)(
    '%s while a booking is cancelled, the money is back once, and then the offer is open',
    (_what, behaviour) =>
      inLane(async ({ system, visit, offerId, userId, settled }) => {
        const { id } = (await visit.book(userId, offerId)).body
        system.toBilling.behave(behaviour)
        const cancelled = await visit.cancel(userId, id, 'ill')
        expect([cancelled.status, cancelled.body.status]).toEqual([202, 'CANCELLING'])
        expect(await visit.offerNow(offerId)).toEqual({ status: 'PAID', bookingId: id })
        system.toBilling.behave('forward')
        const done = await eventually(async () => {
          const answer = await visit.cancel(userId, id, 'another reason')
          expect(answer.status).toBe(200)
          return answer
        })
        expect(done.body).toMatchObject({ status: 'CANCELLED', cancelReason: 'ill' })
        expect((await settled()).offer).toBe('OPEN')
        const movements = ['DEPOSIT 1000', 'WITHDRAW 300', 'REFUND 300']
        expect(await visit.movementsOf(userId)).toEqual(movements)
      }),
  )

  it('takes the money after the company has withdrawn the offer, it is refunded in full, once', () =>
    inLane(async ({ system, visit, offerId, userId, manager, settled }) => {
      const before = await ended(system, 'offer-withdrawn')
      system.toBilling.behave(async (_request, pass) => {
        system.toBilling.behave('forward')
        const answer = await pass()
        const { status } = await visit.withdraw(manager.userId, offerId, 'flood')
        expect(status).toBe(200)
        return answer
      })
      const { status, body } = await visit.book(userId, offerId)
      expect([status, body.code]).toEqual([409, 'booking-released'])
      expect(body.booking).toMatchObject({ status: 'RELEASED', reason: 'offer-withdrawn' })
      expect(await ended(system, 'offer-withdrawn')).toEqual(before.map((count) => count + 1))
      expect((await settled()).offer).toBe('CANCELLED')
      const movements = ['DEPOSIT 1000', 'WITHDRAW 300', 'REFUND 300']
      expect(await visit.movementsOf(userId)).toEqual(movements)
    }))

  it('hears of the payment only when it has noted that it never takes it, nothing is taken', () =>
    inLane(async ({ system, visit, offerId, userId, manager, settled }) => {
      system.toBilling.behave(async (_request, pass) => {
        system.toBilling.behave('forward')
        const { status } = await visit.withdraw(manager.userId, offerId)
        expect(status).toBe(200)
        return pass()
      })
      const { status, body } = await visit.book(userId, offerId)
      expect([status, body.code]).toEqual([409, 'booking-released'])
      await settled()
      expect(await visit.movementsOf(userId)).toEqual(['DEPOSIT 1000'])
    }))

  it('has no room for a refund, it is tried under new keys until it goes through, once', () =>
    inLane(async ({ system, visit, offerId, userId, settled }) => {
      const { id } = (await visit.book(userId, offerId)).body
      const account = `/billing/accounts/${userId}`
      const most = 9_007_199_254_740_991
      await system.billing.api.post(`${account}/deposit`, { amount: most - 700 - 100 })
      const before = await visit.bookingNow(id)
      const cancelled = await visit.cancel(userId, id)
      expect([cancelled.status, cancelled.body.status]).toEqual([202, 'CANCELLING'])
      await eventually(async () => {
        const { timeline, refund_id: key } = (await visit.bookingNow(id)) as Record<
          string,
          { outcome: string }[]
        >
        expect(timeline!.filter(({ outcome }) => outcome === 'refused').length).toBeGreaterThan(1)
        expect(key).not.toBe(before?.['refund_id'])
      })
      expect(await visit.balanceOf(userId)).toBe(most - 100)
      await system.billing.api.post(`${account}/withdraw`, { amount: 1_000 })
      expect((await settled()).offer).toBe('OPEN')
      expect(await visit.balanceOf(userId)).toBe(most - 100 - 1_000 + 300)
    }))
})

describe.concurrent('who has no account', () => {
  /** The same request once more, as a network may deliver it late. */
  const deliverAgain = async (system: BookingSystem, part: string) => {
    const late = system.toBilling.seen.filter(({ body }) => body.includes(part))
    expect(late.length).toBeGreaterThan(0)
    for (const { path, body } of late) {
      await system.billing.api.post(path, JSON.parse(body), { as: { service: 'booking' } })
    }
  }
  const openLate = async (system: BookingSystem, userId: string) => {
    await system.billing.api.post('/billing/accounts', { userId, email: `${userId}@example.com` })
    await system.billing.api.post(`/billing/accounts/${userId}/deposit`, { amount: 1_000 })
  }

  it('is told so for ever, and a late copy of the payment finds no account that is opened since', () =>
    inLane(async ({ system, visit, offerId, settled }) => {
      const userId = uuidv7()
      const { status, body } = await visit.book(userId, offerId, 'k')
      expect([status, body.code]).toEqual([404, 'account-not-found'])
      expect(body.booking).toMatchObject({ status: 'REFUSED', reason: 'account-not-found' })
      expect((await settled()).offer).toBe('OPEN')
      await openLate(system, userId)
      await deliverAgain(system, userId)
      expect(await visit.balanceOf(userId)).toBe(1_000)
      expect((await visit.book(userId, offerId, 'k')).body).toEqual(body)
      expect((await visit.book(userId, offerId, 'another')).status).toBe(201)
    }))

  it('loses the hold while billing is away, and is not charged later either', () =>
    inLane(async ({ system, visit, offerId, manager, settled, endHold, becomes }) => {
      const userId = uuidv7()
      system.toBilling.behave('refuse')
      const booked = await visit.book(userId, offerId, 'k')
      await endHold(booked.body.id)
      await becomes(booked.body.id, 'RELEASING')
      system.toBilling.behave('forward')
      await becomes(booked.body.id, 'RELEASED')
      expect((await settled()).offer).toBe('OPEN')
      // Nobody knows where to write to the customer.
      expect(await visit.told(booked.body.id)).toEqual([`OFFER_RELEASED ${manager.email}`])
      await openLate(system, userId)
      await deliverAgain(system, userId)
      expect(await visit.balanceOf(userId)).toBe(1_000)
    }))

  it('opens one between the refund and the last look: what was taken goes back under another key', () =>
    inLane(async ({ system, visit, offerId, settled, endHold, becomes }) => {
      const userId = uuidv7()
      system.toBilling.behave('refuse')
      const booked = await visit.book(userId, offerId, 'k')
      await endHold(booked.body.id)
      await becomes(booked.body.id, 'RELEASING')
      system.toBilling.behave(async ({ path }, pass) => {
        const answer = await pass()
        if (path.endsWith('/refund')) {
          system.toBilling.behave('forward')
          await openLate(system, userId)
        }
        return answer
      })
      await becomes(booked.body.id, 'RELEASED')
      expect((await settled()).offer).toBe('OPEN')
      const movements = ['DEPOSIT 1000', 'WITHDRAW 300', 'REFUND 300']
      expect(await visit.movementsOf(userId)).toEqual(movements)
    }))
})
