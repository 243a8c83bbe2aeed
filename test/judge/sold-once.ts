import type { BookingDetails, Offer } from '../../src/services/booking/contract.ts'
import { isTold, type Evidence, type Violation } from './evidence.ts'
import type { Facts } from './facts.ts'

/**
 * Invariant 9: an offer is paid by one booking at most, at any moment. Three witnesses: the present
 * states, the times of billing, and what clients saw and when.
 */

const sold = (message: string, ...about: string[]): Violation => ({ invariant: 9, message, about })

const forgotten = (offerId: string): Violation => ({
  invariant: 7,
  message: `offer ${offerId} is still RESERVED, and no booking holds it`,
  about: [offerId],
})

const bookingsByOffer = ({ users }: Facts) =>
  Map.groupBy(
    users.flatMap(({ bookings }) => bookings),
    ({ offerId }) => offerId,
  )

// --- the present -------------------------------------------------------------------

/** In these states a booking keeps its offer from all others. */
const holding = new Set<BookingDetails['status']>([
  'PENDING',
  'PAID',
  'RELEASING',
  'CANCELLING',
  'COMPLETED',
])

/** The state in which the booking of an offer is, if it is decided. */
const heldBy: Readonly<Partial<Record<Offer['status'], BookingDetails['status']>>> = {
  PAID: 'PAID',
  COMPLETED: 'COMPLETED',
}

const presentViolations = (facts: Facts): Violation[] => {
  const byOffer = bookingsByOffer(facts)
  const twice = [...byOffer].flatMap(([offerId, bookings]) => {
    const holders = bookings.filter(({ status }) => holding.has(status))
    if (holders.length < 2) return []
    const shown = holders.map(({ id, status }) => `${id} (${status})`).join(' and ')
    return [sold(`offer ${offerId} is held by ${shown}`, offerId, ...holders.map(({ id }) => id))]
  })
  const isHeld = (id: string) => (byOffer.get(id) ?? []).some(({ status }) => holding.has(status))
  const apart = facts.offers.flatMap(({ id, status }) => {
    const decided = (byOffer.get(id) ?? []).filter(
      (booking) => booking.status === 'PAID' || booking.status === 'COMPLETED',
    )
    if (status === 'RESERVED') return isHeld(id) ? [] : [forgotten(id)]
    if (decided.length > 1) return []
    const [booking] = decided
    if (booking?.status === heldBy[status]) return []
    const who =
      booking === undefined ? 'nobody paid for it' : `booking ${booking.id} is ${booking.status}`
    return [sold(`offer ${id} is ${status}, but ${who}`, id, ...decided.map((one) => one.id))]
  })
  return [...twice, ...apart]
}

// --- the times of billing ------------------------------------------------------------

interface Stay {
  readonly bookingId: string
  readonly from: string
  /** Undefined while the money stays taken. */
  readonly until: string | undefined
}

/** From when until when the money for each booking was taken. */
const staysOf = ({ users }: Facts): Map<string, Stay> => {
  const stays = new Map<string, Stay>()
  for (const { orderId, kind, createdAt } of users.flatMap(({ operations }) => operations)) {
    if (orderId === null) continue
    const stay = stays.get(orderId) ?? { bookingId: orderId, from: createdAt, until: undefined }
    stays.set(orderId, kind === 'REFUND' ? { ...stay, until: createdAt } : stay)
  }
  return stays
}

/** An offer opens only when the money is back: so the next one pays later than that. */
const moneyViolations = (facts: Facts): Violation[] => {
  const stays = staysOf(facts)
  return [...bookingsByOffer(facts)].flatMap(([offerId, bookings]) => {
    const inOrder = bookings
      .flatMap(({ id }) => stays.get(id) ?? [])
      .toSorted((one, other) => (one.from < other.from ? -1 : 1))
    return inOrder.slice(1).flatMap(({ bookingId, from }, index) => {
      const before = inOrder[index]!
      if (before.until !== undefined && before.until <= from) return []
      const message = `offer ${offerId} was paid by ${bookingId} at ${from}, when ${before.bookingId} had paid at ${before.from} and its money ${before.until === undefined ? 'is not back' : `was back at ${before.until}`}`
      return [sold(message, offerId, bookingId, before.bookingId)]
    })
  })
}

// --- what clients saw ------------------------------------------------------------------

interface Seen {
  readonly bookingId: string
  readonly offerId: string
  /** Surely paid from the one until the other: nothing is paid a second time. */
  firstMs: number
  lastMs: number
}

const isPaid = ({ status }: { readonly status: string }) =>
  status === 'PAID' || status === 'COMPLETED'

const paidBookings = (evidence: Evidence): Seen[] => {
  const seen = new Map<string, Seen>()
  const note = (booking: BookingDetails, sentMs: number, answeredMs: number) => {
    const { id: bookingId, offerId } = booking
    const known = seen.get(bookingId) ?? {
      bookingId,
      offerId,
      firstMs: Infinity,
      lastMs: -Infinity,
    }
    known.firstMs = Math.min(known.firstMs, answeredMs)
    known.lastMs = Math.max(known.lastMs, sentMs)
    seen.set(bookingId, known)
  }
  for (const { method, path, answer, sentMs, answeredMs } of evidence.exchanges.filter(isTold)) {
    const isBooked = method === 'POST' && path === '/bookings' && answer.status === 201
    const isRead = method === 'GET' && answer.status === 200
    if (isBooked && !answer.replayed) note(answer.body as BookingDetails, sentMs, answeredMs)
    if (!isRead || !/^\/bookings\/|^\/offers\/[^/]+\/booking$/.test(path)) continue
    if (isPaid(answer.body as BookingDetails)) {
      note(answer.body as BookingDetails, sentMs, answeredMs)
    }
  }
  // The facts are read after all exchanges; while something is at work, not all at one moment.
  if (evidence.isQuiet) {
    const now = evidence.facts.users.flatMap(({ bookings }) => bookings).filter(isPaid)
    for (const booking of now) note(booking, Infinity, Infinity)
  }
  return [...seen.values()].filter(({ firstMs, lastMs }) => firstMs < lastMs)
}

const seenViolations = (evidence: Evidence): Violation[] => {
  const byOffer = Map.groupBy(paidBookings(evidence), ({ offerId }) => offerId)
  return [...byOffer].flatMap(([offerId, seen]) => {
    const inOrder = seen.toSorted((one, other) => one.firstMs - other.firstMs)
    return inOrder.slice(1).flatMap(({ bookingId, firstMs }, index) => {
      const before = inOrder[index]!
      if (before.lastMs <= firstMs) return []
      const message = `offer ${offerId} was seen paid by ${bookingId} while it was paid by ${before.bookingId}`
      return [sold(message, offerId, bookingId, before.bookingId)]
    })
  })
}

export const soldTwice = (evidence: Evidence): Violation[] => [
  ...seenViolations(evidence),
  ...(evidence.isQuiet
    ? [...presentViolations(evidence.facts), ...moneyViolations(evidence.facts)]
    : []),
]
