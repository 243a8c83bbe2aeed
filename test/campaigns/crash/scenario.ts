import { isDeepStrictEqual } from 'node:util'
import type { ServiceName } from '../../../src/registry.ts'
import type { Facts, UserFacts } from '../../judge/facts.ts'
import type { Request } from '../../lab/actors.ts'
import type { OwnPostgres } from '../../lab/own-postgres.ts'
import type { Login } from '../../lab/sign-in.ts'

/**
 * What a scenario is made of. A run drives one scenario, for people of its own. Keys and amounts
 * are fixed, so the outcome is fixed, whatever faults strike.
 */
export interface Memory {
  /** Each run has a different one. */
  readonly tag: string
  /** When the run began. */
  readonly begunMs: number
  /** An id that is no user. */
  readonly nobody: string
  readonly operator: Login
  /** Ids and tokens that answers told, by the names that the steps give them. */
  readonly recall: (name: string) => string
  readonly keep: (name: string, value: string) => void
}

/** What steps need to know of an answer. */
export interface Kept {
  readonly id: string
  readonly accessToken: string
  readonly refreshToken: string
}

/** What the lab can do to a system that no client can: let time pass. */
export type Hands = Pick<OwnPostgres, 'sql'>

type Treatment = (hands: Hands, memory: Memory) => Promise<void>

export interface Step {
  /** No other step of any scenario has it: points and faults are named by it. */
  readonly name: string
  readonly requests: (memory: Memory) => readonly Request[]
  /** The definite answer that it must get. */
  readonly status: number
  /** Another one that is right when the first answer was lost. */
  readonly orElse?: number
  /** The services store nothing of it, so a client cannot repeat it. */
  readonly isForgotten?: true
  /** Sent at the same moment: the requests after the first one share the next call. */
  readonly isAtOnce?: true
  /** Faults strike here only what no other step of any scenario visits. */
  readonly isPreparation?: true
  /** What the lab does before the step. */
  readonly before?: Treatment
  /** Requests to it are lost until the client was told that the work is begun, and `meanwhile` is done. */
  readonly without?: ServiceName
  readonly meanwhile?: Treatment
  readonly keep?: (memory: Memory, body: Kept) => void
}

/** Something that is there after a run, and what must be there: in any order, each as often. */
export interface Comparison {
  readonly what: string
  readonly found: readonly string[]
  readonly wanted: readonly string[]
}

export interface Scenario {
  readonly name: string
  readonly steps: readonly Step[]
  /** Whose belongings are judged. */
  readonly people: (memory: Memory) => readonly string[]
  readonly outcome: (memory: Memory, facts: Facts) => readonly Comparison[]
}

export const isAsWanted = ({ found, wanted }: Comparison): boolean =>
  isDeepStrictEqual(found.toSorted(), wanted.toSorted())

export const factsOf = ({ users }: Facts, wanted: string): UserFacts => {
  const found = users.find(({ userId }) => userId === wanted)
  if (found === undefined) throw new Error(`nothing is known of ${wanted}`)
  return found
}

/** Money and letters of one person. */
export const belongings = (
  whose: string,
  { account, operations, letters }: UserFacts,
  wanted: {
    readonly balance: number
    readonly operations: readonly string[]
    readonly letters: readonly string[]
  },
): Comparison[] => [
  { what: `balance of ${whose}`, found: [`${account?.balance}`], wanted: [`${wanted.balance}`] },
  {
    what: `operations of ${whose}`,
    found: operations.map(({ kind, amount }) => `${kind} ${amount}`),
    wanted: wanted.operations,
  },
  {
    what: `letters to ${whose}`,
    found: letters.map(({ kind, amount }) => `${kind} ${amount}`),
    wanted: wanted.letters,
  },
]

// --- steps and requests that scenarios share --------------------------------------

const tokenOf = (person: string) => `token of ${person}`

/** With the token that this person got when they signed in. */
export const by = (
  person: string,
  memory: Memory,
  requests: readonly Request[],
): readonly Request[] =>
  requests.map((request) => ({ ...request, as: { token: memory.recall(tokenOf(person)) } }))

export const write = (
  memory: Memory,
  step: string,
  method: 'POST' | 'PATCH',
  path: string,
  body: unknown,
): readonly Request[] => [{ method, path, body, key: `${memory.tag}-${step.replaceAll(' ', '-')}` }]

export const read = (path: string): Request => ({ method: 'GET', path })

/** One write with its key, named after the step. */
export const writing = (
  name: string,
  person: string,
  status: number,
  request: (memory: Memory) => readonly [method: 'POST' | 'PATCH', path: string, body: unknown],
  keepIdAs?: string,
): Step => ({
  name,
  status,
  requests: (memory) => by(person, memory, write(memory, name, ...request(memory))),
  ...(keepIdAs === undefined ? {} : { keep: ({ keep }, { id }) => keep(keepIdAs, id) }),
})

const loginOf = ({ tag }: Memory, person: string) => {
  const username = `${tag}-${person}`
  return { username, password: `the password of ${username}` }
}

/** The body of a person who signs up, and of the session that follows. */
export const signUpAs = (person: string, name: string): Step => ({
  name,
  status: 201,
  requests: (memory) =>
    write(memory, name, 'POST', '/users', {
      ...loginOf(memory, person),
      email: `${loginOf(memory, person).username}@example.com`,
    }),
  keep: ({ keep }, { id }) => keep(person, id),
})

/** Each repeat makes a session of its own. */
export const signInAs = (
  person: string,
  name: string,
  login: (memory: Memory) => Login = (memory) => loginOf(memory, person),
): Step => ({
  name,
  status: 200,
  isForgotten: true,
  requests: (memory) => [{ method: 'POST', path: '/sessions', body: login(memory) }],
  keep: ({ keep }, { accessToken, refreshToken }) => {
    keep(tokenOf(person), accessToken)
    keep(`refresh token of ${person}`, refreshToken)
  },
})

export const putOn = (person: string, name: string, amount: number): Step =>
  writing(name, person, 200, ({ recall }) => [
    'POST',
    `/billing/accounts/${recall(person)}/deposit`,
    { amount },
  ])
