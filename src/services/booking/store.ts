import { and, desc, eq, lt } from 'drizzle-orm'
import { uuidv7 } from '../../platform/base/ids.ts'
import { traceOfRow } from '../../platform/base/trace.ts'
import type { Database } from '../../platform/database/db.ts'
import { afterAllIds, ownedBy } from '../../platform/database/owners.ts'
import { foundRows, soughtColumns, soughtIn } from '../../platform/database/search.ts'
import {
  defineStatement,
  json,
  rowsOf,
  text,
  type ItemOf,
} from '../../platform/database/statement.ts'
import type { BacklogColumns } from '../../platform/saga/backlog.ts'
import { createDueRows, entry } from '../../platform/saga/due-rows.ts'
import { createOwed, createOwing } from '../../platform/saga/owed.ts'
import {
  bookingLetters,
  bookings,
  offers,
  type BookingLetterRow,
  type BookingRow,
  type LetterAbout,
  type OfferRow,
} from './schema.ts'
import { letterKinds, owingStatuses, type Canceller } from './states.ts'

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

const reserveOffers = defineStatement(import.meta.url, {
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

const decideBookings = defineStatement(import.meta.url, {
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

const releaseBookings = defineStatement(import.meta.url, {
  name: 'release bookings',
  table: bookings,
  input: { id: 'uuid', leaseMs: 'int', entry },
  returns: rowsOf<Changed>(),
  distinctBy: byId,
})

const finishRefunds = defineStatement(import.meta.url, {
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

const renewRefunds = defineStatement(import.meta.url, {
  name: 'renew refunds',
  input: { id: 'uuid', refundId: 'uuid', nextRefundId: 'uuid', delayMs: 'int', entry },
  returns: rowsOf<{ readonly renewed: boolean }>(),
  distinctBy: byId,
})

const cancelBookings = defineStatement(import.meta.url, {
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

const completeBookings = defineStatement(import.meta.url, {
  name: 'complete bookings',
  table: bookings,
  input: { id: 'uuid' },
  returns: rowsOf<CompletedBooking>(),
  distinctBy: byId,
})

const withdrawOffers = defineStatement(import.meta.url, {
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

type NewBooking = Omit<
  ItemOf<typeof reserveOffers>,
  'id' | 'refundId' | 'trace' | 'holdMs' | 'leaseMs'
>
type Decision = Omit<ItemOf<typeof decideBookings>, 'trace' | 'leaseMs'>
type Refund = Omit<ItemOf<typeof finishRefunds>, 'trace' | 'leaseMs'>
type Release = Omit<ItemOf<typeof releaseBookings>, 'leaseMs'>
type Cancellation = Omit<ItemOf<typeof cancelBookings>, 'untilMinutes' | 'leaseMs'>
type Withdrawal = Omit<ItemOf<typeof withdrawOffers>, 'leaseMs'>

const bookingBacklog = {
  state: 'status',
  states: owingStatuses,
  undecidedSince: { PENDING: 'created_at', RELEASING: 'created_at', CANCELLING: 'cancelled_at' },
} satisfies BacklogColumns

const letterBacklog = {
  state: 'kind',
  states: letterKinds,
  letterOwedSince: 'created_at',
} satisfies BacklogColumns

export interface BookingsPage {
  /** Whose bookings are seen; null: everybody's. */
  readonly viewer: string | null
  /** Whose bookings are asked for, if not all that the viewer sees. */
  readonly userId?: string | undefined
  readonly limit: number
  readonly cursor?: string | undefined
}

export interface BookingWithLetters {
  readonly booking: BookingRow
  readonly letters: readonly BookingLetterRow[]
}

export interface BookingStoreSettings {
  readonly leaseMs: number
  readonly holdMs: number
  readonly cancelUntilMinutes: number
}

const createReads = (database: Database) => {
  /** A booking and its letters in one statement: both are of the same moment. */
  const withLetters = (
    rows: readonly { booking: BookingRow; letter: BookingLetterRow | null }[],
  ): BookingWithLetters | undefined => {
    const [first] = rows
    if (first === undefined) return undefined
    return { booking: first.booking, letters: rows.flatMap(({ letter }) => letter ?? []) }
  }

  return {
    /** What the viewer must not see is not found; null sees all. */
    findBooking: async (id: string, viewer: string | null) =>
      withLetters(
        await database.read('find booking', (reader) =>
          reader
            .select({ booking: bookings, letter: bookingLetters })
            .from(bookings)
            .leftJoin(bookingLetters, eq(bookingLetters.bookingId, bookings.id))
            .where(and(eq(bookings.id, id), ...ownedBy(bookings.userId, viewer)))
            .orderBy(bookingLetters.id),
        ),
      ),

    /** The booking that has an offer, or had it when the offer was withdrawn. */
    findOffersBooking: async (offerId: string) =>
      withLetters(
        await database.read('find booking of offer', (reader) =>
          reader
            .select({ booking: bookings, letter: bookingLetters })
            .from(offers)
            .innerJoin(bookings, eq(bookings.id, offers.bookingId))
            .leftJoin(bookingLetters, eq(bookingLetters.bookingId, bookings.id))
            .where(eq(offers.id, offerId))
            .orderBy(bookingLetters.id),
        ),
      ),

    listBookings: ({ viewer, userId, limit, cursor = afterAllIds }: BookingsPage) =>
      database.read('list bookings', (reader) =>
        reader
          .select()
          .from(bookings)
          .where(and(...ownedBy(bookings.userId, viewer, userId), lt(bookings.id, cursor)))
          .orderBy(desc(bookings.id))
          .limit(limit + 1),
      ),
  }
}

const searchBookings = defineStatement(import.meta.url, {
  name: 'search bookings',
  input: soughtColumns,
  returns: foundRows,
})

/** What operators see of the rows that owe something. */
const owedOf = (database: Database) =>
  createOwed(
    createOwing(database, {
      kind: 'booking',
      table: bookings,
      tell: ({ id, userId, status, requestId }) => ({
        about: id,
        userId,
        state: status,
        requestId,
      }),
    }),
    createOwing(database, {
      kind: 'booking-letter',
      table: bookingLetters,
      tell: ({ bookingId, userId, kind, requestId }) => ({
        about: bookingId,
        userId,
        state: kind,
        requestId,
      }),
    }),
  )

export const createBookingStore = (
  database: Database,
  { leaseMs, holdMs, cancelUntilMinutes: untilMinutes }: BookingStoreSettings,
) => {
  const reserve = database.statement(reserveOffers)
  const decide = database.statement(decideBookings)
  const release = database.statement(releaseBookings)
  const finish = database.statement(finishRefunds)
  const cancel = database.statement(cancelBookings)
  const withdraw = database.statement(withdrawOffers)
  return {
    search: (text: string) => database.lookUp(searchBookings, soughtIn(text)),
    ...createReads(database),
    reserveOffer: (booking: NewBooking): Promise<ReservedOffer> =>
      reserve({
        ...booking,
        id: uuidv7(),
        refundId: uuidv7(),
        trace: traceOfRow(),
        holdMs,
        leaseMs,
      }),
    decideBooking: (decision: Decision): Promise<Changed> =>
      decide({ ...decision, trace: traceOfRow(), leaseMs }),
    releaseBooking: (wanted: Release): Promise<Changed> => release({ ...wanted, leaseMs }),
    finishRefund: (refund: Refund): Promise<Changed> =>
      finish({ ...refund, trace: traceOfRow(), leaseMs }),
    renewRefund: database.statement(renewRefunds),
    cancelBooking: (wanted: Cancellation): Promise<CancelledBooking> =>
      cancel({ ...wanted, untilMinutes, leaseMs }),
    completeBooking: database.statement(completeBookings),
    withdrawOffer: (wanted: Withdrawal): Promise<WithdrawnOffer> =>
      withdraw({ ...wanted, leaseMs }),
    dueBookings: createDueRows(database, bookings, { leaseMs, backlog: bookingBacklog }),
    dueLetters: createDueRows(database, bookingLetters, { leaseMs, backlog: letterBacklog }),
    owed: owedOf(database),
  }
}

export type BookingStore = ReturnType<typeof createBookingStore>
