import { and, desc, eq, lt } from 'drizzle-orm'
import type { BacklogColumns } from '../../platform/saga/backlog.ts'
import { createDueRows, entry } from '../../platform/saga/due-rows.ts'
import { createOwed, createOwing } from '../../platform/saga/owed.ts'
import type { Database } from '../../platform/database/db.ts'
import { afterAllIds, ownedBy } from '../../platform/database/owners.ts'
import { foundRows, soughtColumns, soughtIn } from '../../platform/database/search.ts'
import { defineStatement, rowsOf, text, type ItemOf } from '../../platform/database/statement.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { traceOfRow } from '../../platform/base/trace.ts'
import { orderChanges, orders, type ChangeRow, type OrderRow } from './schema.ts'
import { changeStatuses, orderStatuses } from './states.ts'

export type InsertedOrder = OrderRow & { readonly replayed: boolean }

/** `changed` is false for who came second: the row then shows what the first one decided. */
export type Decided<Row> = Row & { readonly changed: boolean }

/** What a statement finds of an order that was forgotten: nothing. */
type Forgotten = { readonly [Column in keyof OrderRow]: null } & { readonly changed: false }

export type OpenedChange =
  | ({ readonly outcome: 'opened' | 'known' } & ChangeRow & {
        readonly description: string | null
        readonly orderCreatedAt: Date
      })
  | { readonly outcome: 'missing' | 'undecided' | 'final' | 'busy' }

const insertOrders = defineStatement(import.meta.url, {
  name: 'insert orders',
  table: orders,
  input: {
    id: 'uuid',
    userId: 'uuid',
    price: 'bigint',
    description: 'text?',
    idempotencyKey: 'text?',
    requestId: 'text',
    trace: 'text?',
    leaseMs: 'int',
  },
  returns: rowsOf<InsertedOrder>(),
})

const decideOrders = defineStatement(import.meta.url, {
  name: 'decide orders',
  table: orders,
  input: {
    id: 'uuid',
    status: text<NonNullable<OrderRow['decision']>>(),
    reason: text<OrderRow['reason']>(),
    email: 'text?',
    leaseMs: 'int',
    entry,
  },
  returns: rowsOf<Decided<OrderRow> | Forgotten>(),
  distinctBy: ({ id }) => [id],
})

const forgetOrders = defineStatement(import.meta.url, {
  name: 'forget orders',
  table: orders,
  input: { id: 'uuid' },
  returns: rowsOf<Decided<OrderRow> | Forgotten>(),
  distinctBy: ({ id }) => [id],
})

const openChanges = defineStatement(import.meta.url, {
  name: 'open changes',
  table: orderChanges,
  input: {
    id: 'uuid',
    orderId: 'uuid',
    kind: text<ChangeRow['kind']>(),
    toPrice: 'bigint?',
    /** Who acts: the owner of the order, or an operator. For all others there is no such order. */
    actor: 'uuid',
    isOperator: 'boolean',
    /** The key when the owner acts, as it was sent. */
    idempotencyKey: 'text?',
    /** The key when an operator acts for the owner. */
    actingKey: 'text?',
    requestId: 'text',
    trace: 'text?',
    leaseMs: 'int',
  },
  returns: rowsOf<OpenedChange>(),
  distinctBy: ({ orderId }) => [orderId],
})

const decideChanges = defineStatement(import.meta.url, {
  name: 'decide changes',
  table: orderChanges,
  input: {
    id: 'uuid',
    status: text<Exclude<ChangeRow['status'], 'PENDING'>>(),
    reason: text<ChangeRow['reason']>(),
    leaseMs: 'int',
    entry,
  },
  returns: rowsOf<Decided<ChangeRow>>(),
  distinctBy: ({ id }) => [id],
})

type NewOrder = Omit<ItemOf<typeof insertOrders>, 'id' | 'leaseMs' | 'trace'>
type OrderDecision = Omit<ItemOf<typeof decideOrders>, 'leaseMs'>
export type NewChange = Omit<ItemOf<typeof openChanges>, 'id' | 'leaseMs' | 'trace'>
type ChangeDecision = Omit<ItemOf<typeof decideChanges>, 'leaseMs'>

export interface ChangesPage {
  /** Whose orders are seen; null: everybody's. */
  readonly viewer: string | null
  readonly limit: number
  readonly cursor?: string | undefined
}

export interface OrdersPage extends ChangesPage {
  /** Whose orders are asked for, if not all that the viewer sees. */
  readonly userId?: string | undefined
}

const orderBacklog = {
  state: 'status',
  states: orderStatuses,
  undecidedSince: { PENDING: 'created_at' },
  letterOwedSince: 'decided_at',
} satisfies BacklogColumns

const changeBacklog = { ...orderBacklog, states: changeStatuses } satisfies BacklogColumns

const unlessForgotten = (found: Decided<OrderRow> | Forgotten): Decided<OrderRow> | undefined =>
  found.id === null ? undefined : found

const searchOrders = defineStatement(import.meta.url, {
  name: 'search orders',
  input: soughtColumns,
  returns: foundRows,
})

/** What operators see of the rows that owe something. */
const owedOf = (database: Database) =>
  createOwed(
    createOwing(database, {
      kind: 'order',
      table: orders,
      tell: ({ id, userId, status, requestId }) => ({
        about: id,
        userId,
        state: status,
        requestId,
      }),
    }),
    createOwing(database, {
      kind: 'change',
      table: orderChanges,
      tell: ({ orderId, userId, status, requestId }) => ({
        about: orderId,
        userId,
        state: status,
        requestId,
      }),
    }),
  )

export const createOrderStore = (database: Database, leaseMs: number) => {
  const insertOrder = database.statement(insertOrders)
  const decideOrder = database.statement(decideOrders)
  const forgetOrder = database.statement(forgetOrders)
  const openChange = database.statement(openChanges)
  const decideChange = database.statement(decideChanges)

  /**
   * The order and what was done to it, newest first and one more than asked for,
   * in one statement: both are of the same moment. What the viewer must not see is not found.
   */
  const findOrder = async (
    id: string,
    { viewer, limit, cursor }: ChangesPage,
  ): Promise<{ order: OrderRow; changes: ChangeRow[] } | undefined> => {
    const rows = await database.read('find order', (reader) =>
      reader
        .select({ order: orders, change: orderChanges })
        .from(orders)
        .leftJoin(
          orderChanges,
          and(
            eq(orderChanges.orderId, orders.id),
            cursor === undefined ? undefined : lt(orderChanges.id, cursor),
          ),
        )
        .where(and(eq(orders.id, id), ...ownedBy(orders.userId, viewer)))
        .orderBy(desc(orderChanges.id))
        .limit(limit + 1),
    )
    const [first] = rows
    if (first === undefined) return undefined
    return { order: first.order, changes: rows.flatMap(({ change }) => change ?? []) }
  }

  const listOrders = ({
    viewer,
    userId,
    limit,
    cursor = afterAllIds,
  }: OrdersPage): Promise<OrderRow[]> =>
    database.read('list orders', (reader) =>
      reader
        .select()
        .from(orders)
        .where(and(...ownedBy(orders.userId, viewer, userId), lt(orders.id, cursor)))
        .orderBy(desc(orders.id))
        .limit(limit + 1),
    )

  return {
    search: (text: string) => database.lookUp(searchOrders, soughtIn(text)),
    insertOrder: (order: NewOrder): Promise<InsertedOrder> =>
      insertOrder({ ...order, id: uuidv7(), leaseMs, trace: traceOfRow() }),
    /** Undefined when the order was forgotten. */
    decideOrder: async (decision: OrderDecision): Promise<Decided<OrderRow> | undefined> =>
      unlessForgotten(await decideOrder({ ...decision, leaseMs })),
    /** Undefined when it is gone; somebody else's decision when that came first. */
    forgetOrder: async (id: string): Promise<Decided<OrderRow> | undefined> =>
      unlessForgotten(await forgetOrder({ id })),
    openChange: (change: NewChange): Promise<OpenedChange> =>
      openChange({ ...change, id: uuidv7(), leaseMs, trace: traceOfRow() }),
    decideChange: (decision: ChangeDecision): Promise<Decided<ChangeRow>> =>
      decideChange({ ...decision, leaseMs }),
    findOrder,
    listOrders,
    dueOrders: createDueRows(database, orders, { leaseMs, backlog: orderBacklog }),
    dueChanges: createDueRows(database, orderChanges, { leaseMs, backlog: changeBacklog }),
    owed: owedOf(database),
  }
}

export type OrderStore = ReturnType<typeof createOrderStore>
