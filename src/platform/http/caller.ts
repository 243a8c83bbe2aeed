import type { Context } from 'hono'
import { ProblemError } from '../base/errors.ts'
import { reaches, type Person } from '../base/caller.ts'
import { scopedKey } from '../base/idempotency-keys.ts'
import type { ServiceEnv } from './app.ts'

/** What is read of a context. The whole type of one handler’s context is no other’s. */
type AppContext = Pick<Context<ServiceEnv>, 'env'>

/** The header in which the gateway tells whose request it passes on. It passes none on from outside. */
export const clientAddressHeader = 'x-client-address'

/** Who acts. The server let only people through to a route whose word is `person` or `operator`. */
export const personIn = (c: AppContext): Person => {
  const { caller } = c.env.incoming
  if (caller?.kind === 'person') return caller.person
  throw new ProblemError('unauthenticated', 'This needs the token of a person.')
}

/** Whose things a statement may find: those of this person, or everybody's if it is null. */
export const viewerIn = (c: AppContext): string | null => {
  const { id, isOperator } = personIn(c)
  return isOperator ? null : id
}

/**
 * Throws what is thrown when there is no such thing, if it belongs to somebody else: nobody learns
 * whether it exists.
 */
export const requireReach = (c: AppContext, ownerId: string, missing: () => ProblemError): void => {
  if (!reaches(personIn(c), ownerId)) throw missing()
}

interface KeyedContext {
  readonly req: { readonly valid: (target: 'header') => { 'idempotency-key'?: string | undefined } }
}

/** The key as the client sent it, without quotes. */
export const sentKeyIn = (c: KeyedContext): string | null =>
  c.req.valid('header')['idempotency-key'] ?? null

/**
 * The key under which a row of this owner is stored. Keys belong to who acts: an operator's are told
 * apart from the owner's own, so that neither is answered with what the other did.
 */
export const keyIn = (c: AppContext & KeyedContext, ownerId: string): string | null => {
  const key = sentKeyIn(c)
  const { id } = personIn(c)
  return key === null || id === ownerId ? key : scopedKey(id, key)
}

/** The address of the client, for limits. Undefined when no gateway told it. */
export const clientAddressIn = (c: AppContext): string | undefined => {
  const address = c.env.incoming.headers[clientAddressHeader]
  return typeof address === 'string' && address !== '' ? address : undefined
}
