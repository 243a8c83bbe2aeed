import { and, desc, eq, lt } from 'drizzle-orm'
import { createDueRows, type TimelineEntry } from '../../platform/saga/due-rows.ts'
import type { Database } from '../../platform/database/db.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { orderChanges, orders, type ChangeRow, type OrderRow } from './schema.ts'
import {
  decideChangesText,
  decideOrdersText,
  forgetOrdersText,
  insertOrdersText,
  openChangesText,
} from './statements.ts'

export interface NewOrder {
  readonly userId: string
  readonly price: number
  readonly description: string | null
  readonly idempotencyKey: string | null
  readonly requestId: string
}

export interface NewChange {
  readonly orderId: string
  readonly kind: 'REPRICE' | 'CANCEL'
  readonly toPrice: number | null
  readonly idempotencyKey: string | null
  readonly requestId: string
}

export interface Decision<Status> {
  readonly id: string
  readonly status: Status
  readonly reason: string | null
  readonly entry: TimelineEntry
}

export type OrderDecision = Decision<'APPROVED' | 'REJECTED'> & { readonly email: string | null }
export type ChangeDecision = Decision<'DONE' | 'REFUSED'>

export type InsertedOrder = OrderRow & { readonly replayed: boolean }

/** `changed` is false for who came second: the row then shows what the first one decided. */
export type Decided<Row> = Row & { readonly changed: boolean }

/** What a statement finds of an order that was forgotten: nothing. */
interface Forgotten {
  readonly id: null
}

export interface ChangesPage {
  readonly limit: number
  readonly cursor?: string | undefined
}

export type OpenedChange =
  | ({ readonly outcome: 'opened' | 'known' } & ChangeRow & {
        readonly description: string | null
        readonly orderCreatedAt: Date
      })
  | { readonly outcome: 'missing' | 'undecided' | 'final' | 'busy' }

type Placed = { readonly ord: number }
type Leased<Item> = Item & { readonly leaseMs: number }

const unlessForgotten = (found: Decided<OrderRow> | Forgotten): Decided<OrderRow> | undefined =>
  found.id === null ? undefined : found

export const createOrderStore = (database: Database, leaseMs: number) => {
  const insertOrder = database.statement<
    Leased<NewOrder> & { readonly id: string },
    InsertedOrder & Placed
  >({ name: 'insert orders', text: insertOrdersText })

  const decideOrder = database.statement<
    Leased<OrderDecision>,
    (Decided<OrderRow> | Forgotten) & Placed
  >({ name: 'decide orders', text: decideOrdersText, distinctBy: (decision) => [decision.id] })

  const forgetOrder = database.statement<
    { readonly id: string },
    (Decided<OrderRow> | Forgotten) & Placed
  >({ name: 'forget orders', text: forgetOrdersText, distinctBy: ({ id }) => [id] })

  const openChange = database.statement<
    Leased<NewChange> & { readonly id: string },
    OpenedChange & Placed
  >({ name: 'open changes', text: openChangesText, distinctBy: (change) => [change.orderId] })

  const decideChange = database.statement<Leased<ChangeDecision>, Decided<ChangeRow> & Placed>({
    name: 'decide changes',
    text: decideChangesText,
    distinctBy: (decision) => [decision.id],
  })

  /**
   * The order and what was done to it, newest first and one more than asked for,
   * in one statement: both are of the same moment.
   */
  const findOrder = async (
    id: string,
    { limit, cursor }: ChangesPage,
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
        .where(eq(orders.id, id))
        .orderBy(desc(orderChanges.id))
        .limit(limit + 1),
    )
    const [first] = rows
    if (first === undefined) return undefined
    return { order: first.order, changes: rows.flatMap(({ change }) => change ?? []) }
  }

  const listOrders = (userId: string, limit: number, cursor?: string): Promise<OrderRow[]> =>
    database.read('list orders', (reader) =>
      reader
        .select()
        .from(orders)
        .where(
          and(eq(orders.userId, userId), cursor === undefined ? undefined : lt(orders.id, cursor)),
        )
        .orderBy(desc(orders.id))
        .limit(limit + 1),
    )

  return {
    insertOrder: (order: NewOrder): Promise<InsertedOrder> =>
      insertOrder({ ...order, id: uuidv7(), leaseMs }),
    /** Undefined when the order was forgotten. */
    decideOrder: async (decision: OrderDecision): Promise<Decided<OrderRow> | undefined> =>
      unlessForgotten(await decideOrder({ ...decision, leaseMs })),
    /** Undefined when it is gone; somebody else's decision when that came first. */
    forgetOrder: async (id: string): Promise<Decided<OrderRow> | undefined> =>
      unlessForgotten(await forgetOrder({ id })),
    openChange: (change: NewChange): Promise<OpenedChange> =>
      openChange({ ...change, id: uuidv7(), leaseMs }),
    decideChange: (decision: ChangeDecision): Promise<Decided<ChangeRow>> =>
      decideChange({ ...decision, leaseMs }),
    findOrder,
    listOrders,
    dueOrders: createDueRows(database, orders, leaseMs),
    dueChanges: createDueRows(database, orderChanges, leaseMs),
  }
}

export type OrderStore = ReturnType<typeof createOrderStore>
