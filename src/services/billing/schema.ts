import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  unique,
  uuid,
} from 'drizzle-orm/pg-core'
import { isListed } from '../../platform/database/checks.ts'
import type { TimelineEntry } from '../../platform/saga/due-rows.ts'
import { operationKinds, operationReasons, operationStatuses } from './states.ts'

export { operatorActs } from '../../platform/database/operator-acts.ts'
export { retries } from '../../platform/database/retries.ts'

const createdAt = () =>
  timestamp('created_at', { withTimezone: true, precision: 3 }).notNull().defaultNow()

export const accounts = pgTable(
  'accounts',
  {
    userId: uuid('user_id').primaryKey(),
    email: text().notNull(),
    balance: bigint({ mode: 'number' }).notNull().default(0),
    /** Grows with every operation: who decided on an older one decides again. */
    version: bigint({ mode: 'number' }).notNull().default(0),
    createdAt: createdAt(),
  },
  (table) => [check('accounts_balance', sql`${table.balance} between 0 and 9007199254740991`)],
)

/** Never updated, never deleted: a trigger forbids both. Refused ones are kept too (tombstones). */
export const operations = pgTable(
  'operations',
  {
    id: uuid().primaryKey(),
    userId: uuid('user_id').notNull(),
    /** The account's own count of operations; null when there was no account to count on. */
    seq: bigint({ mode: 'number' }),
    key: text(),
    kind: text({ enum: operationKinds }).notNull(),
    amount: bigint({ mode: 'number' }).notNull(),
    /** What it did to the balance: 0 when refused. */
    effect: bigint({ mode: 'number' }).notNull(),
    status: text({ enum: operationStatuses }).notNull(),
    reason: text({ enum: operationReasons }),
    /** The key of the withdrawal that this one belongs to. */
    reference: text(),
    balanceAfter: bigint('balance_after', { mode: 'number' }),
    requestId: text('request_id').notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    // The key leads, so that an operator finds by it alone.
    unique('operations_key').on(table.key, table.userId),
    unique('operations_seq').on(table.userId, table.seq),
    index('operations_by_reference')
      .on(table.userId, table.reference)
      .where(sql`${table.reference} is not null`),
    check('operations_kind', isListed(table.kind, operationKinds)),
    check('operations_status', isListed(table.status, operationStatuses)),
    check('operations_known_reason', isListed(table.reason, operationReasons)),
    check('operations_amount', sql`${table.amount} between 1 and 9007199254740991`),
    check(
      'operations_effect',
      sql`${table.effect} = case when ${table.status} = 'REFUSED' then 0 when ${table.kind} = 'WITHDRAW' then -${table.amount} else ${table.amount} end`,
    ),
    check('operations_reason', sql`(${table.status} = 'REFUSED') = (${table.reason} is not null)`),
    check(
      'operations_balance',
      sql`${table.status} = 'REFUSED' or (${table.seq} is not null and ${table.balanceAfter} >= 0)`,
    ),
  ],
)

/** Letters owed for deposits: beside the operations, because those never change. */
export const depositLetters = pgTable(
  'deposit_letters',
  {
    /** The id of the operation. */
    id: uuid().primaryKey(),
    userId: uuid('user_id').notNull(),
    email: text().notNull(),
    amount: bigint({ mode: 'number' }).notNull(),
    dueAt: timestamp('due_at', { withTimezone: true }),
    attempts: integer().notNull().default(0),
    timeline: jsonb().$type<TimelineEntry[]>().notNull().default([]),
    createdAt: createdAt(),
    /** Where its spans belong; null when nobody collected traces. */
    trace: text(),
  },
  (table) => [
    index('deposit_letters_due')
      .on(table.dueAt)
      .where(sql`${table.dueAt} is not null`),
  ],
)

/** One violation of the books, as the audit tells it. */
export interface BooksViolation {
  readonly invariant: string
  readonly problem: string
  readonly row: Readonly<Record<string, unknown>>
}

/** What the audit found each time, over all services: the ledger's owner keeps it. */
export const booksVerdicts = pgTable('books_verdicts', {
  id: uuid().primaryKey(),
  startedAt: timestamp('started_at', { withTimezone: true, precision: 3 }).notNull(),
  /** Null: all rows were looked at. */
  since: timestamp({ withTimezone: true, precision: 3 }),
  durationMs: bigint('duration_ms', { mode: 'number' }).notNull(),
  rows: bigint({ mode: 'number' }).notNull(),
  violations: bigint({ mode: 'number' }).notNull(),
  /** How many of them, by the name of what is violated. */
  byInvariant: jsonb('by_invariant').$type<Readonly<Record<string, number>>>().notNull(),
  /** The first of them. */
  first: jsonb().$type<readonly BooksViolation[]>().notNull(),
  createdAt: createdAt(),
})

export type AccountRow = typeof accounts.$inferSelect
export type OperationRow = typeof operations.$inferSelect
export type DepositLetterRow = typeof depositLetters.$inferSelect
export type VerdictRow = typeof booksVerdicts.$inferSelect
