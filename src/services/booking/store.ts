import { uuidv7 } from '../../platform/base/ids.ts'
import { traceOfRow } from '../../platform/base/trace.ts'
import type { Database } from '../../platform/database/db.ts'
import { soughtIn } from '../../platform/database/search.ts'
import type { BacklogColumns } from '../../platform/saga/backlog.ts'
import { createDueRows } from '../../platform/saga/due-rows.ts'
import { createOwed, createOwing } from '../../platform/saga/owed.ts'
import { bookingLetters, bookings } from './schema.ts'
import { letterKinds, owingStatuses } from './states.ts'
import {
  cancelBookings,
  completeBookings,
  decideBookings,
  finishRefunds,
  releaseBookings,
  renewRefunds,
  reserveOffers,
  searchBookings,
  withdrawOffers,
  type CancelledBooking,
  type Cancellation,
  type Changed,
  type Decision,
  type NewBooking,
  type Refund,
  type Release,
  type ReservedOffer,
  type Withdrawal,
  type WithdrawnOffer,
} from './statements.ts'
import { createBookingReads } from './store-reads.ts'

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

export interface BookingStoreSettings {
  readonly leaseMs: number
  readonly holdMs: number
  readonly cancelUntilMinutes: number
}

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
    ...createBookingReads(database),
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
