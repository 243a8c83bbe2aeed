import { pgTable, text, timestamp, unique, uuid } from 'drizzle-orm/pg-core'

/** What operators had tried again before its time. The schema of each service with a saga has this table. */
export const retries = pgTable(
  'retries',
  {
    id: uuid().primaryKey(),
    at: timestamp({ withTimezone: true, precision: 3 }).notNull().defaultNow(),
    operator: uuid().notNull(),
    /** The row that owes something. No foreign key: a service has several tables with such rows. */
    owedId: uuid('owed_id').notNull(),
    idempotencyKey: text('idempotency_key'),
    requestId: text('request_id').notNull(),
  },
  (table) => [unique('retries_key').on(table.operator, table.idempotencyKey)],
)
