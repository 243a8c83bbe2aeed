import type { Operation } from '../../src/services/billing/contract-schemas.ts'
import type { UserFacts } from './facts.ts'
import {
  forEachUser,
  groupAttempts,
  mayHaveBegun,
  type Attempts,
  type Evidence,
  type Violation,
} from './evidence.ts'
import type { Cause } from './saga-rules.ts'
import { sagas } from './sagas.ts'

/** Invariants 1, 2, 4 and 6: every movement of money has a cause, and each cause has one effect. */

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

const causeOfRequest = ({ first }: Attempts): Cause => ({
  kind: first.path.endsWith('/deposit') ? 'DEPOSIT' : 'WITHDRAW',
  amount: (first.body as { amount: number }).amount,
  name: `a request of ${first.client} with key ${first.key} that was never answered`,
  about: first.key === undefined ? [] : [first.key],
  sagaId: null,
  storedAt: undefined,
  isOptional: true,
})

const isBefore = (cause: Cause, operation: Operation) =>
  cause.storedAt === undefined || cause.storedAt <= operation.createdAt

const sortOf = (kind: Cause['kind'], amount: number, sagaId: string | null) =>
  `${kind} ${amount} ${sagaId}`

/** Gives each operation one fitting cause that was stored before it, and uses each cause once. */
const match = (operations: readonly Operation[], causes: readonly Cause[]) => {
  const requiredFirst = causes.toSorted(
    (one, other) => Number(one.isOptional) - Number(other.isOptional),
  )
  const free = Map.groupBy(requiredFirst, ({ kind, amount, sagaId }) =>
    sortOf(kind, amount, sagaId),
  )
  const orphans: Operation[] = []
  for (const operation of operations) {
    const candidates = free.get(sortOf(operation.kind, operation.amount, operation.orderId)) ?? []
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
    ...sagas.flatMap((saga) => saga.causes(user)),
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

/** Billing names the row that each movement is for. A row takes what it should, and no more. */
const takingViolations = (user: UserFacts): Violation[] => {
  const taken = new Map<string, number>()
  for (const { orderId, kind, amount } of user.operations) {
    if (orderId === null) continue
    taken.set(orderId, (taken.get(orderId) ?? 0) + (kind === 'WITHDRAW' ? amount : -amount))
  }
  return sagas
    .flatMap(({ takings }) => takings(user))
    .flatMap(({ sagaId, name, takings }): Violation[] => {
      const now = taken.get(sagaId) ?? 0
      if (takings.includes(now)) return []
      const message = `${name} should have taken ${takings.join(' or ')}, and took ${now}`
      return [{ invariant: 2, about: [sagaId, user.userId], message }]
    })
}

export const moneyViolations = (evidence: Evidence): Violation[] => {
  const { exchanges, isQuiet } = evidence
  const moneyRequests = exchanges.filter(
    ({ method, path }) => method === 'POST' && path.startsWith('/billing/accounts/'),
  )
  const byUser = Map.groupBy(groupAttempts(moneyRequests), ({ first }) => first.path.split('/')[3]!)
  const byUserViolations = forEachUser(evidence, (user) => [
    ...ledgerViolations(user, isQuiet),
    ...(isQuiet ? takingViolations(user) : []),
    ...(isQuiet ? causeViolations(user, byUser.get(user.userId) ?? []) : []),
  ])
  return [...byUserViolations, ...sagas.flatMap((saga) => [...saga.contradictions(evidence)])]
}
