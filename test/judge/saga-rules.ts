import type { Operation } from '../../src/services/billing/contract-schemas.ts'
import type { Letter } from '../../src/services/notification/contract.ts'
import type { Evidence, ToldExchange, Violation } from './evidence.ts'
import type { Facts, UserFacts } from './facts.ts'

/**
 * What the judge must know of a saga: which of its rows move money, owe letters and have states, and
 * what its answers promise. A further saga is one more of these, in the list in `sagas.ts`.
 */

/** What moves money: a row of a saga, or a client's own deposit or withdrawal. */
export interface Cause {
  readonly kind: Operation['kind']
  readonly amount: number
  readonly name: string
  readonly about: readonly string[]
  /** The row by which billing names what the money is for. Null when the client did it itself. */
  readonly sagaId: string | null
  /** Undefined when the client did it itself: then nothing has to be stored before. */
  readonly storedAt: string | undefined
  /** It is undecided or was never answered: it may have moved money once. */
  readonly isOptional: boolean
}

/** What a row should have taken by now, withdrawals minus refunds. */
export interface Taking {
  readonly sagaId: string
  readonly name: string
  /** While a row is undecided, there are several right ones. */
  readonly takings: readonly number[]
}

export interface Owed extends Pick<Letter, 'kind' | 'orderId' | 'bookingId' | 'amount'> {
  /** It is not visible from outside whether the reader was one when it was decided. */
  readonly isOptional: boolean
}

/** Something with a state, as somebody saw it. */
export interface Thing {
  readonly kind: string
  readonly id: string
  readonly status: string
}

export interface Unfinished {
  readonly what: string
  readonly id: string
}

/** From each state to those in which a thing may be seen later. */
export type Reachable = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

export interface SagaRules {
  readonly causes: (user: UserFacts) => readonly Cause[]
  readonly takings: (user: UserFacts) => readonly Taking[]
  /** What does not fit together. While something is at work, facts are of different moments. */
  readonly contradictions: (evidence: Evidence) => readonly Violation[]
  readonly letters: (user: UserFacts, facts: Facts) => readonly Owed[]
  /** Of the kinds with one word here, one letter at most goes to a reader about a row. */
  readonly once: Readonly<Partial<Record<Letter['kind'], string>>>
  readonly unfinished: (user: UserFacts) => readonly Unfinished[]
  readonly reachable: Reachable
  /** The states that an answer shows. Repeats are left out: they show the past on purpose. */
  readonly sightings: (exchange: ToldExchange) => readonly Thing[]
  readonly things: (facts: Facts) => readonly Thing[]
  /** What clients were told of it and is true no more. */
  readonly told: (evidence: Evidence) => readonly Violation[]
  /** What is cancelled once and for ever, by DELETE. */
  readonly cancelled: RegExp
}
