import { index, integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core'

/**
 * How often somebody has tried something in the present window. Replicas share these rows. The
 * subject is a hash, so that no address of a person is kept.
 */
export const throttled = pgTable(
  'throttled',
  {
    subject: text().primaryKey(),
    attempts: integer().notNull(),
    endsAt: timestamp('ends_at', { withTimezone: true, precision: 3 }).notNull(),
  },
  (table) => [index('throttled_ends').on(table.endsAt)],
)
