import type { ServiceName } from '../../registry.ts'

/**
 * Who may call a route, as its contract says in one word: `anyone`; a `person` with a token of the
 * issuer, who reaches what is theirs; an `operator`; or the services that are named.
 */
export type Access =
  | 'anyone'
  | 'person'
  | 'operator'
  | { readonly services: readonly ServiceName[] }

/** Somebody with a valid token. */
export interface Person {
  /** The user's id: what belongs to somebody is compared with it. */
  readonly id: string
  readonly roles: readonly string[]
  /** An operator reaches what belongs to others, and leaves a trace of it. */
  readonly isOperator: boolean
  readonly email?: string
  readonly locale?: string
}

/** Who sent a request. The server finds it out before the body is read. */
export type Caller =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'person'; readonly person: Person }
  | { readonly kind: 'service'; readonly service: ServiceName }

export const nobody: Caller = { kind: 'nobody' }

export const operatorRole = 'operator'

/** Whether something of this owner is within reach. */
export const reaches = (person: Person, ownerId: string): boolean =>
  person.isOperator || person.id === ownerId
