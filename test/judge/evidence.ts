import type { Facts, UserFacts } from './facts.ts'
import type { Exchange, Told } from './history.ts'

/** What the rules judge: what clients were told, and what the system says now. */
export interface Evidence {
  readonly facts: Facts
  readonly exchanges: readonly Exchange[]
  /**
   * Nothing is at work any more. Until then the facts are no single moment, and
   * rules that compare one list with another must wait.
   */
  readonly isQuiet: boolean
}

export interface Violation {
  /** Number of the invariant in the design. */
  readonly invariant: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8
  readonly message: string
  /** Ids and keys by which the events around it are found. */
  readonly about: readonly string[]
}

export type ToldExchange = Exchange & { readonly answer: Told }

export const isTold = (exchange: Exchange): exchange is ToldExchange =>
  exchange.answer.kind === 'told'

/** An answer that says how it ended; the others speak of a moment, or say that nothing was begun. */
const decidingStatuses = new Set([200, 201, 402, 404, 409])

export const isDecision = (exchange: Exchange): exchange is ToldExchange =>
  isTold(exchange) && decidingStatuses.has(exchange.answer.status) && !exchange.answer.comeBack

/** Sent as JSON, so this is what the system saw. */
export const payloadOf = ({ method, path, body }: Exchange) =>
  `${method} ${path} ${JSON.stringify(body)}`

/** What one key, or one request without a key, came to. */
export interface Attempts {
  readonly first: Exchange
  readonly all: readonly Exchange[]
  readonly decision: ToldExchange | undefined
}

/** Repeats of one request are one group; without a key every request is its own. */
export const groupAttempts = (exchanges: readonly Exchange[]): Attempts[] => {
  const byRequest = Map.groupBy(exchanges, (exchange) => {
    const { key } = exchange
    return key === undefined ? exchange : `${key} ${payloadOf(exchange)}`
  })
  return [...byRequest.values()].map((all) => ({
    first: all[0]!,
    all,
    decision: all.find(isDecision),
  }))
}

/** Whether any of the attempts may have begun something of which nobody told the end. */
export const mayHaveBegun = ({ all, decision }: Attempts): boolean =>
  decision === undefined &&
  all.some(({ answer }) => answer.kind === 'unknown' || answer.status === 202)

export const forEachUser = (
  { facts }: Evidence,
  rule: (user: UserFacts) => readonly Violation[],
): Violation[] => facts.users.flatMap((user) => [...rule(user)])
