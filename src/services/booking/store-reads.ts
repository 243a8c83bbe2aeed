import { and, desc, eq, lt } from 'drizzle-orm'
import type { Database } from '../../platform/database/db.ts'
import { afterAllIds, ownedBy } from '../../platform/database/owners.ts'
import {
  bookingLetters,
  bookings,
  offers,
  type BookingLetterRow,
  type BookingRow,
} from './schema.ts'

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

export const createBookingReads = (database: Database) => {
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
