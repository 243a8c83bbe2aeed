import { isDeepStrictEqual } from 'node:util'
import type { Account, Operation } from '../../src/services/billing/contract-schemas.ts'
import type { Member } from '../../src/services/company/contract.ts'
import type { User } from '../../src/services/user/contract.ts'
import type { Facts } from './facts.ts'
import type { Exchange } from './history.ts'
import { sagas } from './sagas.ts'
import {
  isDecision,
  isTold,
  lost,
  payloadOf,
  type Evidence,
  type ToldExchange,
  type Violation,
} from './evidence.ts'

/** Invariant 3: what a client was told stays true, and a repeat tells the same, byte for byte. */

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

const codeOf = ({ answer }: ToldExchange) => (answer.body as { code?: string }).code ?? ''

const sameAnswer = (one: ToldExchange, other: ToldExchange) => {
  if (one.answer.status !== other.answer.status) return false
  if (isStoredNowhere(one) && isStoredNowhere(other)) return codeOf(one) === codeOf(other)
  return isDeepStrictEqual(one.answer.body, other.answer.body)
}

/**
 * Refusals of this moment, after which nothing is kept: a repeat asks again. But what was once
 * decided under a key is never refused like this.
 */
const momentaryCodes = new Set([
  'offer-taken',
  'offer-closed',
  'company-inactive',
  'resource-taken',
  'member-exists',
  'member-limit',
  'category-limit',
  'last-admin',
  'forbidden',
])

const isOfThisMoment = (exchange: ToldExchange) =>
  exchange.answer.comeBack || momentaryCodes.has(codeOf(exchange))

const repeatViolations = (attempts: readonly Exchange[]): Violation[] => {
  const [{ key, method, path }] = attempts as [Exchange]
  const name = `${method} ${path} with key ${key}`
  const told = attempts.filter(isTold)
  const decisions = told.filter((one) => isDecision(one) && !isOfThisMoment(one))
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
    const wasBefore = isOfThisMoment(later) && later.sentMs < first.answeredMs
    if (!isSame && later.answer.status !== 422 && !wasBefore)
      wrong(`was answered ${later.answer.status} for two payloads`)
    if (isSame && isOfThisMoment(later) && later.sentMs > first.answeredMs) {
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
  const placeIn = ({ path }: Exchange) => path.split('?')[0]!
  const cancels = exchanges
    .filter(({ method }) => method === 'DELETE')
    .filter((exchange) => sagas.some(({ cancelled }) => cancelled.test(placeIn(exchange))))
    .filter(isTold)
  const byPlace = Map.groupBy(cancels, (one) => `${placeIn(one)} ${JSON.stringify(one.as)}`)
  return [...byPlace.values()].flatMap((told): Violation[] => {
    const first = told.find(({ answer }) => answer.status === 200)
    if (first === undefined) return []
    // Who left the company may not ask any more.
    const later = told.filter((one) => codeOf(one) !== 'forbidden')
    const other = later.find((one) => one.sentMs > first.answeredMs && !sameAnswer(first, one))
    if (other === undefined) return []
    const place = placeIn(first)
    const message = `DELETE ${place} was answered ${shown(first.answer)}, and after that ${shown(other.answer)}`
    return [lost(message, place.split('/')[2])]
  })
}

// --- the present state ----------------------------------------------------------

interface Index {
  readonly users: ReadonlyMap<string, User>
  readonly operations: ReadonlyMap<string, Operation>
}

const indexOf = ({ users }: Facts): Index => ({
  users: new Map(users.flatMap(({ userId, user }) => (user ? [[userId, user]] : []))),
  operations: new Map(users.flatMap(({ operations }) => operations.map((one) => [one.id, one]))),
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

const presenceViolations = (index: Index, { method, path, answer }: ToldExchange): Violation[] => {
  const { status, body } = answer
  if (method === 'POST' && path === '/users' && (status === 201 || status === 202)) {
    return userViolations(index, body as User)
  }
  if (method === 'POST' && path.startsWith('/billing/') && (status === 200 || status === 402)) {
    return operationViolations(index, status, body as OperationResult)
  }
  return []
}

/** Who became a member stays one until somebody asks for the end, and who was told to be gone is gone. */
const memberViolations = ({ facts, exchanges, isQuiet }: Evidence): Violation[] =>
  (isQuiet ? facts.memberships : []).flatMap((membership): Violation[] => {
    const { companyId, userId, joinedAt, leftAt } = membership
    const place = `/companies/${companyId}/members/${userId}`
    const ends = exchanges.filter(({ method, path }) => method === 'DELETE' && path === place)
    const who = `${userId}, who joined company ${companyId} at ${joinedAt},`
    if (leftAt === undefined && ends.length === 0) {
      return [lost(`${who} is no member, and nobody asked for that`, userId, companyId)]
    }
    const toldGone = ends
      .filter(isTold)
      .filter(({ answer }) => answer.status === 200)
      .some(({ answer }) => (answer.body as Member).joinedAt === joinedAt)
    if (!toldGone || leftAt !== null) return []
    return [lost(`${who} was told to be gone, and is a member`, userId, companyId)]
  })

export const toldViolations = (evidence: Evidence): Violation[] => {
  const { facts, exchanges } = evidence
  const index = indexOf(facts)
  return [
    ...keyedViolations(exchanges),
    ...cancelViolations(exchanges),
    ...exchanges.filter(isTold).flatMap((exchange) => presenceViolations(index, exchange)),
    ...memberViolations(evidence),
    ...sagas.flatMap((saga) => [...saga.told(evidence)]),
  ]
}
