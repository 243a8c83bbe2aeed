import { takesKey } from '../../platform/http/contract.ts'
import type { ServiceName } from '../../registry.ts'
import { httpMethods, publicDocument, type Contract, type Operation } from './contracts.ts'

/** Which service an address belongs to, from the public part of the contracts. */
export interface Route {
  readonly method: string
  /** As the contract writes it: `/orders/{orderId}`. */
  readonly template: string
  readonly service: ServiceName
  /** Whether it takes an Idempotency-Key. */
  readonly takesKey: boolean
}

export type Match =
  | { readonly kind: 'route'; readonly route: Route }
  | { readonly kind: 'wrong-method'; readonly allow: string }
  | { readonly kind: 'nothing' }

interface Address {
  /** `undefined` stands for a parameter. */
  readonly segments: readonly (string | undefined)[]
  readonly routes: ReadonlyMap<string, Route>
  readonly wrongMethod: Match
}

/**
 * What a parameter may look like. It is passed on as it was sent, so anything
 * that somebody could read as another path is no parameter: dots alone, and
 * escapes of a dot, slash, backslash, per cent or control character.
 */
const parameter = /^(?!\.{1,2}$)(?:[\w.~!$&'()*+,;=:@-]|%(?!2[5ef]|5c|7f|[01][\da-f])[\da-f]{2})+$/i

const isParameter = (segment: string) => segment.startsWith('{') && segment.endsWith('}')

const nothing: Match = { kind: 'nothing' }

const routesOf = (contract: Contract): Route[] =>
  Object.entries(publicDocument(contract).paths).flatMap(([template, item]) =>
    httpMethods
      .filter((method) => method in item)
      .map((method) => ({
        method: method.toUpperCase(),
        template,
        service: contract.service,
        takesKey: takesKey(item[method] as Operation),
      })),
  )

const addressOf = (template: string, routes: readonly Route[]): Address => {
  const byMethod = new Map<string, Route>()
  for (const route of routes) {
    const other = byMethod.get(route.method)
    if (other) {
      const owners = `${other.service} and ${route.service}`
      throw new Error(`${route.method} ${template} is promised by both ${owners}`)
    }
    byMethod.set(route.method, route)
  }
  const allowed = [...byMethod.keys()].flatMap((method) =>
    method === 'GET' ? ['GET', 'HEAD'] : [method],
  )
  return {
    segments: template
      .split('/')
      .slice(1)
      .map((segment) => (isParameter(segment) ? undefined : segment)),
    routes: byMethod,
    wrongMethod: { kind: 'wrong-method', allow: allowed.join(', ') },
  }
}

const fits = ({ segments }: Address, given: readonly string[]) =>
  segments.every((segment, index) => {
    const sent = given[index] ?? ''
    return segment === undefined ? parameter.test(sent) : segment === sent
  })

/** Words go before parameters: `/users/me` would win over `/users/{userId}`. */
const bySpecificity = (one: Address, other: Address) =>
  one.segments.filter((segment) => segment === undefined).length -
  other.segments.filter((segment) => segment === undefined).length

export const createRoutes = (contracts: readonly Contract[]) => {
  const byTemplate = Map.groupBy(contracts.flatMap(routesOf), (route) => route.template)
  const addresses = [...byTemplate].map(([template, routes]) => addressOf(template, routes))
  const byLength = Map.groupBy(
    addresses.toSorted(bySpecificity),
    (address) => address.segments.length,
  )

  /** The path is compared as it was sent: nothing is decoded, so nothing is decoded twice. */
  const match = (method: string, path: string): Match => {
    if (path[0] !== '/') return nothing
    const given = path.slice(1).split('/')
    const address = byLength.get(given.length)?.find((candidate) => fits(candidate, given))
    if (!address) return nothing
    const route = address.routes.get(method)
    return route ? { kind: 'route', route } : address.wrongMethod
  }

  return { match, all: addresses.flatMap((address) => [...address.routes.values()]) }
}

export type Routes = ReturnType<typeof createRoutes>
