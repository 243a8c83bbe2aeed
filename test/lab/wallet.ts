import { uuidv7 } from '../../src/platform/base/ids.ts'
import type { ServiceName } from '../../src/registry.ts'
import { committedContracts, resolveSchema, type Operation } from '../judge/contract-check.ts'
import { createPathFinder, describedMethod, type FoundPath } from '../judge/contract-routes.ts'
import { addressOf, learnFrom, ownerOf } from './belongings.ts'
import { mintToken, tokenLifetimeMs } from './issuer.ts'
import { writeServiceToken } from './service-keys.ts'
import { passwordOf, type SignIn } from './sign-in.ts'

/**
 * Gives each request of a test the token that its route needs, by the word of the contract: that of
 * the owner of what the path, the query or the body names; of an operator; or of a service that may
 * call it. A test says with `as` when somebody else acts.
 *
 * Where identity runs, people sign in. Elsewhere the lab's own issuer makes the token.
 */
export type As =
  /**
   * A user by id, or one of three words: `operator`; `somebody` who owns nothing that the request
   * names; `nobody`, who sends no token.
   */
  | string
  | { readonly service: ServiceName }
  | { readonly id: string; readonly roles: readonly string[] }
  | { readonly token: string }

export interface Asked {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly body?: unknown
  readonly as?: As | undefined
  /** Who acts if that user cannot sign in, `somebody` if it is not said. */
  readonly orElse?: 'operator'
}

/** A system in which people sign in for real. */
export interface Home {
  readonly signIn: SignIn
  readonly operator: (signal: AbortSignal) => Promise<string>
  readonly somebody: (signal: AbortSignal) => Promise<string>
}

const homes = new Map<string, Home>()

/** From now on, requests to these addresses carry tokens of that system's own issuer. */
export const settle = (urls: readonly string[], home: Home) => {
  for (const url of urls) homes.set(new URL(url).origin, home)
}

/** Whether a user can sign in, as far as this process knows; always where the lab makes tokens. */
export const canSignIn = (baseUrl: string, userId: string): boolean =>
  homeOf(baseUrl)?.signIn.knows(userId) ?? true

const homeOf = (baseUrl: string) => homes.get(new URL(baseUrl).origin)

let finder: ((path: string) => FoundPath<Operation> | undefined) | undefined

const routeOf = ({ method, path: asked }: Asked) => {
  finder ??= createPathFinder(committedContracts())
  const [path = '', query = ''] = asked.split('?')
  const found = finder(path)
  const operation = found?.operations[describedMethod(method)]
  if (found === undefined || operation === undefined) return undefined
  const inQuery = Object.fromEntries(new URLSearchParams(query))
  return {
    service: found.service,
    operation,
    parameters: { ...inQuery, ...found.parametersOf(path) },
  }
}

type Route = NonNullable<ReturnType<typeof routeOf>>

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** The user whom a request names, or the owner of what it names. */
const ownerIn = ({ parameters }: Route, body: unknown): string | undefined => {
  const named = (body as { readonly userId?: unknown } | null | undefined)?.userId
  const userId = parameters['userId'] ?? named
  if (typeof userId === 'string' && uuid.test(userId)) return userId.toLowerCase()
  const ids = Object.values(parameters).filter((value) => uuid.test(value))
  return ids.map((id) => ownerOf(id.toLowerCase())).find((owner) => owner !== undefined)
}

interface Actor {
  readonly as: As
  readonly callee: ServiceName
  readonly orElse: 'operator' | 'somebody'
}

const defaultActor = (route: Route | undefined, body: unknown, orElse: Actor['orElse']): As => {
  const { 'x-access': word = 'anyone', 'x-callers': [caller] = [] } = route?.operation ?? {}
  if (route === undefined || word === 'anyone') return 'nobody'
  if (word === 'operator') return 'operator'
  if (word === 'services' && caller !== undefined) return { service: caller }
  return ownerIn(route, body) ?? orElse
}

/** Whoever may, by the word of the contract, unless the test says who acts. */
const actorOf = (asked: Asked): Actor => {
  const { as, body, orElse = 'somebody' } = asked
  const route = routeOf(asked)
  const callee = route?.service ?? 'gateway'
  return { as: as ?? defaultActor(route, body, orElse), callee, orElse }
}

interface Minted {
  readonly token: string
  readonly untilMs: number
}

const minted = new Map<string, Minted>()

/** A token of the lab's issuer, made once for the same person and roles. */
const mintFor = (id: string, roles: readonly string[] = []): string => {
  const claims = { sub: id, roles, ...addressOf(id) }
  const name = JSON.stringify(claims)
  const kept = minted.get(name)
  if (kept !== undefined && Date.now() < kept.untilMs) return kept.token
  const token = mintToken(claims)
  minted.set(name, { token, untilMs: Date.now() + tokenLifetimeMs / 2 })
  return token
}

let outsiders: { readonly operator: string; readonly somebody: string } | undefined

/** People without anything of their own, for services without identity. */
export const labPeople = () => (outsiders ??= { operator: uuidv7(), somebody: uuidv7() })

const isNamed = (as: As): as is 'operator' | 'somebody' => as === 'operator' || as === 'somebody'

const labToken = (as: As, callee: ServiceName): string => {
  if (isNamed(as)) return mintFor(labPeople()[as], as === 'operator' ? ['operator'] : [])
  if (typeof as === 'string') return mintFor(as)
  if ('token' in as) return as.token
  if ('service' in as) return writeServiceToken(as.service, callee)
  return mintFor(as.id, as.roles)
}

const realToken = async (
  home: Home,
  { as, callee, orElse }: Actor,
  signal: AbortSignal,
): Promise<string> => {
  if (isNamed(as)) return home[as](signal)
  if (typeof as === 'object' && 'roles' in as) {
    throw new Error('where identity runs, roles are given by its commands')
  }
  if (typeof as !== 'string') return labToken(as, callee)
  return (await home.signIn.tokenOf(as, signal)) ?? home[orElse](signal)
}

/** `authorization` for a service of this process: there it is known at once. */
export const labAuthorization = (asked: Asked): string | undefined => {
  const { as, callee } = actorOf(asked)
  return as === 'nobody' ? undefined : `Bearer ${labToken(as, callee)}`
}

/** The value of the header `authorization`, or undefined for a request without a token. */
export const authorizationOf = async (
  baseUrl: string,
  asked: Asked,
  signal: AbortSignal,
): Promise<string | undefined> => {
  const home = homeOf(baseUrl)
  if (home === undefined) return labAuthorization(asked)
  const actor = actorOf(asked)
  return actor.as === 'nobody' ? undefined : `Bearer ${await realToken(home, actor, signal)}`
}

const takesPassword = ({ service, operation }: Route): boolean => {
  const schema = operation.requestBody?.content['application/json']?.schema
  const document = committedContracts().get(service)
  if (schema === undefined || document === undefined) return false
  return resolveSchema(document, schema).properties?.['password'] !== undefined
}

const isSignUp = ({ method, path }: Asked) => method === 'POST' && path === '/users'

/** A new user's body with a password, so that tests need not name one. */
export const withPassword = (asked: Asked): unknown => {
  const { body } = asked
  if (!isSignUp(asked) || typeof body !== 'object' || body === null) return body
  const { username, password } = body as Readonly<Record<string, unknown>>
  if (password !== undefined || typeof username !== 'string') return body
  const route = routeOf(asked)
  return route && takesPassword(route) ? { ...body, password: passwordOf(username) } : body
}

/** Learns from an answer who owns what, and who can sign in. */
export const noteAnswer = (baseUrl: string, asked: Asked, status: number, body: unknown) => {
  learnFrom(body)
  if (!isSignUp(asked) || status > 202) return
  const { id } = body as { readonly id?: unknown }
  const { username, password } = (asked.body ?? {}) as Readonly<Record<string, unknown>>
  if (typeof id !== 'string' || typeof username !== 'string' || typeof password !== 'string') return
  homeOf(baseUrl)?.signIn.know(id, { username, password })
}
