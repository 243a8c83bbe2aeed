import { isDeepStrictEqual } from 'node:util'
import type { Order, OrderDetails } from '../../src/services/order/contract.ts'
import {
  groupAttempts,
  isTold,
  lost,
  mayHaveBegun,
  type Attempts,
  type Evidence,
  type ToldExchange,
  type Violation,
} from './evidence.ts'
import type { Cause, Owed, SagaRules, Taking, Thing, Unfinished } from './saga-rules.ts'

/** What the judge knows of orders and their changes. */

/** Returns the first price: the present price minus what the re-pricings added. */
const firstPriceOf = ({ price, changes }: OrderDetails): number =>
  changes
    .filter(({ kind, status }) => kind === 'REPRICE' && status === 'DONE')
    .reduce((sum, { fromPrice, toPrice }) => sum - ((toPrice ?? 0) - fromPrice), price)

const causesOfOrder = (order: OrderDetails): Cause[] => {
  const { id, status, createdAt, changes } = order
  const causes: Cause[] = []
  if (status !== 'REJECTED') {
    causes.push({
      kind: 'WITHDRAW',
      amount: firstPriceOf(order),
      name: `order ${id} (${status})`,
      about: [id],
      sagaId: id,
      storedAt: createdAt,
      isOptional: status === 'PENDING',
    })
  }
  for (const change of changes) {
    const difference = (change.toPrice ?? 0) - change.fromPrice
    if (change.status === 'REFUSED' || difference === 0) continue
    causes.push({
      kind: difference > 0 ? 'WITHDRAW' : 'REFUND',
      amount: Math.abs(difference),
      name: `${change.kind} ${change.fromPrice} -> ${change.toPrice ?? 'nothing'} (${change.id}, ${change.status}) of order ${id}`,
      about: [id, change.id],
      sagaId: id,
      storedAt: change.createdAt,
      isOptional: change.status === 'PENDING',
    })
  }
  return causes
}

const takingOfOrder = ({ id, status, price, changes }: OrderDetails): Taking[] => {
  const isOpen = status === 'PENDING' || changes.some((change) => change.status === 'PENDING')
  if (isOpen) return []
  const takings = [status === 'APPROVED' ? price : 0]
  return [{ sagaId: id, name: `order ${id} (${status})`, takings }]
}

/**
 * The finished re-pricings must lead from the first price to the present one, each used once. Their
 * order is not visible from outside (an id is given before the row is locked), so this tries
 * whether any order of them fits.
 */
const trailViolations = (order: OrderDetails): Violation[] => {
  const { id, price, status, changes } = order
  const steps = changes.filter((change) => change.kind === 'REPRICE' && change.status === 'DONE')
  const visits = new Map<number, number>([[firstPriceOf(order), 1]])
  for (const { toPrice } of steps) visits.set(toPrice!, (visits.get(toPrice!) ?? 0) + 1)
  const violations: Violation[] = []
  const wrong = (message: string) => violations.push({ invariant: 2, about: [id], message })
  for (const { fromPrice } of steps) visits.set(fromPrice, (visits.get(fromPrice) ?? 0) - 1)
  visits.set(price, (visits.get(price) ?? 0) - 1)
  if ([...visits.values()].some((count) => count !== 0)) {
    const shown = steps.map(({ fromPrice, toPrice }) => `${fromPrice} -> ${toPrice}`).join(', ')
    wrong(`order ${id} costs ${price}, but its re-pricings (${shown}) do not lead there`)
  }
  const cancels = changes.filter((change) => change.kind === 'CANCEL' && change.status === 'DONE')
  if (cancels.length !== (status === 'CANCELLED' ? 1 : 0)) {
    wrong(`order ${id} is ${status}, but was cancelled ${cancels.length} times`)
  }
  for (const cancelled of cancels) {
    if (cancelled.fromPrice === price) continue
    wrong(`order ${id} cost ${price} at last, but ${cancelled.fromPrice} were given back`)
  }
  if (changes.length > 0 && (status === 'PENDING' || status === 'REJECTED')) {
    wrong(`order ${id} is ${status}, but it has changes`)
  }
  if (changes.filter((change) => change.status === 'PENDING').length > 1) {
    wrong(`order ${id} has two open changes at once`)
  }
  return violations
}

/** An order of a user who does not exist has no letters. */
const hasReader = (order: OrderDetails) => order.reason !== 'user-not-found'

const lettersOfOrder = (order: OrderDetails): Owed[] => {
  const { id: orderId, status, changes } = order
  if (status === 'PENDING' || !hasReader(order)) return []
  const owed = (kind: Owed['kind'], amount: number): Owed => {
    const about = { orderId, bookingId: null }
    return { kind, ...about, amount, isOptional: false }
  }
  // A change to the same price has no letter.
  const finished = changes.filter(
    ({ status: became, fromPrice, toPrice }) => became === 'DONE' && toPrice !== fromPrice,
  )
  return [
    owed(status === 'REJECTED' ? 'ORDER_REJECTED' : 'ORDER_APPROVED', firstPriceOf(order)),
    ...finished.map(({ kind: change, fromPrice, toPrice }) =>
      change === 'CANCEL' ? owed('ORDER_CANCELLED', fromPrice) : owed('ORDER_REPRICED', toPrice!),
    ),
  ]
}

const unfinishedIn = ({ id, status, changes }: OrderDetails): Unfinished[] => [
  ...(status === 'PENDING' ? [{ what: `order ${id} is still PENDING`, id }] : []),
  ...changes
    .filter((change) => change.status === 'PENDING')
    .map((change) => ({
      what: `${change.kind} (${change.id}) of order ${id} is still PENDING`,
      id,
    })),
]

const thingsOf = (order: Order | OrderDetails): Thing[] => [
  { kind: 'order', id: order.id, status: order.status },
  ...('changes' in order ? order.changes : []).map(({ id, status }) => ({
    kind: 'change',
    id,
    status,
  })),
]

const isCancel = ({ method, path }: ToldExchange) =>
  method === 'DELETE' && path.startsWith('/orders/')

const sightingsIn = (exchange: ToldExchange): Thing[] => {
  const { method, path, answer } = exchange
  const { status, body, replayed } = answer
  if (method === 'GET' && status === 200) {
    if (path.startsWith('/orders/')) return thingsOf(body as OrderDetails)
    if (path.startsWith('/orders?')) return (body as { items: Order[] }).items.flatMap(thingsOf)
  }
  if (method === 'POST' && path === '/orders' && !replayed) {
    if (status === 201) return thingsOf(body as Order)
    const { order } = body as { order?: Order }
    if (order !== undefined) return thingsOf(order)
  }
  return isCancel(exchange) && status === 200 ? thingsOf(body as Order) : []
}

const allowedNow: Readonly<Record<number, readonly string[]>> = {
  201: ['APPROVED', 'CANCELLED'],
  402: ['REJECTED'],
  404: ['REJECTED'],
  202: ['PENDING', 'APPROVED', 'REJECTED', 'CANCELLED'],
}

interface Index {
  readonly orders: ReadonlyMap<string, OrderDetails>
  readonly isQuiet: boolean
}

/** While changes are at work, the order and its changes may not fit: then no price is checked. */
const orderViolations = ({ orders, isQuiet }: Index, status: number, told: Order): Violation[] => {
  const now = orders.get(told.id)
  if (now === undefined)
    return [lost(`order ${told.id} was told with ${status}, and is gone`, told.id)]
  // Every field that was told is there as it was told, also one that orders do not have yet.
  const shouldBe = { ...now, price: isQuiet ? firstPriceOf(now) : told.price }
  const isSame = isDeepStrictEqual(
    { ...shouldBe, ...told },
    { ...shouldBe, status: told.status, reason: told.reason },
  )
  if (isSame && allowedNow[status]?.includes(now.status)) return []
  const message = `order ${JSON.stringify(told)} was told with ${status}, and is ${JSON.stringify(now)}`
  return [lost(message, told.id)]
}

/** For each price, compares finished re-pricings with what clients were told and asked for. */
const changeViolations = (
  { orders, isQuiet }: Index,
  orderId: string,
  requests: readonly Attempts[],
): Violation[] => {
  const order = orders.get(orderId)
  if (order === undefined) return []
  const byPrice = Map.groupBy(requests, ({ first }) => (first.body as { price: number }).price)
  const outcomes = [
    { status: 200, became: 'DONE' },
    { status: 402, became: 'REFUSED' },
  ] as const
  return [...byPrice].flatMap(([price, asked]) =>
    outcomes.flatMap(({ status, became }): Violation[] => {
      const told = asked.filter(({ decision }) => decision?.answer.status === status).length
      const open = asked.filter(mayHaveBegun).length
      const there = order.changes.filter(
        (change) =>
          change.kind === 'REPRICE' && change.toPrice === price && change.status === became,
      ).length
      const range = `clients were told ${told} times, and ${open} more may have been`
      const message = `order ${orderId} has ${there} changes to ${price} that are ${became}; ${range}`
      if (there < told) return [lost(message, orderId)]
      if (isQuiet && there > told + open) return [{ invariant: 4, message, about: [orderId] }]
      return []
    }),
  )
}

const presenceViolations = (index: Index, exchange: ToldExchange): Violation[] => {
  const { method, path, answer } = exchange
  const { status, body } = answer
  if (method === 'POST' && path === '/orders') {
    if (status === 201 || status === 202) return orderViolations(index, status, body as Order)
    const { order } = body as { order?: Order }
    if (order !== undefined) return orderViolations(index, status, order)
  }
  if (isCancel(exchange) && status === 200) {
    const { id } = body as Order
    if (index.orders.get(id)?.status === 'CANCELLED') return []
    const message = `order ${id} was told as cancelled, and is ${JSON.stringify(index.orders.get(id))}`
    return [lost(message, id)]
  }
  return []
}

const toldViolations = ({ facts, exchanges, isQuiet }: Evidence): Violation[] => {
  const all = facts.users.flatMap(({ orders }) => orders)
  const index = { isQuiet, orders: new Map(all.map((order) => [order.id, order])) }
  const reprices = groupAttempts(
    exchanges.filter(({ method, path }) => method === 'PATCH' && path.startsWith('/orders/')),
  )
  const byOrder = Map.groupBy(reprices, ({ first }) => first.path.split('/')[2]!)
  return [
    ...exchanges.filter(isTold).flatMap((exchange) => presenceViolations(index, exchange)),
    ...[...byOrder].flatMap(([orderId, requests]) => changeViolations(index, orderId, requests)),
  ]
}

export const orderRules: SagaRules = {
  causes: ({ orders }) => orders.flatMap(causesOfOrder),
  takings: ({ orders }) => orders.flatMap(takingOfOrder),
  contradictions: ({ facts, isQuiet }) =>
    isQuiet ? facts.users.flatMap(({ orders }) => orders.flatMap(trailViolations)) : [],
  letters: ({ orders }) => orders.flatMap(lettersOfOrder),
  once: { ORDER_APPROVED: 'decided', ORDER_REJECTED: 'decided', ORDER_CANCELLED: 'cancelled' },
  unfinished: ({ orders }) => orders.flatMap(unfinishedIn),
  // A second copy on purpose: it must not change when the code's own table changes.
  reachable: {
    order: {
      PENDING: ['PENDING', 'APPROVED', 'REJECTED', 'CANCELLED'],
      APPROVED: ['APPROVED', 'CANCELLED'],
      REJECTED: ['REJECTED'],
      CANCELLED: ['CANCELLED'],
    },
    change: { PENDING: ['PENDING', 'DONE', 'REFUSED'], DONE: ['DONE'], REFUSED: ['REFUSED'] },
  },
  sightings: sightingsIn,
  things: ({ users }) => users.flatMap(({ orders }) => orders.flatMap(thingsOf)),
  told: toldViolations,
  cancelled: /^\/orders\/[^/]+$/,
}
