import type { JsonWebKey } from 'node:crypto'
import type { ServiceName } from '../../../src/registry.ts'
import type { Told } from './ask.ts'
import type { AccessRoute } from './routes.ts'

/** What the matrix needs of a system, however it was started and whoever issues its tokens. */
export interface Somebody {
  readonly id: string
  readonly roles: readonly string[]
}

export const roleNames = ['owner', 'stranger', 'operator', 'teller'] as const
export type RoleName = (typeof roleNames)[number]

type Tokens = Readonly<Record<string, string>>

export interface TokenSource {
  readonly tokenOf: (who: Somebody) => Promise<string>
  /** Tokens that were really signed by an issuer and must be refused all the same, by what is wrong. */
  readonly wrongTokensOf: (who: Somebody) => Promise<Tokens>
  /** The public key with which a token can be verified. */
  readonly keyOf: (token: string) => Promise<JsonWebKey>
  readonly serviceToken: (from: ServiceName, to: ServiceName) => string
  readonly wrongServiceTokens: (from: ServiceName, to: ServiceName) => Tokens
  readonly serviceKey: (from: ServiceName) => JsonWebKey
  /** An address of the forger's: nobody may fetch keys there. */
  readonly lure: string
}

export interface Door {
  readonly name: string
  readonly isGateway: boolean
  readonly urlOf: (service: ServiceName) => string
}

export interface World {
  readonly doors: readonly Door[]
  readonly tokens: TokenSource
  readonly people: Readonly<Record<RoleName, Somebody>>
  /** How somebody comes to own a thing, by the name under which requests ask for it. */
  readonly things: Readonly<Record<string, (owner: Somebody) => Promise<string>>>
  /** All rows of all tables, as one text. */
  readonly contents: () => Promise<string>
  /** How many rows are not finished. */
  readonly countOwed: () => Promise<number>
  /** The names of the statements that reach Postgres meanwhile, when they can be seen. */
  readonly watch?: <Result>(work: () => Promise<Result>) => Promise<Watched<Result>>
  /** Whether a refusal is right for somebody who may call a route, because of what was done before. */
  readonly isFine?: (route: AccessRoute, told: Told) => boolean
  /** How many acts of operators a service has written down. */
  readonly countActs: (service: ServiceName) => Promise<number>
}

export interface Watched<Result> {
  readonly result: Result
  readonly statements: readonly string[]
}
