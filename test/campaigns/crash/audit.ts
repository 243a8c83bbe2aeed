import { changeEdges, orderEdges } from '../../../src/services/order/states.ts'
import { collectFacts, type UserFacts } from '../../judge/facts.ts'
import type { History } from '../../judge/history.ts'
import { findViolations, invariantNames } from '../../judge/invariants.ts'
import { isDecision, payloadOf } from '../../judge/evidence.ts'
import type { ToldExchange } from '../../judge/evidence.ts'
import { outcome, type Memory } from './scenario.ts'
import type { System } from './system.ts'

/** Checks everything after a run, the invariants of the design first. */
const allowedEdges: Readonly<Record<string, readonly string[]>> = {
  users: ['PENDING-OPEN'],
  orders: orderEdges.map(({ from, to }) => `${from}-${to}`),
  order_changes: changeEdges.map(({ from, to }) => `${from}-${to}`),
}

const edgeComplaints = async ({ witness }: System, userId: string) => {
  const edges = await witness.edges(userId)
  const seen = new Set<string>()
  return edges.flatMap(({ table, id, was, became }) => {
    const edge = `${was}-${became}`
    const again = seen.has(`${id} ${edge}`)
    seen.add(`${id} ${edge}`)
    if (allowedEdges[table]?.includes(edge) && !again) return []
    return [`invariant 8 (${invariantNames[8]}): ${table} ${id} went from ${was} to ${became}`]
  })
}

const causeComplaints = async ({ witness }: System, userId: string) => {
  const causes = new Map((await witness.causes(userId)).map((row) => [`saga:${row.id}`, row]))
  const withdrawals = await witness.withdrawals(userId)
  return withdrawals.flatMap(({ key, createdAt }) => {
    const cause = causes.get(key)
    if (cause && cause.createdAt <= createdAt) return []
    return [`invariant 6 (${invariantNames[6]}): the withdrawal ${key} has no row before it`]
  })
}

const owedComplaints = async ({ witness }: System, userId: string) =>
  (await witness.owed(userId)).map(
    (row) => `invariant 7 (nothing is owed when the faults are over): ${row} is still due`,
  )

const bag = (items: readonly string[]) => items.toSorted().join(' | ')

const differences = (what: string, found: readonly string[], wanted: readonly string[]) =>
  bag(found) === bag(wanted)
    ? []
    : [`the scenario's ${what} must be\n  ${bag(wanted)}\nbut they are\n  ${bag(found)}`]

const outcomeComplaints = ({ account, operations, orders, letters }: UserFacts) => [
  ...differences('balance', [`${account?.balance}`], [`${outcome.balance}`]),
  ...differences(
    'operations',
    operations.map(({ kind, amount }) => `${kind} ${amount}`),
    outcome.operations,
  ),
  ...differences(
    'orders',
    orders.map(
      ({ status, price, changes }) =>
        `${status} ${price}: ${changes.map((change) => `${change.kind} ${change.status}`).join(', ')}`,
    ),
    outcome.orders,
  ),
  ...differences(
    'letters',
    letters.map(({ kind, amount }) => `${kind} ${amount}`),
    outcome.letters,
  ),
]

/** All definite answers to one request are equal, byte for byte, and a repeat says that it is one. */
const repeatComplaints = (history: History, repeated: readonly ToldExchange[]) =>
  repeated.flatMap((again) => {
    const shown = JSON.stringify(again.answer.body)
    const complaints = history.exchanges
      .filter((other) => other.key === again.key && payloadOf(other) === payloadOf(again))
      .filter(isDecision)
      .filter(
        ({ answer }) =>
          answer.status !== again.answer.status || JSON.stringify(answer.body) !== shown,
      )
      .map(
        ({ answer }) =>
          `invariant 3 (${invariantNames[3]}): ${payloadOf(again)} was answered ${answer.status} ${JSON.stringify(answer.body)} and later ${again.answer.status} ${shown}`,
      )
    const isUntold = again.key !== undefined && !again.answer.replayed
    return [
      ...complaints.slice(0, 1),
      ...(isUntold ? [`the repeat of ${payloadOf(again)} does not say that it is one`] : []),
    ]
  })

export const audit = async (
  system: System,
  history: History,
  memory: Memory,
  repeated: readonly ToldExchange[],
): Promise<string[]> => {
  const facts = await collectFacts(system.gatewayUrl, [memory.userId, memory.nobody])
  const { exchanges } = history
  const violations = findViolations({ facts, exchanges, isQuiet: true }).map(
    ({ invariant, message }) => `invariant ${invariant} (${invariantNames[invariant]}): ${message}`,
  )
  return [
    ...violations,
    ...repeatComplaints(history, repeated),
    ...(await owedComplaints(system, memory.userId)),
    ...(await owedComplaints(system, memory.nobody)),
    ...(await edgeComplaints(system, memory.userId)),
    ...(await causeComplaints(system, memory.userId)),
    ...facts.users.filter(({ userId }) => userId === memory.userId).flatMap(outcomeComplaints),
  ]
}
