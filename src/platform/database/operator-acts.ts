import { index, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** What operators asked for, and others by a role: `operator` is who. The schema of each service has this table. */
export const operatorActs = pgTable(
  'operator_acts',
  {
    id: uuid().primaryKey(),
    at: timestamp({ withTimezone: true, precision: 3 }).notNull().defaultNow(),
    operator: uuid().notNull(),
    method: text().notNull(),
    route: text().notNull(),
    target: text().notNull(),
    subject: uuid(),
    requestId: text('request_id').notNull(),
  },
  (table) => [
    index('operator_acts_by_operator').on(table.operator, table.id),
    index('operator_acts_by_subject').on(table.subject, table.id),
  ],
)
