import { sql } from 'drizzle-orm'
import { bigint, check, index, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { isListed } from '../../platform/database/checks.ts'
import { cancellers, letterKinds } from './states.ts'

export { operatorActs } from '../../platform/database/operator-acts.ts'

export const letters = pgTable(
  'letters',
  {
    id: uuid().primaryKey(),
    /** The sender's key: one letter for each, for ever. */
    key: text().notNull().unique('letters_key'),
    userId: uuid('user_id').notNull(),
    email: text().notNull(),
    kind: text({ enum: letterKinds }).notNull(),
    orderId: uuid('order_id'),
    bookingId: uuid('booking_id'),
    /** What a letter about a booking was made of: the same key with other words is refused. */
    title: text(),
    startsAt: timestamp('starts_at', { withTimezone: true, precision: 3 }),
    timeZone: text('time_zone'),
    cancelledBy: text('cancelled_by', { enum: cancellers }),
    /** A code, or the words of who cancelled: so this is no column of known reasons. */
    because: text(),
    amount: bigint({ mode: 'number' }).notNull(),
    subject: text().notNull(),
    body: text().notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull().defaultNow(),
  },
  (table) => [
    index('letters_by_user').on(table.userId, table.id),
    // A letter is about one thing at most, and pays nothing for the other.
    index('letters_by_order')
      .on(table.orderId, table.id)
      .where(sql`${table.orderId} is not null`),
    index('letters_by_booking')
      .on(table.bookingId, table.id)
      .where(sql`${table.bookingId} is not null`),
    check('letters_cancelled_by', isListed(table.cancelledBy, cancellers)),
    check('letters_kind', isListed(table.kind, letterKinds)),
    check('letters_amount', sql`${table.amount} between 1 and 9007199254740991`),
  ],
)

export type LetterRow = typeof letters.$inferSelect
