import { beforeAll, describe, expect, it, vi } from 'vitest'
import {
  createVisit,
  startBooking,
  type BookingSystem,
  type Visit,
} from '../../../test/lab/booking.ts'
import {
  about,
  entry,
  leaseMs,
  meetAt,
  openBookingStore,
  stage,
  type Scene,
  type Staged,
} from '../../../test/lab/booking-scenes.ts'
import { expectSettled } from '../../../test/lab/booking-truth.ts'
import { createTestDatabase, type TestDatabase } from '../../../test/lab/database.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import type { BookingStore } from './store.ts'

let database: TestDatabase
let one: BookingStore
let another: BookingStore
beforeAll(async () => {
  database = await createTestDatabase('booking')
  one = openBookingStore(database.url)
  another = openBookingStore(database.url)
})

const reserve = (
  offerId: string,
  userId: string = uuidv7(),
  idempotencyKey: string | null = null,
) => ({
  offerId,
  userId,
  idempotencyKey,
  requestId: 'r',
})
const refused = (id: string) => ({
  id,
  status: 'REFUSED' as const,
  reason: 'insufficient-funds' as const,
  email: null,
  letterId: uuidv7(),
  about,
  entry,
})

describe('a repeat that waits long for its statement', () => {
  it.each<[string, (offerId: string) => Promise<unknown>]>([
    ['was refused', async () => undefined],
    [
      'was refused and the offer withdrawn',
      (id) => one.withdrawOffer({ id, cancelledBy: 'COMPANY', reason: null }),
    ],
    ['was refused and the offer given to another', (id) => one.reserveOffer(reserve(id))],
  ])('is told of its own booking, which %s meanwhile', async (_what, then) => {
    // It waits at another offer of its statement, whose row comes before its own.
    const other = await stage(database)
    const { offerId, userId, key } = await stage(database)
    const repeat = async () =>
      (
        await Promise.all([
          another.reserveOffer(reserve(other.offerId)),
          another.reserveOffer(reserve(offerId, userId, key)),
        ])
      )[1]
    const [answer] = await meetAt(database, other.offerId, [repeat], async () => {
      const booked = await one.reserveOffer(reserve(offerId, userId, key))
      if (booked.outcome !== 'reserved') throw new Error(`it is ${booked.outcome}`)
      await one.decideBooking(refused(booked.id))
      await then(offerId)
    })
    expect(answer).toMatchObject({ outcome: 'known', status: 'REFUSED' })
  })
})

describe('whatever changes a booking', () => {
  type Change = (ids: Scene) => Promise<unknown>
  const operator = { actor: uuidv7(), isOperator: true, reason: null }
  const changes: [string, Staged, Change][] = [
    ['a new booking', {}, ({ offerId }) => one.reserveOffer(reserve(offerId))],
    ['a decision', { status: 'PENDING' }, ({ bookingId }) => one.decideBooking(refused(bookingId))],
    [
      'the end of a hold',
      { status: 'PENDING', isLate: true },
      ({ bookingId: id }) => one.releaseBooking({ id, entry }),
    ],
    [
      'a new key of a refund',
      { status: 'RELEASING' },
      ({ bookingId: id, refundId }) =>
        one.renewRefund({ id, refundId, nextRefundId: uuidv7(), delayMs: 60_000, entry }),
    ],
    [
      'a refund',
      { status: 'RELEASING' },
      ({ bookingId: id }) =>
        one.finishRefund({ id, email: null, letterId: uuidv7(), about, entry }),
    ],
    [
      'a cancellation',
      { status: 'PAID' },
      ({ bookingId: id }) => one.cancelBooking({ id, ...operator }),
    ],
    [
      'a completion',
      { status: 'PAID', isOver: true },
      ({ bookingId: id }) => one.completeBooking({ id }),
    ],
    [
      'a withdrawal',
      { status: 'PAID' },
      ({ offerId: id }) => one.withdrawOffer({ id, cancelledBy: 'COMPANY', reason: null }),
    ],
  ]
  it.each(changes)(
    'waits for the row of its offer: so %s cannot deadlock with any other',
    async (_what, staged, change) => {
      const scene = await stage(database, staged)
      let isDone = false
      await meetAt(
        database,
        scene.offerId,
        [() => change(scene).then(() => (isDone = true))],
        async () => {
          expect(isDone).toBe(false)
          // It holds nothing yet that another one might need on its way to the offer.
          const { bookingId } = scene
          await database.sql`select from bookings where id = ${bookingId} for update nowait`
        },
      )
    },
  )
})

describe('a payment that comes when the offer is not held for it any more', () => {
  it('does not stand: the money goes back', async () => {
    const { bookingId, offerId } = await stage(database, { status: 'PENDING' })
    // No statement leaves this behind; the saga does not rely on that.
    await database.sql`
      update offers set status = 'CANCELLED', cancelled_at = now(), cancelled_by = 'OPERATOR'
      where id = ${offerId}`
    const decided = await one.decideBooking({
      ...refused(bookingId),
      status: 'PAID',
      reason: null,
    })
    expect(decided).toMatchObject({ changed: true, status: 'RELEASING', reason: 'offer-withdrawn' })
    expect(await database.sql`select from booking_letters where booking_id = ${bookingId}`).toEqual(
      [],
    )
  })
})

describe('a new booking', () => {
  it('has a lease, so that recovery leaves it to its live request', async () => {
    const { offerId } = await stage(database)
    await one.reserveOffer(reserve(offerId))
    expect(await one.dueBookings.claim(100)).toEqual([])
    const [row] = await database.sql`
      select extract(epoch from due_at - now()) * 1000 as lease, hold_until > now() as held
      from bookings where offer_id = ${offerId}`
    expect(Number(row?.['lease'])).toBeGreaterThan(leaseMs / 2)
    expect(row?.['held']).toBe(true)
  })
})

describe('a process that ended between two steps', () => {
  vi.setConfig({ testTimeout: 60_000 })
  let system: BookingSystem
  let visit: Visit
  beforeAll(async () => {
    system = await startBooking({ HOLD_MS: '600000' })
    visit = createVisit(system)
  })

  /** What billing was asked by the process, with the keys of the row. */
  const pay = async (id: string, userId: string) =>
    system.billing.api.post(
      '/billing/withdrawals',
      {
        withdrawals: [{ userId, key: `saga:${id}`, amount: 100, requestId: 'r', final: true }],
      },
      { as: { service: 'booking' } },
    )
  const giveBack = async (id: string, userId: string) => {
    const row = await visit.bookingNow(id)
    return system.billing.api.post(
      `/billing/accounts/${userId}/refund`,
      { withdrawal: `saga:${id}`, amount: 100 },
      { key: `saga:${row?.['refund_id']}`, as: { service: 'booking' } },
    )
  }

  const cases: [string, Staged, readonly ('pay' | 'giveBack')[], string, string, number][] = [
    ['before it asked for the money', { status: 'PENDING' }, [], 'PAID', 'PAID', 900],
    ['before it noted the payment', { status: 'PENDING' }, ['pay'], 'PAID', 'PAID', 900],
    [
      'before it noted the payment, and the hold is over',
      { status: 'PENDING', isLate: true },
      ['pay'],
      ...(['RELEASED', 'OPEN', 1_000] as const),
    ],
    [
      'before it asked for the money, and the hold is over',
      { status: 'PENDING', isLate: true },
      [],
      ...(['RELEASED', 'OPEN', 1_000] as const),
    ],
    ['before it gave anything back', { status: 'RELEASING' }, ['pay'], 'RELEASED', 'OPEN', 1_000],
    ['before it made sure', { status: 'RELEASING' }, [], 'RELEASED', 'OPEN', 1_000],
    [
      'before it noted the refund',
      { status: 'RELEASING' },
      ['pay', 'giveBack'],
      ...(['RELEASED', 'OPEN', 1_000] as const),
    ],
    ['before it cancelled', { status: 'CANCELLING' }, ['pay'], 'CANCELLED', 'OPEN', 1_000],
    [
      'before it noted the cancellation',
      { status: 'CANCELLING' },
      ['pay', 'giveBack'],
      ...(['CANCELLED', 'OPEN', 1_000] as const),
    ],
  ]
  it.each(cases)(
    '%s: another one goes on where it was',
    async (_when, staged, calls, status, offer, balance) => {
      const { offerId, bookingId, userId } = await stage(system.database, staged)
      await system.billing.api.post('/billing/accounts', { userId, email: 'a@example.com' })
      await system.billing.api.post(`/billing/accounts/${userId}/deposit`, { amount: 1_000 })
      for (const call of calls) await { pay, giveBack }[call](bookingId, userId)
      await system.database.sql`update bookings set due_at = now() where id = ${bookingId}`
      await eventually(async () =>
        expect(await visit.bookingNow(bookingId)).toMatchObject({ status }),
      )
      expect(await visit.offerNow(offerId)).toMatchObject({ status: offer })
      expect(await visit.balanceOf(userId)).toBe(balance)
    },
  )

  it('before it wrote the letters: each is written once, also those that were written before', async () => {
    const { offerId, bookingId, userId } = await stage(system.database, { status: 'PENDING' })
    await system.billing.api.post('/billing/accounts', { userId, email: 'a@example.com' })
    await system.billing.api.post(`/billing/accounts/${userId}/deposit`, { amount: 1_000 })
    const [offer] = await system.database.sql`select company_id from offers where id = ${offerId}`
    system.addManager(offer?.['company_id'])
    await system.database.sql`update bookings set due_at = now() where id = ${bookingId}`
    await expectSettled(system, visit, offerId)
    await system.database.sql`
      update booking_letters set due_at = now() where booking_id = ${bookingId}`
    await expectSettled(system, visit, offerId)
  })

  it('whose clock is ahead of the database’s ends no hold before its time', async () => {
    const { bookingId, userId } = await stage(system.database, { status: 'PENDING' })
    await system.billing.api.post('/billing/accounts', { userId, email: 'a@example.com' })
    await system.billing.api.post(`/billing/accounts/${userId}/deposit`, { amount: 1_000 })
    const ahead = vi.spyOn(Date, 'now').mockImplementation(() => +new Date() + 7_200_000)
    try {
      await system.database.sql`update bookings set due_at = now() where id = ${bookingId}`
      await eventually(async () =>
        expect(await visit.bookingNow(bookingId)).toMatchObject({ status: 'PAID' }),
      )
    } finally {
      ahead.mockRestore()
    }
  })
})
