import { takesKey } from '../../platform/http/contract.ts'
import { createMatcher, type Matcher, type Route } from '../../platform/http/routes.ts'
import { httpMethods, publicDocument, type Contract, type RouteDescription } from './contracts.ts'

/**
 * What a parameter may look like. It is passed on as it was sent, so it must not be readable as
 * another path: no dots alone, and no escapes of a dot, slash, backslash, per cent or control
 * character.
 */
const parameter = /^(?!\.{1,2}$)(?:[\w.~!$&'()*+,;=:@-]|%(?!2[5ef]|5c|7f|[01][\da-f])[\da-f]{2})+$/i

const routesOf = (contract: Contract): Route[] =>
  Object.entries(publicDocument(contract).paths).flatMap(([template, item]) =>
    httpMethods
      .filter((method) => method in item)
      .map((method) => ({
        method: method.toUpperCase(),
        template,
        service: contract.service,
        takesKey: takesKey(item[method] as RouteDescription),
      })),
  )

/** Finds the service of a path, from the public part of the contracts. */
export const createRoutes = (contracts: readonly Contract[]): Matcher =>
  createMatcher(contracts.flatMap(routesOf), (segment) => parameter.test(segment))
