import { describe, expect, it } from 'vitest'
import { layOut } from './layout.js'
import { isBookingOpen, isOrderOpen, sentenceOf, storyOfBooking, storyOfOrder } from './story.js'
import type { BookingDetails, OrderDetails, TimelineEntry } from './types.ts'

const startMs = Date.parse('2026-11-20T09:30:00.000Z')
const iso = (ms: number) => new Date(startMs + ms).toISOString()

const entry = (
  step: string,
  endMs: number,
  outcome = 'done',
  more: Partial<TimelineEntry> = {},
): TimelineEntry => ({ at: iso(endMs), step, attempt: 1, outcome, ms: 4, ...more })

const order: OrderDetails = {
  id: '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978',
  userId: '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061',
  price: 15_000,
  description: 'Two tickets',
  status: 'APPROVED',
  reason: null,
  createdAt: iso(0),
  timeline: [entry('withdraw', 6), entry('letter', 12)],
  changes: [],
  owes: false,
}

const booking: BookingDetails = {
  id: order.id,
  offerId: order.id,
  companyId: order.id,
  userId: order.userId,
  title: 'A haircut',
  price: 25_000,
  startsAt: iso(0),
  endsAt: iso(3_600_000),
  timeZone: 'UTC',
  status: 'PAID',
  reason: null,
  holdUntil: iso(60_000),
  cancelledBy: null,
  cancelReason: null,
  createdAt: iso(0),
  timeline: [entry('withdraw', 6), entry('managers', 14), entry('letters', 20)],
  owes: false,
}

/** The story in words, without the spaces that no line may break at. */
const wordsOf = ({ events }: ReturnType<typeof storyOfOrder>) =>
  events.map((event) => sentenceOf(event).replaceAll('\u00a0', ' '))

describe('the story of an order', () => {
  it('says who asked whom, and what was decided by the answer', () => {
    expect(wordsOf(storyOfOrder(order))).toEqual([
      'You ask order: Order for 150.00 ₽.',
      'order asks billing: Take 150.00 ₽ → done · 4 ms.',
      'order stores: APPROVED.',
      'order asks notification: Write the letter → done · 4 ms.',
    ])
  })

  it('tells each attempt, whose it was, and how long nothing happened before', () => {
    const timeline = [
      entry('withdraw', 1_000, 'unknown', { ms: 999, reason: 'billing answered 503', calls: 3 }),
      entry('withdraw', 3_004, 'refused', { attempt: 2, reason: 'insufficient-funds' }),
    ]
    const story = storyOfOrder({ ...order, status: 'REJECTED', timeline })
    expect(wordsOf(story)).toEqual([
      'You ask order: Order for 150.00 ₽.',
      'order asks billing: Take 150.00 ₽ → no answer: billing answered 503, asked 3 times with one key · 999 ms.',
      '2.0 s later:',
      'Recovery, attempt 2: order asks billing: Take 150.00 ₽ → refused: too little money · 4 ms.',
      'order stores: REJECTED.',
    ])
    expect(story.events.flatMap((each) => (each.kind === 'call' ? [each.isRecovery] : []))).toEqual(
      [false, true],
    )
  })

  it('says that recovery sent the letter of what recovery decided', () => {
    const timeline = [
      entry('withdraw', 1_000, 'unknown'),
      entry('withdraw', 3_004, 'done', { attempt: 2 }),
      entry('letter', 3_010),
    ]
    expect(wordsOf(storyOfOrder({ ...order, timeline })).at(-1)).toBe(
      'Recovery: order asks notification: Write the letter → done · 4 ms.',
    )
  })

  it('has its changes in it, where they happened', () => {
    const change = { id: 'c', fromPrice: 15_000, status: 'DONE', owes: false } as const
    const changes = [
      {
        ...change,
        kind: 'CANCEL',
        fromPrice: 17_500,
        toPrice: null,
        createdAt: iso(300),
        timeline: [entry('settle-difference', 306)],
      },
      {
        ...change,
        kind: 'REPRICE',
        toPrice: 17_500,
        createdAt: iso(100),
        timeline: [entry('settle-difference', 106), entry('letter', 111)],
      },
    ] as const
    expect(
      wordsOf(storyOfOrder({ ...order, price: 17_500, status: 'CANCELLED', changes })),
    ).toEqual([
      'You ask order: Order for 150.00 ₽.',
      'order asks billing: Take 150.00 ₽ → done · 4 ms.',
      'order stores: APPROVED.',
      'order asks notification: Write the letter → done · 4 ms.',
      'You ask order: Make it 175.00 ₽.',
      'order asks billing: Take 25.00 ₽ more → done · 4 ms.',
      'order stores: NOW 175.00 ₽.',
      'order asks notification: Write the letter → done · 4 ms.',
      'You ask order: Cancel it.',
      'order asks billing: Give back 175.00 ₽ → done · 4 ms.',
      'order stores: CANCELLED.',
    ])
  })

  it('goes on while something is undecided or owed', () => {
    const pending = { ...order, status: 'PENDING', timeline: [] } as const
    const owing = { ...order, owes: true }
    const open = [pending, owing, order].map((each) => [
      isOrderOpen(each),
      storyOfOrder(each).isOpen,
    ])
    expect(open).toEqual([
      [true, true],
      [true, true],
      [false, false],
    ])
    expect(wordsOf(storyOfOrder(owing)).at(-1)).toContain('a letter is owed')
    expect(wordsOf(storyOfOrder(pending)).at(-1)).toContain('not decided yet')
  })

  it('tells of a decision whose own entry was overwritten', () => {
    const timeline = [
      entry('withdraw', 6, 'unknown'),
      entry('letter', 90_000, 'unknown', { attempt: 40 }),
    ]
    const words = wordsOf(storyOfOrder({ ...order, owes: true, timeline }))
    expect(words.indexOf('order stores: APPROVED.')).toBeGreaterThan(0)
    expect(words.indexOf('order stores: APPROVED.')).toBeLessThan(
      words.findIndex((each) => each.includes('Write the letter')),
    )
  })

  it('never begins before the order was placed, whatever the clocks say', () => {
    const [first] = storyOfOrder({
      ...order,
      timeline: [entry('withdraw', 1, 'done', { ms: 30 })],
    }).events
    expect(first?.kind).toBe('ask')
  })
})

describe('the story of a booking', () => {
  it('has the letters to all in it', () => {
    expect(wordsOf(storyOfBooking(booking))).toEqual([
      'You ask booking: Book “A haircut”.',
      'booking asks billing: Take 250.00 ₽ → done · 4 ms.',
      'booking stores: PAID.',
      'booking asks company: Who manages the company? → done · 4 ms.',
      'booking asks notification: Write the letters → done · 4 ms.',
    ])
  })

  it('says of each letter whether recovery sent it', () => {
    const timeline = [
      entry('withdraw', 1_000, 'done', { attempt: 2 }),
      entry('letters', 1_010),
      entry('refund', 60_000),
      entry('letters', 60_010),
    ]
    const words = wordsOf(storyOfBooking({ ...booking, status: 'CANCELLED', timeline }))
    expect(words.filter((line) => line.includes('letters'))).toEqual([
      expect.stringMatching(/^Recovery: booking asks notification/),
      expect.stringMatching(/^booking asks notification/),
    ])
  })

  it('that was cancelled says by whom, and when the money was back', () => {
    const cancelled = {
      ...booking,
      status: 'CANCELLED',
      cancelledBy: 'CUSTOMER',
      timeline: [
        entry('withdraw', 6),
        entry('refund', 200, 'unknown'),
        entry('refund', 230, 'done', { attempt: 2 }),
      ],
    } as const
    expect(wordsOf(storyOfBooking(cancelled)).slice(2)).toEqual([
      'booking stores: PAID.',
      'booking: cancelled by you.',
      'booking asks billing: Give back 250.00 ₽ → no answer · 4 ms.',
      'Recovery, attempt 2: booking asks billing: Give back 250.00 ₽ → done · 4 ms.',
      'booking stores: CANCELLED.',
    ])
  })

  it('whose hold was over was never paid', () => {
    const released = {
      ...booking,
      status: 'RELEASED',
      timeline: [entry('withdraw', 6, 'unknown'), entry('hold-over', 100), entry('refund', 110)],
    } as const
    const words = wordsOf(storyOfBooking(released))
    expect(words).toContain('booking: not paid in time: it lets go.')
    expect(words.filter((each) => each.includes('stores'))).toEqual(['booking stores: RELEASED.'])
    expect(isBookingOpen(released)).toBe(false)
    expect(isBookingOpen({ ...released, status: 'RELEASING' })).toBe(true)
  })
})

describe('the picture of a story', () => {
  it.each([320, 358, 640, 1_060])(
    'stays within a width of %i, and nothing covers another',
    (width) => {
      for (const story of [storyOfOrder({ ...order, owes: true }), storyOfBooking(booking)]) {
        const { lifelines, rows, height } = layOut(story, width)
        for (const { x } of lifelines) {
          expect(x).toBeGreaterThan(0)
          expect(x).toBeLessThan(width)
        }
        rows.forEach(({ y, height: own }, index) => {
          expect(y + own).toBeLessThanOrEqual(rows[index + 1]?.y ?? height)
        })
      }
    },
  )

  it('keeps what is there in its place when more follows', () => {
    const before = layOut(storyOfOrder({ ...order, status: 'PENDING', timeline: [] }), 800)
    const after = layOut(storyOfOrder(order), 800)
    expect(after.lifelines).toEqual(before.lifelines)
    expect(after.rows[0]).toEqual(before.rows[0])
  })
})
