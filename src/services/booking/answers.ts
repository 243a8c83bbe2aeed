import { ProblemError } from '../../platform/base/errors.ts'
import { listed } from '../../platform/base/states.ts'
import { toIso } from '../../platform/base/time.ts'
import { toTimeline } from '../../platform/http/timeline.ts'
import type { Booking, BookingDetails } from './contract.ts'
import type { BookingRow } from './schema.ts'
import { bookingReasons } from './states.ts'
import type { BookingWithLetters } from './store-reads.ts'

/**
 * From rows to answers. Answers to writes use only columns that never change once decided, so that a
 * repeat gets the same for ever; GET shows the present.
 */

type Shown = Pick<Booking, 'status' | 'reason' | 'cancelledBy' | 'cancelReason'>

const toBooking = (row: BookingRow, shown: Shown): Booking => ({
  id: row.id,
  offerId: row.offerId,
  companyId: row.companyId,
  userId: row.userId,
  title: row.title,
  price: row.price,
  startsAt: toIso(row.startsAt),
  endsAt: toIso(row.endsAt),
  timeZone: row.timeZone,
  status: shown.status,
  reason: shown.reason,
  holdUntil: toIso(row.holdUntil),
  cancelledBy: shown.cancelledBy,
  cancelReason: shown.cancelReason,
  createdAt: toIso(row.createdAt),
})

const notCancelled = { cancelledBy: null, cancelReason: null } as const

/** The booking as its own `POST` answers it, whatever became of it later. */
export const bookingAsBooked = (row: BookingRow): Booking =>
  toBooking(row, {
    ...notCancelled,
    status: row.decision ?? 'PENDING',
    reason: row.decision === null ? null : row.reason,
  })

/** Also the answer to what ends it: from then on nothing of it changes. */
export const bookingNow = (row: BookingRow): Booking => toBooking(row, row)

const byTime = (one: { readonly at: string }, other: { readonly at: string }) =>
  one.at < other.at ? -1 : one.at > other.at ? 1 : 0

/** Its letters are rows of their own, and part of what happened to it. */
export const bookingDetails = ({ booking, letters }: BookingWithLetters): BookingDetails => {
  const rows = [booking, ...letters]
  return {
    ...bookingNow(booking),
    timeline: toTimeline(rows.flatMap(({ timeline }) => timeline)).toSorted(byTime),
    owes: rows.some(({ dueAt }) => dueAt !== null),
  }
}

/** What a booking that was not paid is answered with: code and words for each reason. */
const refusals = {
  'insufficient-funds': {
    code: 'insufficient-funds',
    detail: 'The account does not hold enough for this; nothing was taken.',
  },
  'account-not-found': {
    code: 'account-not-found',
    detail: 'You have no account to pay from; nothing was taken.',
  },
  'hold-over': {
    code: 'booking-released',
    detail: 'It was not paid in time; your money is where it was.',
  },
  'offer-withdrawn': {
    code: 'booking-released',
    detail: 'The company withdrew the offer; your money is where it was.',
  },
} as const satisfies Record<(typeof bookingReasons)[number], object>

/** A stored refusal as a problem: the same document each time, with the request id of the first. */
export const refusal = (
  row: BookingRow,
  headers: Readonly<Record<string, string>>,
): ProblemError => {
  const reason = listed(bookingReasons, row.reason, `the reason of booking ${row.id}`)
  const { code, detail } = refusals[reason]
  const members = { booking: bookingAsBooked(row) }
  return new ProblemError(code, detail, { members, requestId: row.requestId, headers })
}
