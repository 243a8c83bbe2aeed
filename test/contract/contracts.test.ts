import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { contractDifferences, emitAside } from '../../tools/contracts/contracts.ts'
import { projectRoot } from '../../tools/run-tool.ts'
import { takesKey } from '../../src/platform/http/contract.ts'
import { problemTable, type ProblemCode } from '../../src/platform/base/errors.ts'
import { serviceNames } from '../../src/registry.ts'
import {
  createValidator,
  committedContracts,
  looseParts,
  resolveExample,
  resolveSchema,
  type ContractDocument,
  type Operation,
  type SchemaObject,
} from '../judge/contract-check.ts'

const timeoutMs = 300_000

interface Case {
  readonly service: string
  readonly name: string
  readonly document: ContractDocument
  readonly operation: Operation
}

interface RequestSchema extends SchemaObject {
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly maxItems?: number
}

const contracts = committedContracts()

/** Routes for services: the key is the user, or stands beside each part of the body. */
const keyIsInTheBody = ['openAccount', 'withdrawMany', 'sendLetter', 'sendLetters', 'makeLogin']

/** They do nothing that a repeat could do twice: a session more is harmless, and a booking is completed once. */
const needNoKey = ['signIn', 'refreshSession', 'endSession', 'findManagers', 'completeBooking']

/** They go on for a while, event by event. */
const streams = ['followOrder', 'followBooking']

const operations: Case[] = [...contracts].flatMap(([service, document]) =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      service,
      document,
      operation,
      name: `${method.toUpperCase()} ${path}`,
    })),
  ),
)

/**
 * Returns the example that a reader would see: the schema's own, or one made from those of its
 * members. Throws when a required member has none.
 */
const exampleOf = (document: ContractDocument, given: SchemaObject, path = ''): unknown => {
  const schema = resolveSchema(document, given)
  if (schema.example !== undefined) return schema.example
  if (schema.items) return [exampleOf(document, schema.items, `${path}/[]`)]
  if (schema.properties) {
    return Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [
        name,
        exampleOf(document, property, `${path}/${name}`),
      ]),
    )
  }
  throw new Error(`there is no example of ${path || 'it'}`)
}

/** Returns the texts and numbers for which a schema sets no limits. */
const unbounded = (document: ContractDocument, given: SchemaObject, path = ''): string[] => {
  const schema: RequestSchema = resolveSchema(document, given)
  const { items, oneOf = [], properties = {}, type } = schema
  const isText = type === 'string' && !schema.enum && !schema.pattern && schema.format !== 'uuid'
  const isNumber = type === 'integer' || type === 'number'
  const isOpen = schema.minimum === undefined || schema.maximum === undefined
  const isList = items !== undefined && schema.maxItems === undefined
  return [
    ...(isText || (isNumber && isOpen) || isList ? [path || '(it)'] : []),
    ...(items ? unbounded(document, items, `${path}/[]`) : []),
    ...oneOf.flatMap((option) => unbounded(document, option, path)),
    ...Object.entries(properties).flatMap(([name, property]) =>
      unbounded(document, property, `${path}/${name}`),
    ),
  ]
}

const mediaOf = ({ requestBody, responses }: Operation) => [
  ...Object.entries(requestBody?.content ?? {}).map(
    ([type, media]) => ['request', type, media] as const,
  ),
  ...Object.entries(responses).flatMap(([status, { content = {} }]) =>
    Object.entries(content).map(([type, media]) => [status, type, media] as const),
  ),
]

/** The generator takes a second, so it runs once for all who compare with what it writes. */
let emitted: Awaited<ReturnType<typeof emitAside>>
beforeAll(async () => {
  emitted = await emitAside()
}, timeoutMs)
afterAll(() => emitted.remove())

describe('the committed contracts', () => {
  it('are there for every service that has one', () => {
    expect([...contracts.keys()].toSorted()).toEqual([...serviceNames].toSorted())
    expect(operations.length).toBeGreaterThan(10)
  })

  it('are what the code says, and the clients are generated from them', async () => {
    expect(await contractDifferences(emitted.root, projectRoot)).toEqual([])
  })

  it('name every route once, so that clients can be generated', () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(ids.filter((id) => !id)).toEqual([])
    expect(new Set(ids).size).toBe(ids.length)
  })

  it.each(operations)('explain $name to a new reader', ({ operation }) => {
    expect(operation.summary?.length).toBeGreaterThan(5)
    expect(operation.description?.length).toBeGreaterThan(10)
    for (const { name, description } of operation.parameters ?? []) {
      expect(description, `the parameter ${name}`).toBeTruthy()
    }
    for (const [status, { description }] of Object.entries(operation.responses)) {
      expect(description, `the answer ${status}`).toBeTruthy()
    }
  })

  it.each(operations)('list the failures of $name as problem documents', ({ operation }) => {
    const statuses = Object.keys(operation.responses).map(Number)
    expect(statuses.filter((status) => status < 300)).not.toEqual([])
    const aboutBodies = operation.requestBody ? [413, 415] : []
    expect(statuses).toEqual(expect.arrayContaining([400, 500, 503, ...aboutBodies]))
    for (const [status, { content = {} }] of Object.entries(operation.responses)) {
      const answer = streams.includes(operation.operationId ?? '')
        ? 'text/event-stream'
        : 'application/json'
      const expected = Number(status) < 400 ? answer : 'application/problem+json'
      expect(Object.keys(content), status).toEqual(status === '204' ? [] : [expected])
    }
  })

  // Clients are told that a request without a key in its header is safe to repeat.
  it.each(operations)('make $name safe to repeat, by its key or by its nature', (each) => {
    const { name, operation } = each
    const hasHeader = takesKey(operation)
    const isSafe = [...keyIsInTheBody, ...needNoKey].includes(operation.operationId ?? '')
    expect(hasHeader || isSafe).toBe(/^(POST|PATCH|PUT) /.test(name))
    const { description } = operation.responses['504'] ?? {}
    const knowsKeys = '422' in operation.responses
    expect(description).toMatch(knowsKeys ? /same key\. Without a key/ : /does nothing twice/)
    expect(knowsKeys || !hasHeader).toBe(true)
  })

  it.each(operations)(
    'show for each failure of $name what it looks like, by its code',
    ({ document, operation }) => {
      const failures = mediaOf(operation).filter(([status]) => Number(status) >= 400)
      for (const [status, , { examples = {} }] of failures) {
        expect(Object.keys(examples), status).not.toEqual([])
        for (const [code, example] of Object.entries(examples)) {
          const { title, status: expected } = problemTable[code as ProblemCode]
          expect(expected, code).toBe(Number(status))
          const type = `urn:orderly:problem:${code}`
          const shown = { code, type, title, status: expected }
          expect(resolveExample(document, example), code).toMatchObject(shown)
        }
      }
    },
  )

  it.each(operations)(
    'say of each text and number that $name takes what it may be',
    ({ document, operation }) => {
      const taken = [
        ...Object.values(operation.requestBody?.content ?? {}).map(({ schema }) => schema),
        ...(operation.parameters ?? []).map(({ schema }) => schema),
      ]
      for (const schema of taken) expect(unbounded(document, schema)).toEqual([])
    },
  )

  it.each(operations)(
    'give examples of $name that keep to their schemas',
    ({ document, operation }) => {
      const ajv = createValidator()
      const components = { $id: 'contract', components: document.components }
      ajv.addSchema(components)
      const validate = (schema: SchemaObject, example: unknown, what: string) => {
        const resolvable = JSON.parse(
          JSON.stringify(schema).replaceAll('"#/components', '"contract#/components'),
        ) as SchemaObject
        const valid = ajv.validate(resolvable, example)
        expect(valid, `${what}: ${ajv.errorsText()} in ${JSON.stringify(example)}`).toBe(true)
      }
      for (const [what, type, { schema, example, examples }] of mediaOf(operation)) {
        const given = Object.values(examples ?? {}).map((each) => resolveExample(document, each))
        if (example !== undefined) given.push(example)
        if (given.length === 0) given.push(exampleOf(document, schema))
        for (const value of given) validate(schema, value, `${what} ${type}`)
      }
      for (const { name, schema, example } of operation.parameters ?? []) {
        validate(schema, example ?? exampleOf(document, schema, name), `the parameter ${name}`)
      }
    },
  )

  it.each(operations)(
    'leave no room for undeclared members in $name',
    ({ document, operation }) => {
      for (const [what, , { schema }] of mediaOf(operation)) {
        expect(looseParts(document, schema), what).toEqual([])
      }
    },
  )
})
