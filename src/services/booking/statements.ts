import { soughtColumns, foundRows } from '../../platform/database/search.ts'
import {
  defineStatement,
  json,
  rowsOf,
  text,
  type ItemOf,
} from '../../platform/database/statement.ts'
import { entry } from '../../platform/saga/due-rows.ts'
import { bookings, offers, type BookingRow, type LetterAbout, type OfferRow } from './schema.ts'
import type { Canceller } from './states.ts'

/** A row, or why there is none that could be shown. */
type Found<Row, Outcome extends string, Without extends string> =
  | ({ readonly outcome: Outcome } & Row)
  | { readonly outcome: Without }

export type ReservedOffer = Found<BookingRow, 'reserved' | 'known', 'missing' | 'taken' | 'closed'>

export type CancelledBooking = Found<
  BookingRow,
  'cancelled' | 'known',
  'missing' | 'undecided' | 'final' | 'too-late'
>

export type CompletedBooking = Found<
  BookingRow,
  'completed' | 'known',
  'undecided' | 'final' | 'not-over'
>

/** `endedHold` says whether a booking was held back by it that nobody had paid yet. */
export type WithdrawnOffer = Found<
  OfferRow & { readonly endedHold: boolean },
  'withdrawn' | 'known',
  'missing' | 'final'
>

/** `changed` is false for who came second: the row then shows what the first one did. */
export type Changed = BookingRow & { readonly changed: boolean }

const byId = ({ id }: { readonly id: string }) => [id]

export const reserveOffers = defineStatement(import.meta.url, {
  name: 'reserve offers',
  table: bookings,
  input: {
    id: 'uuid',
    refundId: 'uuid',
    offerId: 'uuid',
    userId: 'uuid',
    idempotencyKey: 'text?',
    requestId: 'text',
    trace: 'text?',
    holdMs: 'int',
    leaseMs: 'int',
  },
  returns: rowsOf<ReservedOffer>(),
  // Many may come for one offer at once: the statement knows who was first.
  distinctBy: ({ userId, idempotencyKey }) =>
    idempotencyKey === null ? [] : [`${userId} ${idempotencyKey}`],
})

const about = json<LetterAbout>()

export const decideBookings = defineStatement(import.meta.url, {
  name: 'decide bookings',
  table: bookings,
  input: {
    id: 'uuid',
    status: text<'PAID' | 'REFUSED'>(),
    reason: text<BookingRow['reason']>(),
    email: 'text?',
    letterId: 'uuid',
    about,
    trace: 'text?',
    leaseMs: 'int',
    entry,
  },
  returns: rowsOf<Changed>(),
  distinctBy: byId,
})

export const releaseBookings = defineStatement(import.meta.url, {
  name: 'release bookings',
  table: bookings,
  input: { id: 'uuid', leaseMs: 'int', entry },
  returns: rowsOf<Changed>(),
  distinctBy: byId,
})

export const finishRefunds = defineStatement(import.meta.url, {
  name: 'finish refunds',
  table: bookings,
  input: {
    id: 'uuid',
    email: 'text?',
    letterId: 'uuid',
    about,
    trace: 'text?',
    leaseMs: 'int',
    entry,
  },
  returns: rowsOf<Changed>(),
  distinctBy: byId,
})

export const renewRefunds = defineStatement(import.meta.url, {
  name: 'renew refunds',
  input: { id: 'uuid', refundId: 'uuid', nextRefundId: 'uuid', delayMs: 'int', entry },
  returns: rowsOf<{ readonly renewed: boolean }>(),
  distinctBy: byId,
})

export const cancelBookings = defineStatement(import.meta.url, {
  name: 'cancel bookings',
  table: bookings,
  input: {
    id: 'uuid',
    /** Who acts: the customer, or an operator. For all others there is no such booking. */
    actor: 'uuid',
    isOperator: 'boolean',
    reason: 'text?',
    untilMinutes: 'int',
    leaseMs: 'int',
  },
  returns: rowsOf<CancelledBooking>(),
  distinctBy: byId,
})

export const completeBookings = defineStatement(import.meta.url, {
  name: 'complete bookings',
  table: bookings,
  input: { id: 'uuid' },
  returns: rowsOf<CompletedBooking>(),
  distinctBy: byId,
})

export const withdrawOffers = defineStatement(import.meta.url, {
  name: 'withdraw offers',
  table: offers,
  input: {
    id: 'uuid',
    cancelledBy: text<Exclude<Canceller, 'CUSTOMER'>>(),
    reason: 'text?',
    leaseMs: 'int',
  },
  returns: rowsOf<WithdrawnOffer>(),
  distinctBy: byId,
})

export const searchBookings = defineStatement(import.meta.url, {
  name: 'search bookings',
  input: soughtColumns,
  returns: foundRows,
})

export type NewBooking = Omit<
  ItemOf<typeof reserveOffers>,
  'id' | 'refundId' | 'trace' | 'holdMs' | 'leaseMs'
>
export type Decision = Omit<ItemOf<typeof decideBookings>, 'trace' | 'leaseMs'>
export type Refund = Omit<ItemOf<typeof finishRefunds>, 'trace' | 'leaseMs'>
export type Release = Omit<ItemOf<typeof releaseBookings>, 'leaseMs'>
export type Cancellation = Omit<ItemOf<typeof cancelBookings>, 'untilMinutes' | 'leaseMs'>
export type Withdrawal = Omit<ItemOf<typeof withdrawOffers>, 'leaseMs'>
