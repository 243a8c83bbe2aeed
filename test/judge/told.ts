import { isDeepStrictEqual } from 'node:util'
import type { Account, Operation } from '../../src/services/billing/contract-schemas.ts'
import type { Order, OrderDetails } from '../../src/services/order/contract.ts'
import type { User } from '../../src/services/user/contract.ts'
import type { Facts } from './facts.ts'
import type { Exchange } from './history.ts'
import { firstPriceOf } from './money.ts'
import {
  groupAttempts,
  isDecision,
  isTold,
  mayHaveBegun,
  payloadOf,
  type Attempts,
  type Evidence,
  type ToldExchange,
  type Violation,
} from './evidence.ts'

/** Invariant 3: what a client was told stays true, and a repeat tells the same, byte for byte. */

const lost = (message: string, ...about: (string | undefined)[]): Violation => ({
  invariant: 3,
  message,
  about: about.filter((id) => id !== undefined),
})

// --- repeats ------------------------------------------------------------------

/** What a key belongs to, besides the one who acts. */
const placeOf = ({ method, path, body }: Exchange): string => {
  if (path === '/orders') return `orders of ${(body as { userId: string }).userId}`
  if (path === '/users') return `users ${(body as { username: string }).username.toLowerCase()}`
  return method === 'POST' ? path.replace(/\/(deposit|withdraw)$/, '') : path
}

/** Returns the scope of a key: the same key in another scope is another key. */
const scopeOf = (exchange: Exchange): string =>
  exchange.as === undefined
    ? placeOf(exchange)
    : `${placeOf(exchange)} by ${JSON.stringify(exchange.as)}`

const shown = ({ status, body }: ToldExchange['answer']) => `${status} ${JSON.stringify(body)}`

/** Refusals that nobody stores, because nothing began: each answer is a new document. */
const isStoredNowhere = ({ answer }: ToldExchange) =>
  (answer.status === 404 || answer.status === 409) && !answer.replayed

const codeOf = ({ answer }: ToldExchange) => (answer.body as { code: string }).code

const sameAnswer = (one: ToldExchange, other: ToldExchange) => {
  if (one.answer.status !== other.answer.status) return false
  if (isStoredNowhere(one) && isStoredNowhere(other)) return codeOf(one) === codeOf(other)
  return isDeepStrictEqual(one.answer.body, other.answer.body)
}

const repeatViolations = (attempts: readonly Exchange[]): Violation[] => {
  const [{ key, method, path }] = attempts as [Exchange]
  const name = `${method} ${path} with key ${key}`
  const told = attempts.filter(isTold)
  const decisions = told.filter(isDecision)
  const [first] = decisions
  if (first === undefined) return []
  const violations: Violation[] = []
  const wrong = (message: string) => violations.push(lost(`${name} ${message}`, key))
  for (const decision of decisions) {
    if (sameAnswer(first, decision)) continue
    wrong(`was answered ${shown(first.answer)} and then ${shown(decision.answer)}`)
  }
  for (const later of told) {
    const isSame = payloadOf(later) === payloadOf(first)
    if (isSame && later.answer.status === 422)
      wrong('was refused as another payload, but it is the same')
    if (!isSame && later.answer.status !== 422)
      wrong(`was answered ${later.answer.status} for two payloads`)
    if (isSame && later.answer.comeBack && later.sentMs > first.answeredMs) {
      wrong(`was answered ${shown(first.answer)}, and after that ${later.answer.status}`)
    }
  }
  const news = decisions.filter(
    (decision) => !decision.answer.replayed && !isStoredNowhere(decision),
  )
  if (news.length > 1) wrong(`was news ${news.length} times, so it was done more than once`)
  return violations
}

const keyedViolations = (exchanges: readonly Exchange[]): Violation[] => {
  const keyed = exchanges.filter(({ key, method }) => key !== undefined && method !== 'GET')
  const byKey = Map.groupBy(keyed, (exchange) => `${scopeOf(exchange)} ${exchange.key}`)
  return [...byKey.values()].flatMap(repeatViolations)
}

/** A cancellation needs no key: once it was told, all later answers must tell it too. */
const cancelViolations = (exchanges: readonly Exchange[]): Violation[] => {
  const cancels = exchanges.filter(({ method }) => method === 'DELETE').filter(isTold)
  const byOrder = Map.groupBy(cancels, ({ path }) => path)
  return [...byOrder].flatMap(([path, told]): Violation[] => {
    const first = told.find(({ answer }) => answer.status === 200)
    if (first === undefined) return []
    const other = told.find((later) => later.sentMs > first.answeredMs && !sameAnswer(first, later))
    if (other === undefined) return []
    const message = `DELETE ${path} was answered ${shown(first.answer)}, and after that ${shown(other.answer)}`
    return [lost(message, path.split('/')[2])]
  })
}

// --- the present state ----------------------------------------------------------

interface Index {
  readonly users: ReadonlyMap<string, User>
  readonly operations: ReadonlyMap<string, Operation>
  readonly orders: ReadonlyMap<string, OrderDetails>
  readonly isQuiet: boolean
}

const indexOf = ({ users }: Facts, isQuiet: boolean): Index => ({
  isQuiet,
  users: new Map(users.flatMap(({ userId, user }) => (user ? [[userId, user]] : []))),
  operations: new Map(users.flatMap(({ operations }) => operations.map((one) => [one.id, one]))),
  orders: new Map(users.flatMap(({ orders }) => orders.map((one) => [one.id, one]))),
})

const userViolations = ({ users }: Index, told: User): Violation[] => {
  const now = users.get(told.id)
  if (now === undefined) return [lost(`user ${told.id} was told, and is gone`, told.id)]
  const isSame = isDeepStrictEqual({ ...now, account: null }, { ...told, account: null })
  if (isSame && (told.account !== 'OPEN' || now.account === 'OPEN')) return []
  const message = `user ${told.id} was told as ${JSON.stringify(told)}, and is ${JSON.stringify(now)}`
  return [lost(message, told.id)]
}

interface OperationResult {
  readonly operation: Operation
  readonly account: Account
}

const operationViolations = ({ operations }: Index, status: number, told: OperationResult) => {
  const { id } = told.operation
  const now = operations.get(id)
  if (status === 402) {
    return now ? [lost(`operation ${id} was told as refused, and is on the account`, id)] : []
  }
  if (isDeepStrictEqual(now, told.operation)) return []
  const message = `operation ${JSON.stringify(told.operation)} was told, and is ${JSON.stringify(now) ?? 'gone'}`
  return [lost(message, id)]
}

const allowedNow: Readonly<Record<number, readonly string[]>> = {
  201: ['APPROVED', 'CANCELLED'],
  402: ['REJECTED'],
  404: ['REJECTED'],
  202: ['PENDING', 'APPROVED', 'REJECTED', 'CANCELLED'],
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
  { orders }: Index,
  orderId: string,
  requests: readonly Attempts[],
  isQuiet: boolean,
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

const presenceViolations = (index: Index, { method, path, answer }: ToldExchange): Violation[] => {
  const { status, body } = answer
  if (method === 'POST' && path === '/users' && (status === 201 || status === 202)) {
    return userViolations(index, body as User)
  }
  if (method === 'POST' && path.startsWith('/billing/') && (status === 200 || status === 402)) {
    return operationViolations(index, status, body as OperationResult)
  }
  if (method === 'POST' && path === '/orders') {
    if (status === 201 || status === 202) return orderViolations(index, status, body as Order)
    const { order } = body as { order?: Order }
    if (order !== undefined) return orderViolations(index, status, order)
  }
  if (method === 'DELETE' && status === 200) {
    const { id } = body as Order
    if (index.orders.get(id)?.status === 'CANCELLED') return []
    const message = `order ${id} was told as cancelled, and is ${JSON.stringify(index.orders.get(id))}`
    return [lost(message, id)]
  }
  return []
}

export const toldViolations = ({ facts, exchanges, isQuiet }: Evidence): Violation[] => {
  const index = indexOf(facts, isQuiet)
  const reprices = groupAttempts(exchanges.filter(({ method }) => method === 'PATCH'))
  const byOrder = Map.groupBy(reprices, ({ first }) => first.path.split('/')[2]!)
  return [
    ...keyedViolations(exchanges),
    ...cancelViolations(exchanges),
    ...exchanges.filter(isTold).flatMap((exchange) => presenceViolations(index, exchange)),
    ...[...byOrder].flatMap(([orderId, requests]) =>
      changeViolations(index, orderId, requests, isQuiet),
    ),
  ]
}
