import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endings, unpaidWords, type BookingSubject } from './booking-letters.ts'
import { formatMoney, renderLetter } from './letters.ts'
import {
  bookingLetterKinds,
  letterKinds,
  orderLetterKinds,
  type BookingLetterKind,
  type LetterKind,
} from './states.ts'

const orderId = '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978'

describe('money in a letter', () => {
  it.each([
    [1, '0.01 ₽'],
    [10, '0.10 ₽'],
    [99, '0.99 ₽'],
    [100, '1.00 ₽'],
    [99_999, '999.99 ₽'],
    [100_000, '1 000.00 ₽'],
    [123_456_789, '1 234 567.89 ₽'],
    [Number.MAX_SAFE_INTEGER, '90 071 992 547 409.91 ₽'],
  ])('%i minor units are %s', (amount, text) => {
    expect(formatMoney(amount)).toBe(text)
  })

  it('is exact for every amount', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (amount) => {
        expect(Number(formatMoney(amount).replace(/[ .₽]/g, ''))).toBe(amount)
      }),
    )
  })
})

/** An evening of the day on which clocks in Berlin are put back. */
const booking = {
  bookingId: '019aa0b6-5400-7b00-8d11-3e4f50617283',
  title: 'Sauna,\n one hour',
  startsAt: '2026-10-25T17:30:00.000Z',
  timeZone: 'Europe/Berlin',
}

/** What each ending of a booking has to say beside that. */
const said = {
  paid: { cancelledBy: null, reason: null },
  unpaid: { cancelledBy: null, reason: 'hold-over' },
  cancelled: { cancelledBy: 'COMPANY', reason: 'The stove is broken.' },
} as const

const isOneOf = <Kind extends string>(kinds: readonly Kind[], kind: string): kind is Kind =>
  (kinds as readonly string[]).includes(kind)

const aboutBooking = (kind: BookingLetterKind, more: Partial<BookingSubject> = {}) =>
  renderLetter({ amount: 1_234_50, kind, ...booking, ...said[endings[kind]], ...more })

const write = (kind: LetterKind) => {
  if (isOneOf(bookingLetterKinds, kind)) return aboutBooking(kind)
  return renderLetter({ amount: 1_234_50, kind, orderId })
}

describe('a letter', () => {
  const moods: Record<LetterKind, RegExp> = {
    ORDER_APPROVED: /hooray.*order/i,
    ORDER_REJECTED: /sorry.*order/i,
    ORDER_CANCELLED: /order is cancelled/i,
    ORDER_REPRICED: /now costs/i,
    BOOKING_PAID: /hooray.*booking/i,
    BOOKING_REFUSED: /sorry.*could not be paid/i,
    BOOKING_RELEASED: /sorry.*did not work out/i,
    BOOKING_CANCELLED: /your booking.*is cancelled/i,
    OFFER_BOOKED: /is booked/i,
    OFFER_REFUSED: /^a booking.*could not be paid/i,
    OFFER_RELEASED: /^a booking.*did not work out/i,
    OFFER_CANCELLED: /^the booking.*is cancelled/i,
    DEPOSIT: /arrived/i,
  }

  it.each(letterKinds)('of kind %s names the amount in subject and text, and its mood', (kind) => {
    const { subject, body } = write(kind)
    expect(subject).toContain('1 234.50 ₽')
    expect(body).toContain('1 234.50 ₽')
    expect(subject).toMatch(moods[kind])
  })

  it.each(orderLetterKinds)('of kind %s names the order in its text', (kind) => {
    expect(write(kind).body).toContain(orderId)
  })

  it('of each kind has words of its own', () => {
    const letters = letterKinds.map(write)
    expect(new Set(letters.map((letter) => letter.subject)).size).toBe(letterKinds.length)
    expect(new Set(letters.map((letter) => letter.body)).size).toBe(letterKinds.length)
  })
})

describe('a letter about a booking', () => {
  const kindsOf = (ending: keyof typeof said) =>
    bookingLetterKinds.filter((kind) => endings[kind] === ending)

  it.each(bookingLetterKinds)('of kind %s names booking, offer and time', (kind) => {
    const { subject, body } = aboutBooking(kind)
    expect(subject).toContain('“Sauna, one hour”')
    expect(body).toContain('“Sauna, one hour” on Sunday, 25 October 2026 at 18:30 GMT+01:00')
    expect(body).toContain('(Europe/Berlin)')
    expect(body).toContain(booking.bookingId)
    expect(subject + body).not.toMatch(/undefined|null|[\r\n]/)
  })

  it('tells the two hours apart that have one name when the clock is put back', () => {
    const times = ['2026-10-25T00:30:00.000Z', '2026-10-25T01:30:00.000Z'].map(
      (startsAt) => aboutBooking('BOOKING_PAID', { startsAt }).body,
    )
    expect(times[0]).toContain('at 02:30 GMT+02:00')
    expect(times[1]).toContain('at 02:30 GMT+01:00')
  })

  it.each(kindsOf('unpaid').flatMap((kind) => [...unpaidWords.keys()].map((why) => [kind, why])))(
    'of kind %s tells in words what %s is',
    (kind, reason) => {
      const { body } = aboutBooking(kind as BookingLetterKind, { reason: reason! })
      const { customer, manager } = unpaidWords.get(reason!)!
      expect(body).toContain(`because ${kind!.startsWith('OFFER') ? manager : customer}`)
      expect(body).not.toContain(reason)
    },
  )

  it.each([
    ['BOOKING_CANCELLED', 'CUSTOMER', 'as you asked'],
    ['BOOKING_CANCELLED', 'COMPANY', 'by the company'],
    ['BOOKING_CANCELLED', 'OPERATOR', 'by an operator'],
    ['OFFER_CANCELLED', 'CUSTOMER', 'by the customer'],
    ['OFFER_CANCELLED', 'COMPANY', 'by your company'],
    ['OFFER_CANCELLED', 'OPERATOR', 'by an operator'],
  ] as const)('of kind %s tells that %s did it, and why', (kind, cancelledBy, words) => {
    const because = aboutBooking(kind, { cancelledBy, reason: 'Ill,\r\nsorry' })
    expect(because.body).toContain(`is cancelled ${words} (“Ill, sorry”).`)
    expect(aboutBooking(kind, { cancelledBy, reason: null }).body).toContain(
      `is cancelled ${words}.`,
    )
  })

  it.each([
    ['BOOKING_REFUSED', { reason: null }],
    ['OFFER_RELEASED', { reason: 'moon-phase' }],
    ['BOOKING_RELEASED', { reason: 'constructor' }],
    ['BOOKING_CANCELLED', { cancelledBy: null }],
  ] as const)('of kind %s is not made up from %j', (kind, more) => {
    expect(() => aboutBooking(kind, more)).toThrow(booking.bookingId)
  })
})
