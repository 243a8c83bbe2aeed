import type { ServiceName } from '../../registry.ts'
import type { Access } from '../base/caller.ts'

/** What the server needs to know of a request before it reads its body. */
export interface FoundRoute {
  /** The path as the contract writes it: `/orders/{orderId}`. For metrics, too, whose labels must not grow with ids. */
  readonly template: string
  /** Who may call it. */
  readonly access: Access
  /** A page of the issuer: it has forms, where all else is JSON, and it must know by which host it was reached. */
  readonly isPage?: boolean
  /** All that it needs is in its path: a request without a body declares no type of it. */
  readonly takesNoBody?: boolean
}

/** One method and one path of a contract, or of the issuer's pages. */
export interface Route extends FoundRoute {
  readonly method: string
  readonly service: ServiceName
  /** Whether it takes an Idempotency-Key. */
  readonly takesKey: boolean
}

export type FindRoute = (method: string, path: string) => FoundRoute | undefined

export type Match =
  | { readonly kind: 'route'; readonly route: Route }
  | { readonly kind: 'wrong-method'; readonly allow: string }
  | { readonly kind: 'nothing' }

/** A template with all of its routes. */
interface Address {
  /** `undefined` stands for a parameter. */
  readonly segments: readonly (string | undefined)[]
  readonly routes: ReadonlyMap<string, Route>
  readonly wrongMethod: Match
}

const nothing: Match = { kind: 'nothing' }

const isParameter = (segment: string) => segment.startsWith('{') && segment.endsWith('}')

/** The path of a request's target, without its query. */
export const pathOf = (target: string): string => {
  const end = target.indexOf('?')
  return end === -1 ? target : target.slice(0, end)
}

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

/** Words go before parameters: `/users/me` wins over `/users/{userId}`. */
const bySpecificity = (one: Address, other: Address) =>
  one.segments.filter((segment) => segment === undefined).length -
  other.segments.filter((segment) => segment === undefined).length

/**
 * The one matcher of paths: the gateway makes it from the routes of all
 * contracts, a service from its own. It compares a path as it was sent, and
 * decodes nothing, so that nothing is decoded twice.
 */
export const createMatcher = (
  routes: readonly Route[],
  isValue: (segment: string) => boolean = (segment) => segment !== '',
) => {
  const byTemplate = Map.groupBy(routes, (route) => route.template)
  const addresses = [...byTemplate].map(([template, some]) => addressOf(template, some))
  const byLength = Map.groupBy(
    addresses.toSorted(bySpecificity),
    (address) => address.segments.length,
  )

  const fits = ({ segments }: Address, given: readonly string[]) =>
    segments.every((segment, index) => {
      const sent = given[index] ?? ''
      return segment === undefined ? isValue(sent) : segment === sent
    })

  const match = (method: string, path: string): Match => {
    if (path[0] !== '/') return nothing
    const given = path.slice(1).split('/')
    const address = byLength.get(given.length)?.find((candidate) => fits(candidate, given))
    if (!address) return nothing
    const route = address.routes.get(method)
    return route ? { kind: 'route', route } : address.wrongMethod
  }

  return {
    match,
    find: (method: string, path: string): FoundRoute | undefined => {
      const found = match(method, path)
      return found.kind === 'route' ? found.route : undefined
    },
  }
}

export type Matcher = ReturnType<typeof createMatcher>
