import type { ServiceName } from '../../src/registry.ts'

/** Finds the route of a request in the contracts, as the gateway and the services do. */
export interface FoundPath<Operation> {
  readonly service: ServiceName
  readonly template: string
  /** The operations of this path by method, in small letters. */
  readonly operations: Readonly<Record<string, Operation>>
  /** The parts of the path by the names of the template. */
  readonly parametersOf: (path: string) => Readonly<Record<string, string>>
}

/** Returns a pattern for `/orders/{orderId}`. A literal segment wins over a parameter. */
const patternOf = (template: string) => {
  const source = template
    .split(/(\{[^}]+\})/)
    .map((part) =>
      part.startsWith('{')
        ? `(?<${part.slice(1, -1)}>[^/]+)`
        : part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`),
    )
    .join('')
  return new RegExp(`^${source}$`)
}

/** The method by which contracts describe a request: HEAD is in none, GET answers it. */
export const describedMethod = (method: string) =>
  method.toUpperCase() === 'HEAD' ? 'get' : method.toLowerCase()

interface Described<Operation> {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

export const createPathFinder = <Operation>(
  contracts: ReadonlyMap<string, Described<Operation>>,
) => {
  const known = [...contracts].flatMap(([service, { paths }]) =>
    Object.entries(paths).map(([template, operations]) => {
      const pattern = patternOf(template)
      const found: FoundPath<Operation> = {
        service: service as ServiceName,
        template,
        operations,
        parametersOf: (path) => ({ ...pattern.exec(path)?.groups }),
      }
      return { found, pattern }
    }),
  )
  /** The path is without its query. */
  return (path: string): FoundPath<Operation> | undefined => {
    const matching = known.filter(({ pattern }) => pattern.test(path)).map(({ found }) => found)
    return matching.find(({ template }) => template === path) ?? matching[0]
  }
}
