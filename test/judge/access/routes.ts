import type { ServiceName } from '../../../src/registry.ts'
import { loadOperations, type FuzzedOperation } from '../../lab/operations.ts'
import type { ContractDocument, Operation } from '../contract-check.ts'

/** Who may call each route, as the committed contracts say it. Nothing here is written by hand. */
const accessWords = ['anyone', 'person', 'operator', 'services'] as const
export type AccessWord = (typeof accessWords)[number]

export interface AccessRoute extends FuzzedOperation {
  /** `POST /orders` */
  readonly name: string
  readonly access: AccessWord
  /** The services that may call it, for the word `services`. */
  readonly callers: readonly ServiceName[]
  readonly takesKey: boolean
  readonly isPaged: boolean
}

type WithWord = Operation & {
  readonly 'x-access'?: string
  readonly 'x-callers'?: readonly ServiceName[]
}

const toRoute = (operation: FuzzedOperation): AccessRoute => {
  const { document, service, template, method, parameters } = operation
  const described = document.paths[template]?.[method.toLowerCase()] as WithWord
  const name = `${method} ${template}`
  const access = accessWords.find((word) => word === described['x-access'])
  if (access === undefined) throw new Error(`openapi/${service}.yaml: ${name} has no x-access`)
  const has = (parameter: string) =>
    parameters.some((each) => each.name.toLowerCase() === parameter)
  return {
    ...operation,
    name,
    access,
    callers: described['x-callers'] ?? [],
    takesKey: has('idempotency-key'),
    isPaged: method === 'GET' && has('cursor') && has('limit'),
  }
}

export const accessRoutes = (contracts?: ReadonlyMap<string, ContractDocument>): AccessRoute[] =>
  loadOperations(contracts).map(toRoute)
