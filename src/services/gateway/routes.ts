import { issuerPages } from '../../platform/access/issuer-pages.ts'
import { accessIn, takesKey } from '../../platform/http/contract.ts'
import { createMatcher, type Matcher, type Route } from '../../platform/http/routes.ts'
import { httpMethods, publicPaths, type Contract, type RouteDescription } from './contracts.ts'

/**
 * What a parameter may look like. It is passed on as it was sent, so it must not be readable as
 * another path: no dots alone, and no escapes of a dot, slash, backslash, per cent or control
 * character.
 */
const parameter = /^(?!\.{1,2}$)(?:[\w.~!$&'()*+,;=:@-]|%(?!2[5ef]|5c|7f|[01][\da-f])[\da-f]{2})+$/i

const routesOf = (contract: Contract): Route[] =>
  Object.entries(publicPaths(contract.document.paths)).flatMap(([template, item]) =>
    httpMethods
      .filter((method) => method in item)
      .map((method) => ({
        method: method.toUpperCase(),
        template,
        service: contract.service,
        access: accessIn(item[method] as RouteDescription, `${method} ${template}`),
        takesKey: takesKey(item[method] as RouteDescription),
        takesNoBody: !('requestBody' in (item[method] as RouteDescription)),
      })),
  )

/** The pages of our own issuer are no part of a contract: they are for browsers. */
const pageRoutes: readonly Route[] = issuerPages.map(({ method, template }) => ({
  method,
  template,
  service: 'identity',
  access: 'anyone',
  isPage: true,
  takesKey: false,
}))

/** Finds the service of a path, from the public part of the contracts. */
export const createRoutes = (contracts: readonly Contract[]): Matcher => {
  const runsIdentity = contracts.some(({ service }) => service === 'identity')
  const routes = [...contracts.flatMap(routesOf), ...(runsIdentity ? pageRoutes : [])]
  return createMatcher(routes, (segment) => parameter.test(segment))
}
