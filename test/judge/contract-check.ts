import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { parse } from 'yaml'
import type { ServiceName } from '../../src/registry.ts'
import { createPathFinder, describedMethod } from './contract-routes.ts'

/**
 * Checks answers against the contracts in `openapi/`, strictly: the contract must declare the path,
 * the status and the content type, and the body must have what the schema says and nothing more. A
 * schema that allows unknown members fails too, whatever the body is.
 *
 * HEAD is in no contract. Every path that has GET answers HEAD with the same status and type, and
 * without a body.
 */
export interface CheckedResponse {
  readonly method: string
  /** Path and query, as they were sent. */
  readonly path: string
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: unknown
}

export interface SchemaObject {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, SchemaObject>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | SchemaObject
  readonly unevaluatedProperties?: boolean | SchemaObject
  readonly items?: SchemaObject
  readonly allOf?: readonly SchemaObject[]
  readonly anyOf?: readonly SchemaObject[]
  readonly oneOf?: readonly SchemaObject[]
  readonly example?: unknown
}

interface Example {
  readonly $ref?: string
  readonly value?: unknown
}

interface MediaType {
  readonly schema: SchemaObject
  readonly example?: unknown
  /** For a problem: one example for each code that the route can answer with this status. */
  readonly examples?: Readonly<Record<string, Example>>
}

interface ResponseObject {
  readonly description: string
  readonly content?: Readonly<Record<string, MediaType>>
}

export interface Operation {
  readonly operationId?: string
  readonly summary?: string
  readonly description?: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly description?: string
    readonly example?: unknown
    readonly schema: SchemaObject
  }[]
  readonly 'x-access'?: 'anyone' | 'person' | 'operator' | 'services'
  /** The services that may call it. */
  readonly 'x-callers'?: readonly ServiceName[]
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> }
  readonly responses: Readonly<Record<string, ResponseObject>>
}

export interface ContractDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components?: {
    readonly schemas?: Readonly<Record<string, SchemaObject>>
    readonly examples?: Readonly<Record<string, Example>>
  }
}

export class ContractViolation extends Error {
  override name = 'ContractViolation'
}

const contractFolder = fileURLToPath(new URL('../../openapi', import.meta.url))

export const loadContracts = (
  folder: string = contractFolder,
): ReadonlyMap<string, ContractDocument> =>
  new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => [
        name.replace('.yaml', ''),
        parse(readFileSync(join(folder, name), 'utf8')) as ContractDocument,
      ]),
  )

let committed: ReadonlyMap<string, ContractDocument> | undefined

/** The contracts of this source, read once. */
export const committedContracts = () => (committed ??= loadContracts())

export const resolveSchema = (document: ContractDocument, schema: SchemaObject): SchemaObject => {
  if (schema.$ref === undefined) return schema
  const name = schema.$ref.replace('#/components/schemas/', '')
  const found = document.components?.schemas?.[name]
  if (!found) throw new ContractViolation(`${schema.$ref} leads nowhere`)
  return resolveSchema(document, found)
}

export const resolveExample = (document: ContractDocument, { $ref, value }: Example): unknown =>
  $ref === undefined
    ? value
    : document.components?.examples?.[$ref.replace('#/components/examples/', '')]?.value

/** Returns the places where a schema accepts members that it does not name. */
export const looseParts = (document: ContractDocument, schema: SchemaObject): string[] => {
  const found: string[] = []
  const seen = new Set<SchemaObject>()
  const visit = (given: SchemaObject, path: string) => {
    const part = resolveSchema(document, given)
    if (seen.has(part)) return
    seen.add(part)
    const isObject = part.properties !== undefined || [part.type].flat().includes('object')
    const closed = part.additionalProperties !== undefined || part.unevaluatedProperties === false
    if (isObject && (!closed || part.additionalProperties === true))
      found.push(path || '(the body)')
    for (const [name, property] of Object.entries(part.properties ?? {})) {
      visit(property, `${path}/${name}`)
    }
    if (part.items) visit(part.items, `${path}/[]`)
    for (const option of [part.allOf, part.anyOf, part.oneOf].flat()) {
      if (option) visit(option, path)
    }
    if (!isObject && part.type === undefined && !part.allOf && !part.anyOf && !part.oneOf) {
      found.push(`${path || '(the body)'} has no type`)
    }
  }
  visit(schema, '')
  return found
}

export const createValidator = () => {
  const ajv = new Ajv2020({ allErrors: true, strict: false })
  addFormats.default(ajv)
  // These formats of OpenAPI only name the width of a number.
  for (const width of ['int32', 'int64'])
    ajv.addFormat(width, { type: 'number', validate: Number.isInteger })
  return ajv
}

const pointerTo = (...parts: string[]) =>
  parts
    .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/')

const explain = (errors: readonly ErrorObject[] | null | undefined) =>
  (errors ?? [])
    .map(({ instancePath, message, params }) => {
      const extra = params['additionalProperty'] ?? params['unevaluatedProperty']
      const named = extra === undefined ? '' : ` (${String(extra)})`
      return `${instancePath || '(the body)'} ${message ?? 'is wrong'}${named}`
    })
    .join('; ')

const headerOf = (response: CheckedResponse, name: string): string | undefined =>
  [response.headers[name]].flat()[0]

const mediaTypeOf = (response: CheckedResponse) =>
  headerOf(response, 'content-type')?.split(';')[0]?.trim().toLowerCase()

/** Answers about the process itself, which are not part of a service's contract. */
const operationalPaths = new Set(['/', '/healthz', '/readyz', '/metrics', '/openapi.json'])
const isOperational = (path: string) =>
  operationalPaths.has(path) || path.startsWith('/docs') || path.startsWith('/openapi/')

export const createContractChecker = (folder?: string) => {
  const contracts = folder === undefined ? committedContracts() : loadContracts(folder)
  if (contracts.size === 0) throw new Error('there are no contracts to check against')
  const ajv = createValidator()
  for (const [service, document] of contracts) ajv.addSchema(document, service)
  const findPath = createPathFinder(contracts)
  const validators = new Map<string, ValidateFunction>()

  const validatorOf = (service: string, schema: SchemaObject, pointer: string) => {
    const id = `${service}#/${pointer}`
    const known = validators.get(id)
    if (known) return known
    const document = contracts.get(service) as ContractDocument
    const loose = looseParts(document, schema)
    if (loose.length > 0) {
      throw new ContractViolation(
        `${id} accepts members that it does not name: ${loose.join(', ')}`,
      )
    }
    const validator = ajv.compile({ $ref: id })
    validators.set(id, validator)
    return validator
  }

  /** Checks what every service answers to a path or a method that is in no contract. */
  const checkUndeclared = (response: CheckedResponse, request: string, status: 404 | 405) => {
    if (response.status !== status) {
      throw new ContractViolation(`${request} is in no contract, so it must answer ${status}`)
    }
    if (status === 405 && headerOf(response, 'allow') === undefined) {
      throw new ContractViolation(`${request} must say with Allow which methods there are`)
    }
    const [service = ''] = contracts.keys()
    const schema = contracts.get(service)?.components?.schemas?.['Problem']
    if (!schema) throw new ContractViolation(`the contract of ${service} declares no Problem`)
    const validate = validatorOf(service, schema, 'components/schemas/Problem')
    const isRight = response.method.toUpperCase() === 'HEAD' || validate(response.body)
    if (mediaTypeOf(response) !== 'application/problem+json' || !isRight) {
      const reason = explain(validate.errors) || `it is ${mediaTypeOf(response)}`
      throw new ContractViolation(`${request} must be a problem document: ${reason}`)
    }
  }

  /** Checks that the route declares the problem's code for this status. */
  const checkCode = ({ body, status }: CheckedResponse, request: string, media: MediaType) => {
    if (status < 400 || media.examples === undefined) return
    const { code } = body as { readonly code: string }
    if (Object.hasOwn(media.examples, code)) return
    const known = Object.keys(media.examples).join(', ')
    throw new ContractViolation(`${request} has the code ${code}, but declared are only ${known}`)
  }

  /** Throws a ContractViolation that tells the answer and what the contract allows. */
  const check = (response: CheckedResponse): void => {
    const isHead = response.method.toUpperCase() === 'HEAD'
    const method = describedMethod(response.method)
    const [path = ''] = response.path.split('?')
    if (isOperational(path)) return
    const request = `${response.method.toUpperCase()} ${path} -> ${response.status}`
    if (headerOf(response, 'x-request-id') === undefined) {
      throw new ContractViolation(`${request} carries no X-Request-Id`)
    }
    if (isHead && response.body !== undefined && response.body !== '') {
      throw new ContractViolation(`${request} has a body, which HEAD never has`)
    }
    const found = findPath(path)
    if (!found) return checkUndeclared(response, request, 404)
    const { service, template } = found
    const operation = found.operations[method]
    if (!operation) return checkUndeclared(response, request, 405)
    const declared = operation.responses[response.status]
    if (!declared) {
      const known = Object.keys(operation.responses).join(', ')
      throw new ContractViolation(`${request} is not declared by ${service}: only ${known}`)
    }
    const { content = {} } = declared
    const mediaType = mediaTypeOf(response)
    if (Object.keys(content).length === 0) {
      if (response.body === undefined || response.body === '') return
      throw new ContractViolation(`${request} has a body, but the contract declares none`)
    }
    const media = content[mediaType ?? '']
    if (!media || mediaType === undefined) {
      const known = Object.keys(content).join(', ')
      throw new ContractViolation(`${request} is ${mediaType ?? 'of no type'}, not ${known}`)
    }
    if (isHead) return
    const pointer = pointerTo(
      'paths',
      template,
      method,
      'responses',
      `${response.status}`,
      'content',
      mediaType,
      'schema',
    )
    const validate = validatorOf(service, media.schema, pointer)
    if (validate(response.body)) return checkCode(response, request, media)
    const shown = JSON.stringify(response.body)?.slice(0, 1_000)
    throw new ContractViolation(
      `${request} breaks ${service}'s contract: ${explain(validate.errors)}; the body was ${shown}`,
    )
  }

  return { check }
}

export type ContractChecker = ReturnType<typeof createContractChecker>
