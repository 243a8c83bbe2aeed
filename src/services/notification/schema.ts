import { sql } from 'drizzle-orm'
import { bigint, check, index, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'
import { isListed } from '../../platform/database/checks.ts'
import { letterKinds } from './states.ts'

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
    amount: bigint({ mode: 'number' }).notNull(),
    subject: text().notNull(),
    body: text().notNull(),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull().defaultNow(),
  },
  (table) => [
    index('letters_by_user').on(table.userId, table.id),
    index('letters_by_order').on(table.orderId, table.id),
    check('letters_kind', isListed(table.kind, letterKinds)),
    check('letters_amount', sql`${table.amount} between 1 and 9007199254740991`),
  ],
)

export type LetterRow = typeof letters.$inferSelect
