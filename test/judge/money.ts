import type { Operation } from '../../src/services/billing/contract-schemas.ts'
import type { OrderDetails } from '../../src/services/order/contract.ts'
import type { UserFacts } from './facts.ts'
import {
  forEachUser,
  groupAttempts,
  mayHaveBegun,
  type Attempts,
  type Evidence,
  type Violation,
} from './evidence.ts'

/** Invariants 1, 2, 4 and 6: every movement of money has a cause, and each cause has one effect. */

type Kind = Operation['kind']

/** What moves money: an order, a change of an order, or a client's own deposit or withdrawal. */
interface Cause {
  readonly kind: Kind
  readonly amount: number
  readonly name: string
  readonly about: readonly string[]
  /** Null when the client did it itself. */
  readonly orderId: string | null
  /** Undefined when the client did it itself: then nothing has to be stored before. */
  readonly storedAt: string | undefined
  /** It is undecided or was never answered: it may have moved money once. */
  readonly isOptional: boolean
}

const ledgerViolations = ({ userId, account, operations }: UserFacts, isQuiet: boolean) => {
  const violations: Violation[] = []
  const seen = new Set<string>()
  let balance = 0
  for (const { id, kind, amount, balanceAfter, status } of operations) {
    balance += kind === 'WITHDRAW' ? -amount : amount
    const about = [userId, id]
    if (seen.has(id)) {
      violations.push({ invariant: 1, about, message: `operation ${id} is listed twice` })
    }
    seen.add(id)
    if (balance < 0) {
      const message = `the balance of ${userId} is ${balance} after ${kind} ${amount} (${id})`
      violations.push({ invariant: 1, about, message })
    }
    if (balanceAfter !== balance || status !== 'DONE') {
      const message = `${kind} ${amount} (${id}) says ${status} and ${balanceAfter} are left, but the operations up to it come to ${balance}`
      violations.push({ invariant: 1, about, message })
      break
    }
  }
  if (account !== undefined && account.balance < 0) {
    const message = `the balance of ${userId} is ${account.balance}`
    violations.push({ invariant: 1, about: [userId], message })
  }
  if (isQuiet && violations.length === 0 && (account?.balance ?? 0) !== balance) {
    const message = `the account of ${userId} holds ${account?.balance}, but its operations come to ${balance}`
    violations.push({ invariant: 1, about: [userId], message })
  }
  return violations
}

/** Returns the first price: the present price minus what the re-pricings added. */
export const firstPriceOf = ({ price, changes }: OrderDetails): number =>
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
      orderId: id,
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
      orderId: id,
      storedAt: change.createdAt,
      isOptional: change.status === 'PENDING',
    })
  }
  return causes
}

const causeOfRequest = ({ first }: Attempts): Cause => ({
  kind: first.path.endsWith('/deposit') ? 'DEPOSIT' : 'WITHDRAW',
  amount: (first.body as { amount: number }).amount,
  name: `a request of ${first.client} with key ${first.key} that was never answered`,
  about: first.key === undefined ? [] : [first.key],
  orderId: null,
  storedAt: undefined,
  isOptional: true,
})

const isBefore = (cause: Cause, operation: Operation) =>
  cause.storedAt === undefined || cause.storedAt <= operation.createdAt

const sortOf = ({ kind, amount, orderId }: Pick<Cause, 'kind' | 'amount' | 'orderId'>) =>
  `${kind} ${amount} ${orderId}`

/** Gives each operation one fitting cause that was stored before it, and uses each cause once. */
const match = (operations: readonly Operation[], causes: readonly Cause[]) => {
  const requiredFirst = causes.toSorted(
    (one, other) => Number(one.isOptional) - Number(other.isOptional),
  )
  const free = Map.groupBy(requiredFirst, sortOf)
  const orphans: Operation[] = []
  for (const operation of operations) {
    const candidates = free.get(sortOf(operation)) ?? []
    const index = candidates.findIndex((cause) => isBefore(cause, operation))
    if (index === -1) orphans.push(operation)
    else candidates.splice(index, 1)
  }
  const missing = [...free.values()].flat().filter(({ isOptional }) => !isOptional)
  return { orphans, missing }
}

const orphanViolation = (operation: Operation, causes: readonly Cause[]): Violation => {
  const { id, userId, kind, amount, createdAt } = operation
  const what = `${kind} ${amount} (${id}) on the account of ${userId}`
  const alike = causes.filter((cause) => cause.kind === kind && cause.amount === amount)
  const late = alike.find((cause) => !isBefore(cause, operation))
  const about = [id, userId, ...((late ?? alike[0])?.about ?? [])]
  if (late !== undefined) {
    const message = `${what} happened at ${createdAt}, before ${late.name} was stored at ${late.storedAt}`
    return { invariant: 6, about, message }
  }
  if (alike.some(({ isOptional }) => isOptional)) {
    return { invariant: 4, about, message: `${what} happened more often than it was asked for` }
  }
  const hint = alike[0] ? `: ${alike[0].name} had it already` : ''
  return { invariant: 2, about, message: `nobody asked for ${what}${hint}` }
}

const causeViolations = (user: UserFacts, requests: readonly Attempts[]): Violation[] => {
  const told = new Set(
    requests.flatMap(({ decision }) => {
      if (decision?.answer.status !== 200) return []
      return [(decision.answer.body as { operation: Operation }).operation.id]
    }),
  )
  const unexplained = user.operations.filter(({ id }) => !told.has(id))
  const causes = [
    ...user.orders.flatMap(causesOfOrder),
    ...requests.filter(mayHaveBegun).map(causeOfRequest),
  ]
  const { orphans, missing } = match(unexplained, causes)
  return [
    ...orphans.map((operation) => orphanViolation(operation, causes)),
    ...missing.map(({ kind, amount, name, about }): Violation => {
      const message = `${kind} ${amount} for ${name} is not on the account of ${user.userId}`
      return { invariant: 2, message, about: [...about, user.userId] }
    }),
  ]
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

export const moneyViolations = (evidence: Evidence): Violation[] => {
  const { exchanges, isQuiet } = evidence
  const moneyRequests = exchanges.filter(
    ({ method, path }) => method === 'POST' && path.startsWith('/billing/accounts/'),
  )
  const byUser = Map.groupBy(groupAttempts(moneyRequests), ({ first }) => first.path.split('/')[3]!)
  return forEachUser(evidence, (user) => [
    ...ledgerViolations(user, isQuiet),
    ...(isQuiet ? user.orders.flatMap(trailViolations) : []),
    ...(isQuiet ? causeViolations(user, byUser.get(user.userId) ?? []) : []),
  ])
}
