import { OpenAPIHono, createRoute, z, type RouteConfig } from '@hono/zod-openapi'
import { callersOf, type ServiceName } from '../../registry.ts'
import type { Access } from '../base/caller.ts'
import { examplesIn } from './problem-examples.ts'
import { accessProblems } from './problem-schemas.ts'

/** What a service promises: the source of `openapi/<service>.yaml`. */
export interface ServiceContract {
  readonly service: ServiceName
  readonly title: string
  readonly description: string
  readonly version: string
  readonly routes: readonly GuardedRoute[]
}

/** A route with the word that says who may call it. Only `defineRoute` makes one. */
export type GuardedRoute = RouteConfig & { readonly access: Access }

/** The word as the contract writes it. */
export const accessWords = ['anyone', 'person', 'operator', 'services'] as const

/** What of a route's description in a contract is about who may call it. */
export interface DescribedAccess {
  readonly 'x-access'?: unknown
  readonly 'x-callers'?: unknown
}

interface Described {
  readonly extension: Readonly<Record<string, unknown>>
  readonly problems: {}
}

/** Everything that a contract shows of the word. */
const describeAccess = (access: Access): Described => {
  if (access === 'anyone') {
    return { extension: { 'x-access': 'anyone', security: [] }, problems: {} }
  }
  if (access === 'person') {
    return {
      extension: { 'x-access': 'person', security: [{ signIn: ['openid'] }, { token: [] }] },
      problems: accessProblems('unauthenticated'),
    }
  }
  if (access === 'operator') {
    return {
      extension: { 'x-access': 'operator', security: [{ signIn: ['openid'] }, { token: [] }] },
      problems: accessProblems('unauthenticated', 'forbidden'),
    }
  }
  return {
    extension: {
      'x-access': 'services',
      'x-callers': access.services,
      'x-internal': true,
      security: [{ service: [] }],
    },
    problems: accessProblems('unauthenticated'),
  }
}

/**
 * Describes a route and says in one word who may call it. From that word come the check in the
 * server, the security that the contract shows, what the gateway lets through, and the test that
 * calls every route as every kind of caller.
 */
export const defineRoute = <
  Path extends string,
  Route extends Omit<RouteConfig, 'path'> & { readonly path: Path; readonly access: Access },
>(
  route: Route,
) => {
  const { extension, problems } = describeAccess(route.access)
  const { access, ...plain } = route
  const described = {
    ...plain,
    ...extension,
    responses: { ...problems, ...route.responses },
  }
  const made = createRoute<Path, Route>(described as never)
  // The word itself is for this program; the contract shows it as `x-access`.
  return Object.defineProperty(made, 'access', { value: access, enumerable: false })
}

/** The word of a route, read from the description of it in a contract. Throws when there is none. */
export const accessIn = (route: DescribedAccess, where: string): Access => {
  const word = accessWords.find((each) => each === route['x-access'])
  if (word === undefined) throw new Error(`${where} does not say who may call it`)
  if (word !== 'services') return word
  const callers = route['x-callers']
  if (!Array.isArray(callers) || callers.length === 0) throw new Error(`${where} names no caller`)
  return { services: callers as ServiceName[] }
}

interface RouteDescription {
  readonly parameters?: readonly { readonly name?: string; readonly $ref?: string }[]
}

const isKeyHeader = (name: string) => name.toLowerCase() === 'idempotency-key'

/** Whether a route takes an Idempotency-Key: then each request without one does the work once more. */
export const takesKey = (route: RouteDescription): boolean =>
  route.parameters?.some(({ name }) => name !== undefined && isKeyHeader(name)) ?? false

/** The same, known from the route itself: its service need not write the contract for that. */
export const expectsKey = ({ request, path }: GuardedRoute): boolean => {
  const headers = request?.headers
  if (headers === undefined) return false
  if (headers instanceof z.ZodObject) return Object.keys(headers.shape).some(isKeyHeader)
  throw new Error(`the headers of ${path} are no object`)
}

/** A caller that the registry does not know would be let in by nobody's decision. */
export const checkCallers = ({ service, routes }: ServiceContract) => {
  const known = callersOf(service)
  for (const { access, method, path } of routes) {
    if (access === undefined) throw new Error(`${method} ${path} does not say who may call it`)
    const named = typeof access === 'object' ? access.services : []
    const stranger = named.find((caller) => !known.includes(caller))
    if (stranger === undefined) continue
    throw new Error(`${stranger} may not call ${service} (${method} ${path}): see the registry`)
  }
}

const bearer = (description: string) => ({
  type: 'http' as const,
  scheme: 'bearer',
  bearerFormat: 'JWT',
  description,
})

/** The ways to show who one is. The paths are those of our own issuer, below the gateway. */
const securitySchemes = {
  signIn: {
    type: 'oauth2' as const,
    description: 'Sign in on a page of the issuer',
    flows: {
      authorizationCode: {
        authorizationUrl: '/identity/auth',
        tokenUrl: '/identity/token',
        refreshUrl: '/identity/token',
        scopes: { openid: 'Who you are', email: 'Your email address', profile: 'Your language' },
      },
    },
  },
  token: bearer('An access token, as `POST /sessions` gives it'),
  service: bearer('A token that another service has signed'),
}

/** Makes the OpenAPI 3.1 document of a contract from its routes, without handlers or a database. */
export const contractDocument = (contract: ServiceContract) => {
  checkCallers(contract)
  const app = new OpenAPIHono()
  for (const route of contract.routes) app.openAPIRegistry.registerPath(route)
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: contract.title,
      description: contract.description,
      version: contract.version,
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: [{ url: '/', description: 'The address this document was loaded from' }],
    tags: [{ name: contract.service, description: contract.description }],
  })
  const text = JSON.stringify(document.paths)
  const used = Object.entries(securitySchemes).filter(([name]) => text.includes(`{"${name}":`))
  const components = {
    ...document.components,
    ...(used.length > 0 ? { securitySchemes: Object.fromEntries(used) } : {}),
    examples: examplesIn(document),
  }
  return { ...document, components }
}
