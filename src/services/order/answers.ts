import { ProblemError } from '../../platform/base/errors.ts'
import { listed } from '../../platform/base/states.ts'
import { toPage } from '../../platform/http/schemas.ts'
import { toTimeline } from '../../platform/http/timeline.ts'
import { toIso } from '../../platform/base/time.ts'
import type { Order, OrderChange, OrderDetails } from './contract.ts'
import type { ChangeRow, OrderRow } from './schema.ts'
import { refusalReasons, type RefusalReason } from './states.ts'
import type { OpenedChange } from './store.ts'

/**
 * From rows to answers. Answers to writes use only columns that never change
 * once decided, so that a repeat gets the same for ever; GET shows the present.
 */

const toOrder = (row: OrderRow, shown: Pick<Order, 'price' | 'status'>): Order => ({
  id: row.id,
  userId: row.userId,
  price: shown.price,
  description: row.description,
  status: shown.status,
  reason: row.reason,
  createdAt: toIso(row.createdAt),
})

/** The order as its own `POST` answers it, whatever became of it later. */
export const orderAsPlaced = (row: OrderRow): Order =>
  toOrder(row, { price: row.price, status: row.decision ?? 'PENDING' })

export const orderNow = (row: OrderRow): Order =>
  toOrder(row, { price: row.presentPrice, status: row.status })

const toChange = (row: ChangeRow): OrderChange => ({
  id: row.id,
  kind: row.kind,
  fromPrice: row.fromPrice,
  toPrice: row.toPrice,
  status: row.status,
  createdAt: toIso(row.createdAt),
  timeline: toTimeline(row.timeline),
  owes: row.dueAt !== null,
})

export const changesPage = (rows: readonly ChangeRow[], limit: number) =>
  toPage(rows, limit, ({ id }) => id, toChange)

export const orderDetails = (
  row: OrderRow,
  { items, next }: ReturnType<typeof changesPage>,
): OrderDetails => ({
  ...orderNow(row),
  timeline: toTimeline(row.timeline),
  owes: row.dueAt !== null,
  changes: items,
  nextChanges: next,
})

export type OpenChange = Extract<OpenedChange, { readonly outcome: 'opened' | 'known' }>

/** The order as the answer to a change shows it: with the change when it is done, else without. */
export const orderAsChanged = (
  opened: OpenChange,
  change: Pick<ChangeRow, 'status' | 'kind' | 'fromPrice' | 'toPrice'>,
): Order => {
  const done = change.status === 'DONE'
  return {
    id: opened.orderId,
    userId: opened.userId,
    price: done ? (change.toPrice ?? change.fromPrice) : change.fromPrice,
    description: opened.description,
    status: done && change.kind === 'CANCEL' ? 'CANCELLED' : 'APPROVED',
    reason: null,
    createdAt: toIso(opened.orderCreatedAt),
  }
}

const nothingMoved = 'Billing refused it; nothing was moved.'

const refusalDetails: Record<RefusalReason, string> = {
  'insufficient-funds': 'The account does not hold enough for this; nothing was taken.',
  'user-not-found': 'There is no such user; nothing was taken.',
  // Orders that were refused before user was asked: their answers stay as they were.
  'account-not-found': 'This user has no account; nothing was taken.',
  'balance-limit': nothingMoved,
  'refund-exceeds-withdrawal': nothingMoved,
  'withdrawal-refunded': nothingMoved,
}

export interface RefusalContext {
  readonly reason: OrderRow['reason']
  readonly order: Order
  readonly requestId: string
  readonly headers: Readonly<Record<string, string>>
}

/** Problems that the contract shows with the order that they are about. */
const reasonsWithOrder: readonly RefusalReason[] = ['insufficient-funds', 'user-not-found']

/** A stored refusal as a problem: the same document each time, with the request id of the first. */
export const refusal = ({ reason, order, requestId, headers }: RefusalContext): ProblemError => {
  const known = listed(refusalReasons, reason, `the reason of a refusal of order ${order.id}`)
  const members = reasonsWithOrder.includes(known) ? { order } : {}
  return new ProblemError(known, refusalDetails[known], { members, requestId, headers })
}
