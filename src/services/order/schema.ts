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
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { isListed } from '../../platform/database/checks.ts'
import type { TimelineEntry } from '../../platform/saga/due-rows.ts'
import {
  changeKinds,
  changeStatuses,
  orderDecisions,
  orderStatuses,
  refusalReasons,
} from './states.ts'

export { operatorActs } from '../../platform/database/operator-acts.ts'
export { retries } from '../../platform/database/retries.ts'

const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })

/** The columns of a saga: what recovery needs to finish it, and what its owner sees of it. */
const sagaColumns = () => ({
  requestId: text('request_id').notNull(),
  reason: text({ enum: refusalReasons }),
  decidedAt: instant('decided_at'),
  /** When recovery may take the row; null when nothing is owed any more. */
  dueAt: timestamp('due_at', { withTimezone: true }),
  attempts: integer().notNull().default(0),
  timeline: jsonb().$type<TimelineEntry[]>().notNull().default([]),
  createdAt: instant('created_at').notNull().defaultNow(),
  /** Where its spans belong; null when nobody collected traces. */
  trace: text(),
})

/** The saga's whole state: there is no second journal to disagree with it. */
export const orders = pgTable(
  'orders',
  {
    id: uuid().primaryKey(),
    userId: uuid('user_id').notNull(),
    /** As ordered; answers to `POST /orders` are built from it for ever. */
    price: bigint({ mode: 'number' }).notNull(),
    presentPrice: bigint('present_price', { mode: 'number' }).notNull(),
    description: text(),
    idempotencyKey: text('idempotency_key'),
    status: text({ enum: orderStatuses }).notNull().default('PENDING'),
    /** What was decided at first: stays when the order is cancelled later. */
    decision: text({ enum: orderDecisions }),
    /** Where the letter goes: billing told it with its answer. */
    email: text(),
    ...sagaColumns(),
  },
  (table) => [
    // The key leads, so that an operator finds by it alone.
    unique('orders_key').on(table.idempotencyKey, table.userId),
    index('orders_by_user').on(table.userId, table.id),
    index('orders_due')
      .on(table.dueAt)
      .where(sql`${table.dueAt} is not null`),
    check('orders_price', sql`${table.price} between 1 and 9007199254740991`),
    check('orders_present_price', sql`${table.presentPrice} between 1 and 9007199254740991`),
    check('orders_status', isListed(table.status, orderStatuses)),
    check('orders_known_decision', isListed(table.decision, orderDecisions)),
    check('orders_known_reason', isListed(table.reason, refusalReasons)),
    check(
      'orders_reason',
      sql`(${table.decision} is distinct from 'REJECTED') = (${table.reason} is null)`,
    ),
    check('orders_decision', sql`(${table.status} = 'PENDING') = (${table.decision} is null)`),
    check('orders_pending_due', sql`${table.status} <> 'PENDING' or ${table.dueAt} is not null`),
  ],
)

/** What the owner does to an approved order: at most one at a time is open. */
export const orderChanges = pgTable(
  'order_changes',
  {
    id: uuid().primaryKey(),
    orderId: uuid('order_id')
      .notNull()
      .references(() => orders.id),
    userId: uuid('user_id').notNull(),
    email: text(),
    kind: text({ enum: changeKinds }).notNull(),
    fromPrice: bigint('from_price', { mode: 'number' }).notNull(),
    /** Null for a cancellation. */
    toPrice: bigint('to_price', { mode: 'number' }),
    idempotencyKey: text('idempotency_key'),
    status: text({ enum: changeStatuses }).notNull().default('PENDING'),
    ...sagaColumns(),
  },
  (table) => [
    unique('order_changes_key').on(table.idempotencyKey, table.orderId),
    uniqueIndex('order_changes_one_open')
      .on(table.orderId)
      .where(sql`${table.status} = 'PENDING'`),
    uniqueIndex('order_changes_one_cancel')
      .on(table.orderId)
      .where(sql`${table.kind} = 'CANCEL' and ${table.status} <> 'REFUSED'`),
    index('order_changes_by_order').on(table.orderId, table.id),
    index('order_changes_due')
      .on(table.dueAt)
      .where(sql`${table.dueAt} is not null`),
    check('order_changes_kind', sql`(${table.kind} = 'CANCEL') = (${table.toPrice} is null)`),
    check('order_changes_price', sql`${table.toPrice} between 1 and 9007199254740991`),
    check('order_changes_status', isListed(table.status, changeStatuses)),
    check('order_changes_known_kind', isListed(table.kind, changeKinds)),
    check('order_changes_known_reason', isListed(table.reason, refusalReasons)),
    check('order_changes_reason', sql`(${table.status} <> 'REFUSED') = (${table.reason} is null)`),
    check(
      'order_changes_pending_due',
      sql`${table.status} <> 'PENDING' or ${table.dueAt} is not null`,
    ),
  ],
)

export type OrderRow = typeof orders.$inferSelect
export type ChangeRow = typeof orderChanges.$inferSelect
