import type { Facts, UserFacts } from './facts.ts'
import type { Exchange, Told } from './history.ts'

/** What the rules judge: what clients were told, and what the system tells now. */
export interface Evidence {
  readonly facts: Facts
  readonly exchanges: readonly Exchange[]
  /**
   * True when nothing is at work any more. Until then the facts are read at different moments, and
   * rules that compare one list with another must wait.
   */
  readonly isQuiet: boolean
}

export interface Violation {
  /** The number of the invariant in the design. */
  readonly invariant: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9
  readonly message: string
  /** Ids and keys that find the events around it. */
  readonly about: readonly string[]
}

/** What a client was told is true no more. */
export const lost = (message: string, ...about: (string | undefined)[]): Violation => ({
  invariant: 3,
  message,
  about: about.filter((id) => id !== undefined),
})

export type ToldExchange = Exchange & { readonly answer: Told }

export const isTold = (exchange: Exchange): exchange is ToldExchange =>
  exchange.answer.kind === 'told'

/** Statuses that tell how a request ended. The others may be different a moment later. */
const decidingStatuses = new Set([200, 201, 204, 401, 402, 403, 404, 409])

export const isDecision = (exchange: Exchange): exchange is ToldExchange =>
  isTold(exchange) && decidingStatuses.has(exchange.answer.status) && !exchange.answer.comeBack

/** JSON is what is sent, so this is what the system received. */
export const payloadOf = ({ method, path, body }: Exchange) =>
  `${method} ${path} ${JSON.stringify(body)}`

/** All attempts with one key, or one request without a key. */
export interface Attempts {
  readonly first: Exchange
  readonly all: readonly Exchange[]
  readonly decision: ToldExchange | undefined
}

/** Groups the repeats of one request. Every request without a key is a group of its own. */
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

/** Whether an attempt may have begun something whose end no answer told. */
export const mayHaveBegun = ({ all, decision }: Attempts): boolean =>
  decision === undefined &&
  all.some(({ answer }) => answer.kind === 'unknown' || answer.status === 202)

export const forEachUser = (
  { facts }: Evidence,
  rule: (user: UserFacts) => readonly Violation[],
): Violation[] => facts.users.flatMap((user) => [...rule(user)])
