import { isInCircle, watchedTables } from '../../lab/sagas.ts'
import { withTimesAsTheyWere } from '../../lab/moved-times.ts'
import { collectFacts } from '../../judge/facts.ts'
import type { Exchange, History } from '../../judge/history.ts'
import { findViolations, invariantNames } from '../../judge/invariants.ts'
import { isDecision, payloadOf } from '../../judge/evidence.ts'
import type { ToldExchange } from '../../judge/evidence.ts'
import { isAsWanted, type Comparison, type Memory, type Scenario } from './scenario.ts'
import type { System } from './system.ts'
import type { Watch } from './witness.ts'

/** Checks everything after a run, the invariants of the design first. */
const wordFor = new Map(
  watchedTables.map(({ table, edges }) => [
    table,
    new Map(
      edges.map((edge) => [`${edge.from}-${edge.to}`, isInCircle(edges, edge) ? 'often' : 'once']),
    ),
  ]),
)

const edgeComplaints = async (watch: Watch) => {
  const seen = new Set<string>()
  return (await watch.edges()).flatMap(({ table, id, was, became }) => {
    const edge = `${was}-${became}`
    const again = seen.has(`${id} ${edge}`)
    seen.add(`${id} ${edge}`)
    const allowed = wordFor.get(table)?.get(edge)
    if (allowed === 'often' || (allowed === 'once' && !again)) return []
    return [`invariant 8 (${invariantNames[8]}): ${table} ${id} went from ${was} to ${became}`]
  })
}

const causeComplaints = async (watch: Watch) => {
  const withdrawals = await watch.withdrawals()
  const found = await watch.causes(withdrawals.map(({ key }) => key))
  const causes = new Map(found.map((row) => [row.key, row]))
  return withdrawals.flatMap(({ key, createdAt }) => {
    const cause = causes.get(key)
    if (cause && cause.createdAt <= createdAt) return []
    return [`invariant 6 (${invariantNames[6]}): the withdrawal ${key} has no row before it`]
  })
}

const owedComplaints = async (watch: Watch) =>
  (await watch.owed()).map(
    (row) => `invariant 7 (nothing is owed when the faults are over): ${row} is still due`,
  )

const bag = (items: readonly string[]) => items.toSorted().join(' | ')

const outcomeComplaints = (compared: readonly Comparison[]) =>
  compared
    .filter((one) => !isAsWanted(one))
    .map(
      ({ what, found, wanted }) =>
        `the scenario's ${what} must be\n  ${bag(wanted)}\nbut they are\n  ${bag(found)}`,
    )

/** All definite answers to one request are equal, byte for byte, and a repeat says that it is one. */
const repeatComplaints = (exchanges: readonly Exchange[], repeated: readonly ToldExchange[]) =>
  repeated.flatMap((again) => {
    const shown = JSON.stringify(again.answer.body)
    const complaints = exchanges
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

export interface Course {
  readonly system: System
  readonly scenario: Scenario
  readonly history: History
  readonly memory: Memory
  readonly watch: Watch
}

export const audit = async (
  { system, scenario, history, memory, watch }: Course,
  repeated: readonly ToldExchange[],
): Promise<string[]> => {
  const facts = withTimesAsTheyWere(
    await collectFacts(system.gatewayUrl, scenario.people(memory), history.exchanges),
  )
  const exchanges = withTimesAsTheyWere(history.exchanges)
  const violations = findViolations({ facts, exchanges, isQuiet: true }).map(
    ({ invariant, message }) => `invariant ${invariant} (${invariantNames[invariant]}): ${message}`,
  )
  return [
    ...violations,
    ...repeatComplaints(exchanges, withTimesAsTheyWere(repeated)),
    ...(await owedComplaints(watch)),
    ...(await edgeComplaints(watch)),
    ...(await causeComplaints(watch)),
    ...outcomeComplaints(scenario.outcome(memory, facts)),
  ]
}
