import type { User } from '../../src/services/user/contract.ts'
import { isTold, type Evidence, type ToldExchange, type Violation } from './evidence.ts'
import type { Reachable, Thing } from './saga-rules.ts'
import { sagas } from './sagas.ts'

/** Invariant 8: every client, at every moment, saw states change along the allowed edges only. */

const reachable: Reachable = Object.assign(
  { account: { PENDING: ['PENDING', 'OPEN'], OPEN: ['OPEN'] } },
  ...sagas.map((saga) => saga.reachable),
)

interface Sighting extends Thing {
  readonly sentMs: number
  readonly answeredMs: number
}

const accountIn = ({ method, path, answer }: ToldExchange): Thing[] => {
  if (method !== 'GET' || answer.status !== 200 || !/^\/users\/[^/?]+$/.test(path)) return []
  const { id, account } = answer.body as User
  return [{ kind: 'account', id, status: account }]
}

const sightingsIn = (exchange: ToldExchange): Thing[] => [
  ...accountIn(exchange),
  ...sagas.flatMap((saga) => saga.sightings(exchange)),
]

const brokenEdge = (sightings: readonly Sighting[]): Violation[] => {
  const byAnswer = sightings.toSorted((one, other) => one.answeredMs - other.answeredMs)
  const bySending = sightings.toSorted((one, other) => one.sentMs - other.sentMs)
  const seen = new Set<string>()
  let next = 0
  for (const { kind, id, status, sentMs } of bySending) {
    // Only an answer that came before this request was sent is certainly older.
    while (next < byAnswer.length && byAnswer[next]!.answeredMs < sentMs) {
      seen.add(byAnswer[next]!.status)
      next += 1
    }
    for (const earlier of seen) {
      if (reachable[kind]?.[earlier]?.includes(status)) continue
      const message = `${kind} ${id} was seen ${earlier}, and after that ${status}`
      return [{ invariant: 8, about: [id], message }]
    }
  }
  return []
}

export const edgeViolations = ({ facts, exchanges }: Evidence): Violation[] => {
  const sightings: Sighting[] = exchanges.filter(isTold).flatMap((exchange) =>
    sightingsIn(exchange).map((sighting) => ({
      ...sighting,
      sentMs: exchange.sentMs,
      answeredMs: exchange.answeredMs,
    })),
  )
  for (const thing of sagas.flatMap((saga) => saga.things(facts))) {
    sightings.push({ ...thing, sentMs: Infinity, answeredMs: Infinity })
  }
  const byThing = Map.groupBy(sightings, ({ kind, id }) => `${kind} ${id}`)
  return [...byThing.values()].flatMap(brokenEdge)
}
