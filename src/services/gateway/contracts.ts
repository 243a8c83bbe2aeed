import { readFileSync } from 'node:fs'
import { publicKeyHeaderPattern } from '../../platform/base/idempotency-keys.ts'
import type { DescribedAccess } from '../../platform/http/contract.ts'
import { registry, type ServiceName } from '../../registry.ts'

/**
 * The gateway knows about the services only what the committed contracts say: which paths exist,
 * which service each belongs to, and what to show of them.
 */
export interface RouteDescription extends DescribedAccess {
  readonly operationId?: string
  readonly 'x-internal'?: boolean
  readonly parameters?: readonly Parameter[]
  /** Each names the ways to show who one is, of which one is enough. */
  readonly security?: readonly Readonly<Record<string, unknown>>[]
  readonly responses?: Readonly<Record<string, unknown>>
}

export interface OpenApiDocument {
  readonly openapi: string
  readonly info: Readonly<Record<string, unknown>>
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly components?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly [other: string]: unknown
}

export interface Contract {
  readonly service: ServiceName
  readonly document: OpenApiDocument
}

export const httpMethods = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options', 'trace']

const isInternal = (route: RouteDescription) => route['x-internal'] === true

/** The services behind it, and its own. */
const contracted: readonly ServiceName[] = [...registry.gateway.upstreams, 'gateway']

const contractsFolder = new URL('../../../openapi/', import.meta.url)

export const readContracts = (folder: URL = contractsFolder): Contract[] =>
  contracted.map((service) => {
    const file = new URL(`${service}.json`, folder)
    return { service, document: JSON.parse(readFileSync(file, 'utf8')) as OpenApiDocument }
  })

interface Parameter {
  readonly name?: string
  readonly in?: string
  readonly required?: boolean
  readonly example?: unknown
  readonly schema?: Readonly<Record<string, unknown>>
}

const withoutExample = ({ example: _shown, ...rest }: Parameter): Parameter => {
  const { example: _sameShown, ...schema } = rest.schema ?? {}
  return { ...rest, schema }
}

/** The id of something by which a list can be narrowed down. */
const isFilter = ({ in: place, required, schema }: Parameter) =>
  place === 'query' && required !== true && schema?.['format'] === 'uuid'

/**
 * Swagger UI fills examples in. The second try with a key would be refused, because it was used
 * before, and a list of somebody who does not exist is empty. The services accept keys of sagas,
 * but the public must not use them.
 */
const publicParameter = (parameter: Parameter): Parameter => {
  if (isFilter(parameter)) return withoutExample(parameter)
  if (parameter.name?.toLowerCase() !== 'idempotency-key') return parameter
  const { schema, ...rest } = withoutExample(parameter)
  return { ...rest, schema: { ...schema, pattern: publicKeyHeaderPattern.source } }
}

const publicRoute = (route: RouteDescription): RouteDescription =>
  route.parameters ? { ...route, parameters: route.parameters.map(publicParameter) } : route

const publicPathItem = (item: Readonly<Record<string, unknown>>) => {
  const kept = Object.entries(item).flatMap(([key, value]) => {
    if (!httpMethods.includes(key)) return [[key, value] as const]
    const route = value as RouteDescription
    return isInternal(route) ? [] : [[key, publicRoute(route)] as const]
  })
  return kept.some(([key]) => httpMethods.includes(key)) ? Object.fromEntries(kept) : undefined
}

/** The public paths of a contract, without what their routes refer to. */
export const publicPaths = (paths: OpenApiDocument['paths']) =>
  Object.fromEntries(
    Object.entries(paths).flatMap(([path, item]) => {
      const kept = publicPathItem(item)
      return kept ? [[path, kept]] : []
    }),
  )

/** Every `$ref` below a value, such as `#/components/schemas/Order`. */
const referencesIn = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.flatMap(referencesIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : referencesIn(inner),
  )
}

const componentAt = (document: OpenApiDocument, reference: string): unknown => {
  const [, , kind = '', name = ''] = reference.split('/')
  return document.components?.[kind]?.[name]
}

const reachableFrom = (document: OpenApiDocument, paths: unknown): ReadonlySet<string> => {
  const reached = new Set<string>()
  const waiting = referencesIn(paths)
  for (let reference = waiting.pop(); reference !== undefined; reference = waiting.pop()) {
    if (reached.has(reference)) continue
    reached.add(reference)
    waiting.push(...referencesIn(componentAt(document, reference)))
  }
  return reached
}

/** The ways to show who one is that some route asks for. Services have one that nobody else has. */
const schemesIn = (paths: OpenApiDocument['paths']): ReadonlySet<string> => {
  const routes = Object.values(paths).flatMap(Object.values) as RouteDescription[]
  return new Set(routes.flatMap(({ security = [] }) => security.flatMap(Object.keys)))
}

const usedComponents = (document: OpenApiDocument, paths: OpenApiDocument['paths']) => {
  const reached = reachableFrom(document, paths)
  const schemes = schemesIn(paths)
  const isUsed = (kind: string, name: string) =>
    kind === 'securitySchemes' ? schemes.has(name) : reached.has(`#/components/${kind}/${name}`)
  const kinds = Object.entries(document.components ?? {}).map(([kind, members]) => {
    const used = Object.entries(members).filter(([name]) => isUsed(kind, name))
    return [kind, Object.fromEntries(used)] as const
  })
  return Object.fromEntries(kinds.filter(([, members]) => Object.keys(members).length > 0))
}

/**
 * The public part of a contract. The server is `/`, so that "Try it out" asks the host from which
 * the page was loaded.
 */
export const publicDocument = ({ document }: Contract): OpenApiDocument => {
  const paths = publicPaths(document.paths)
  return {
    ...document,
    servers: [{ url: '/', description: 'The gateway that this page came from' }],
    paths,
    components: usedComponents(document, paths),
  }
}
