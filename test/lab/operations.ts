import {
  committedContracts,
  resolveSchema,
  type ContractDocument,
  type Operation,
  type SchemaObject,
} from '../judge/contract-check.ts'
import type { ServiceName } from '../../src/registry.ts'

/** The routes as the contracts describe them, for tests that know nothing else about the services. */
export interface Schema extends SchemaObject {
  readonly format?: string
  readonly pattern?: string
  readonly example?: unknown
  readonly enum?: readonly string[]
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly oneOf?: readonly Schema[]
}

export interface Parameter {
  readonly name: string
  readonly in: string
  readonly isRequired: boolean
  readonly schema: Schema
}

export interface FuzzedOperation {
  readonly service: ServiceName
  readonly id: string
  readonly method: string
  readonly template: string
  readonly isInternal: boolean
  /** Whoever asks may have it, with any token or none. */
  readonly isOpen: boolean
  readonly parameters: readonly Parameter[]
  readonly body: Schema | undefined
  readonly document: ContractDocument
}

type WithDetails = Omit<Operation, 'parameters'> & {
  readonly 'x-internal'?: boolean
  readonly parameters?: readonly (Omit<Parameter, 'isRequired'> & { readonly required?: boolean })[]
}

const methods = new Set(['get', 'post', 'put', 'patch', 'delete'])

/** Follows the references of a schema, so that its parts can be visited. */
const flatten = (document: ContractDocument, schema: Schema): Schema => {
  const found = resolveSchema(document, schema) as Schema
  const properties = Object.entries(found.properties ?? {}).map(
    ([name, property]) => [name, flatten(document, property)] as const,
  )
  return {
    ...found,
    ...(found.properties ? { properties: Object.fromEntries(properties) } : {}),
    ...(found.items ? { items: flatten(document, found.items) } : {}),
    ...(found.oneOf ? { oneOf: found.oneOf.map((option) => flatten(document, option)) } : {}),
  }
}

const operationsOf = (service: ServiceName, document: ContractDocument): FuzzedOperation[] =>
  Object.entries(document.paths).flatMap(([template, item]) =>
    Object.entries(item)
      .filter(([method]) => methods.has(method))
      .map(([method, operation]): FuzzedOperation => {
        const details = operation as WithDetails
        const body = details.requestBody?.content['application/json']?.schema as Schema | undefined
        return {
          service,
          id: details.operationId ?? `${method} ${template}`,
          method: method.toUpperCase(),
          template,
          isInternal: details['x-internal'] === true,
          isOpen: details['x-access'] === 'anyone',
          parameters: (details.parameters ?? []).map(({ name, in: place, required, schema }) => ({
            name,
            in: place,
            isRequired: required === true,
            schema: flatten(document, schema),
          })),
          body: body === undefined ? undefined : flatten(document, body),
          document,
        }
      }),
  )

export const loadOperations = (
  contracts: ReadonlyMap<string, ContractDocument> = committedContracts(),
): FuzzedOperation[] =>
  [...contracts].flatMap(([service, document]) => operationsOf(service as ServiceName, document))
