import { beforeAll, describe, expect, it, vi } from 'vitest'
import {
  createVisit,
  startBooking,
  storeOffer,
  type BookingSystem,
  type Visit,
} from '../../../test/lab/booking.ts'
import { expectSettled } from '../../../test/lab/booking-truth.ts'
import { createLanes } from '../../../test/lab/lanes.ts'
import { openAccount, patientBudgets, startBehind, type Behind } from '../../../test/lab/service.ts'
import type { Behaviour } from '../../../test/lab/upstream.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

/** Each decision is written about once, to the customer and to all who managed the company then. */
vi.setConfig({ testTimeout: 60_000 })

let behind: Behind
let system: BookingSystem
let visit: Visit
beforeAll(async () => {
  behind = await startBehind('order')
  system = await startBooking({ HOLD_MS: '600000' }, behind)
  visit = createVisit(system)
})

const scene = async ({ toStore = system, balance = 1_000 } = {}) => {
  const companyId = uuidv7()
  const [one, another] = [toStore.addManager(companyId), toStore.addManager(companyId)]
  const title = 'A swim'
  const offerId = await storeOffer(toStore.database, { companyId, price: 300, title })
  return { companyId, one, another, offerId, userId: await openAccount(behind.billing, balance) }
}

const mailOf = (userId: string) => `${userId}@example.com`
/** Two letters for managers and one for the customer, of these kinds. */
const three = (
  { one, another, userId }: Awaited<ReturnType<typeof scene>>,
  customer: string,
  manager: string,
) => [`${customer} ${mailOf(userId)}`, ...[one, another].map(({ email }) => `${manager} ${email}`)]

const textOf = async (bookingId: string, kind: string) => {
  const letter = (await visit.letters(bookingId)).find((each) => each.kind === kind)
  return `${letter?.subject}\n${letter?.body}`
}

describe('letters', () => {
  it('about a payment go to the customer and to each manager, once', async () => {
    const at = await scene()
    const { id } = (await visit.book(at.userId, at.offerId)).body
    await expectTold(at.offerId)
    expect(await visit.told(id)).toEqual(three(at, 'BOOKING_PAID', 'OFFER_BOOKED').toSorted())
    for (const kind of ['BOOKING_PAID', 'OFFER_BOOKED']) {
      const text = await textOf(id, kind)
      for (const part of ['A swim', id, 'Europe/Moscow']) expect(text).toContain(part)
    }
  })

  it('are with the customer before the answer, and with the managers right after it', async () => {
    const at = await scene()
    const { id } = (await visit.book(at.userId, at.offerId)).body
    expect(await visit.told(id)).toContain(`BOOKING_PAID ${mailOf(at.userId)}`)
    // Long before a lease is over: recovery has no part in it.
    await eventually(async () => expect(await visit.told(id)).toHaveLength(3), { withinMs: 1_500 })
  })

  it('about a refusal say why', async () => {
    const at = await scene({ balance: 10 })
    const { id } = (await visit.book(at.userId, at.offerId)).body.booking
    await expectTold(at.offerId)
    expect(await visit.told(id)).toEqual(three(at, 'BOOKING_REFUSED', 'OFFER_REFUSED').toSorted())
    expect(await textOf(id, 'BOOKING_REFUSED')).toMatch(/account does not hold|not enough|enough/i)
  })

  it.each([
    ['the customer', 'CUSTOMER'],
    ['an operator', 'OPERATOR'],
    ['the company', 'COMPANY'],
  ])('about a cancellation by %s say who it was, and why', async (_who, by) => {
    const at = await scene()
    const { id } = (await visit.book(at.userId, at.offerId)).body
    if (by === 'CUSTOMER') await visit.cancel(at.userId, id, 'swimsuit%20lost')
    if (by === 'OPERATOR') await visit.cancel('operator', id, 'swimsuit%20lost')
    if (by === 'COMPANY') await visit.withdraw(at.one.userId, at.offerId, 'swimsuit%20lost')
    await expectTold(at.offerId)
    expect(await visit.told(id)).toEqual(
      [
        ...three(at, 'BOOKING_PAID', 'OFFER_BOOKED'),
        ...three(at, 'BOOKING_CANCELLED', 'OFFER_CANCELLED'),
      ].toSorted(),
    )
    const rows = await system.database.sql`
      select about from booking_letters where booking_id = ${id} and kind = 'CANCELLED'`
    expect(rows).toMatchObject([{ about: { cancelledBy: by, reason: 'swimsuit lost' } }])
    const texts = [await textOf(id, 'BOOKING_CANCELLED'), await textOf(id, 'OFFER_CANCELLED')]
    for (const text of texts) expect(text).toContain('swimsuit lost')
  })

  it('go to a manager who is the customer twice, once in each part', async () => {
    const at = await scene()
    await behind.billing.api.post('/billing/accounts', {
      userId: at.one.userId,
      email: at.one.email,
    })
    await behind.billing.api.post(`/billing/accounts/${at.one.userId}/deposit`, { amount: 1_000 })
    const { id } = (await visit.book(at.one.userId, at.offerId)).body
    await expectTold(at.offerId)
    expect(await visit.told(id)).toEqual(
      [
        `BOOKING_PAID ${at.one.email}`,
        ...[at.one, at.another].map(({ email }) => `OFFER_BOOKED ${email}`),
      ].toSorted(),
    )
  })

  /** All letters are acknowledged, and noted so. */
  const expectTold = (offerId: string) =>
    eventually(async () => {
      const owed = await system.database.sql`
        select from booking_letters l join bookings b on b.id = l.booking_id
        where b.offer_id = ${offerId} and l.due_at is not null`
      expect(owed).toHaveLength(0)
    })
})

/** Billing has its time; nobody waits long for those that fail on purpose. */
const inLane = createLanes(() =>
  startBooking({ ...patientBudgets, CALL_TIMEOUT_MS: '2500', HOLD_MS: '600000' }, behind),
)

const away: [string, Behaviour][] = [
  ['is away', 'refuse'],
  ['hangs', 'hang'],
  ['answers 500', { status: 500 }],
  ['answers 200 with other JSON', { status: 200, body: '{}' }],
  ['loses its answers', 'drop-answer'],
]

describe.concurrent('while company', () => {
  it.each(
    away.map(([what, behaviour]): [string, Behaviour] => [
      what,
      behaviour === 'drop-answer' ? { status: 409, body: '{"answers":[]}' } : behaviour,
    ]),
  )(
    '%s, bookings are paid and answered in time; the managers of that moment are told later',
    (_what, behaviour) =>
      inLane(async (lane) => {
        const at = await scene({ toStore: lane })
        const visitor = createVisit(lane)
        lane.toCompany.behave(behaviour)
        const startedAtMs = performance.now()
        const { status, body } = await visitor.book(at.userId, at.offerId)
        expect(performance.now() - startedAtMs).toBeLessThan(10_000)
        expect([status, body.status]).toEqual([201, 'PAID'])
        // The customer's letter does not wait for company.
        expect(await visitor.told(body.id)).toEqual([`BOOKING_PAID ${mailOf(at.userId)}`])
        const [letters] = await lane.database.sql`
          select decided_at from booking_letters where booking_id = ${body.id}`
        await eventually(async () => expect(await stepsOf(lane, body.id)).toContain('managers'))
        // One has left when company is back, and one came too late.
        at.one.leave()
        lane.addManager(at.companyId, new Date(+letters?.['decided_at'] + 1))
        lane.mendCompany()
        await settledMaybeLate(lane, at.offerId)
        expect(await visitor.told(body.id)).toEqual(
          three(at, 'BOOKING_PAID', 'OFFER_BOOKED').toSorted(),
        )
      }),
  )

  it('is away, those of a refusal are told later as well', () =>
    inLane(async (lane) => {
      const at = await scene({ toStore: lane, balance: 10 })
      const visitor = createVisit(lane)
      lane.toCompany.behave('refuse')
      const { status, body } = await visitor.book(at.userId, at.offerId)
      expect(status).toBe(402)
      lane.mendCompany()
      await settledMaybeLate(lane, at.offerId)
      expect(await visitor.told(body.booking.id)).toEqual(
        three(at, 'BOOKING_REFUSED', 'OFFER_REFUSED').toSorted(),
      )
    }))

  it('thinks it over, the customer has the answer and the letter long before', async () => {
    const slow = await startBooking(
      { LETTER_BUDGET_MS: '8000', CALL_TIMEOUT_MS: '5000', LEASE_MS: '20000' },
      behind,
    )
    const at = await scene({ toStore: slow })
    const visitor = createVisit(slow)
    slow.toCompany.behave('hang')
    const startedAtMs = performance.now()
    const { status, body } = await visitor.book(at.userId, at.offerId)
    // Company is given four seconds.
    expect(performance.now() - startedAtMs).toBeLessThan(3_000)
    expect(status).toBe(201)
    expect(await visitor.told(body.id)).toEqual([`BOOKING_PAID ${mailOf(at.userId)}`])
  })

  /** What was tried without an answer, or noted as done, about the letters of a booking. */
  const stepsOf = async (lane: BookingSystem, bookingId: string): Promise<string[]> => {
    const [row] = await lane.database.sql`
      select timeline from booking_letters where booking_id = ${bookingId}`
    return row?.['timeline'].map(({ step }: { step: string }) => step) ?? []
  }

  /** With two managers, letters are not those of one: only that nothing is owed. */
  const settledMaybeLate = (lane: BookingSystem, offerId: string) =>
    eventually(
      async () => {
        const owed = await lane.database.sql`
          select from booking_letters l join bookings b on b.id = l.booking_id
          where b.offer_id = ${offerId} and l.due_at is not null`
        expect(owed).toHaveLength(0)
      },
      { withinMs: 30_000 },
    )
})

describe.concurrent('while notification', () => {
  it('does not acknowledge the letters to managers, they stay due', () =>
    inLane(async (lane) => {
      const companyId = uuidv7()
      const { email } = lane.addManager(companyId)
      const offerId = await storeOffer(lane.database, { companyId, price: 300 })
      const visitor = createVisit(lane)
      lane.toNotification.behave('drop-answer')
      // Nobody knows where to write to somebody without an account: only managers are told.
      const { body } = await visitor.book(uuidv7(), offerId)
      const owed = () => lane.database.sql`
        select from booking_letters where booking_id = ${body.booking.id} and due_at is not null
          and timeline @> '[{"step": "letters", "outcome": "unknown"}]'`
      await eventually(async () => expect(await owed()).toHaveLength(1))
      lane.toNotification.behave('forward')
      await eventually(async () => expect(await owed()).toHaveLength(0), { withinMs: 30_000 })
      expect(await visitor.told(body.booking.id)).toEqual([`OFFER_REFUSED ${email}`])
    }))

  it.each(away)('%s, bookings are answered as usual, and each letter comes once', (_what, how) =>
    inLane(async (lane) => {
      const companyId = uuidv7()
      lane.addManager(companyId)
      const offerId = await storeOffer(lane.database, { companyId, price: 300 })
      const userId = await openAccount(behind.billing, 1_000)
      const visitor = createVisit(lane)
      lane.toNotification.behave(how)
      const { status, body } = await visitor.book(userId, offerId)
      expect([status, body.status]).toEqual([201, 'PAID'])
      const cancelled = await visitor.cancel(userId, body.id)
      expect([cancelled.status, cancelled.body.status]).toEqual([200, 'CANCELLED'])
      lane.toNotification.behave('forward')
      await expectSettled(lane, visitor, offerId, { withinMs: 30_000 })
    }),
  )
})
