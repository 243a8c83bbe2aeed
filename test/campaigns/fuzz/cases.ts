import { randomUUID } from 'node:crypto'
import type { ServiceName } from '../../../src/registry.ts'
import { createRandom, type Random } from '../../lab/random.ts'
import type { FuzzedOperation, Parameter } from '../../lab/operations.ts'
import {
  breakEach,
  oddText,
  randomJson,
  validValue,
  word,
  type Json,
  type Known,
} from './values.ts'

/** One request, as it is sent. */
export interface Case {
  readonly index: number
  readonly label: string
  /** The service that gets the request, and the address that it is sent to. */
  readonly service: ServiceName
  readonly target: ServiceName
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer | undefined
}

type Draft = {
  -readonly [Key in keyof Pick<Case, 'label' | 'method' | 'path' | 'headers' | 'body'>]: Case[Key]
}

const bodyLimitBytes = 64 * 1024
const json = (value: Json) => Buffer.from(JSON.stringify(value) ?? '')

const draftOf = (operation: FuzzedOperation, random: Random, known: Known) => {
  const { method, template, parameters, body: schema } = operation
  const given = new Map<Parameter, string>()
  for (const parameter of parameters) {
    if (!parameter.isRequired && random.chance(0.5)) continue
    given.set(parameter, String(validValue(parameter.name, parameter.schema, random, known)))
  }
  const of = (place: string) => [...given].filter(([parameter]) => parameter.in === place)
  let path = template
  for (const [{ name }, value] of of('path')) path = path.replace(`{${name}}`, value)
  const query = of('query').map(([{ name }, value]) => `${name}=${encodeURIComponent(value)}`)
  if (query.length > 0) path += `?${query.join('&')}`
  const value = schema === undefined ? undefined : validValue('', schema, random, known)
  const draft: Draft = {
    label: 'valid',
    method,
    path,
    headers: [
      ...(schema === undefined ? [] : [['content-type', 'application/json'] as const]),
      ...of('header').map(([{ name }, header]) => [name, header] as const),
    ],
    body: value === undefined ? undefined : json(value),
  }
  return { draft, value }
}

const withBody = (draft: Draft, label: string, body: Buffer | string): Draft => ({
  ...draft,
  label,
  body: Buffer.from(body),
})

const withHeader = (draft: Draft, label: string, name: string, value: string): Draft => ({
  ...draft,
  label,
  headers: [...draft.headers.filter(([given]) => given !== name), [name, value]],
})

/** Changes some bytes of a valid text. */
const mutateText = (random: Random, text: string): Buffer => {
  let bytes: Buffer = Buffer.from(text)
  for (let times = random.between(1, 4); times > 0; times -= 1) {
    const at = random.between(0, Math.max(bytes.length - 1, 0))
    const inserted = Buffer.from([random.between(0, 255)])
    const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
    const kind = random.between(0, 4)
    if (kind === 0) bytes = Buffer.concat([before, after.subarray(1)])
    else if (kind === 1) bytes = Buffer.concat([before, inserted, after])
    else if (kind === 2) bytes = Buffer.concat([before, inserted, after.subarray(1)])
    else if (kind === 3) bytes = Buffer.concat([before, after, after])
    else bytes = Buffer.from(before)
  }
  return bytes
}

const oddBodies = (text: string): readonly (readonly [string, Buffer | string])[] => [
  ['no body', ''],
  ['blank body', ' \n\t '],
  ['half the body', text.slice(0, Math.ceil(text.length / 2))],
  ['the body twice', text + text],
  ['a trailing comma', text.replace(/}$/, ',}')],
  ['a comment', `/* hello */${text}`],
  ['single quotes', text.replaceAll('"', "'")],
  ['a byte order mark', `\ufeff${text}`],
  ['UTF-16', Buffer.from(text, 'utf16le')],
  [
    'bytes that are no UTF-8',
    Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0xff, 0xfe, 0x7d])]),
  ],
  ['a NUL at the end', `${text}\0`],
  ['NaN', text.replace(/:\s*\d+/, ':NaN')],
  ['an amount above 2^53', text.replace(/:\s*\d+/, ':9007199254740993')],
  ['an endless amount', text.replace(/:\s*\d+/, `:1${'0'.repeat(400)}`)],
  ['an exponent', text.replace(/:\s*\d+/, ':1e2')],
  ['a leading zero', text.replace(/:\s*\d+/, ':0123')],
  ['a doubled field', text.replace(/}$/, `,${text.slice(1)}`)],
  ['a list around it', `[${text}]`],
  ['a text around it', JSON.stringify(text)],
  ['deep nesting', '['.repeat(20_000) + ']'.repeat(20_000)],
  ['deep objects', '{"a":'.repeat(8_000)],
  [
    'very many fields',
    `{${Array.from({ length: 6_500 }, (_, n) => `"${n.toString(36)}":1`).join(',')}}`,
  ],
  ['exactly the limit', text.padEnd(bodyLimitBytes, ' ')],
  ['one byte too many', text.padEnd(bodyLimitBytes + 1, ' ')],
  ['far too many bytes', text.padEnd(bodyLimitBytes * 3, ' ')],
]

const oddKeys = (random: Random): readonly (readonly [string, string])[] => [
  ['an empty key', ''],
  ['a quoted empty key', '""'],
  ['a quoted key', `"${word(random, 20)}"`],
  ['a key of 255', word(random, 255)],
  ['a key of 256', word(random, 256)],
  ['a key of 5,000', 'k'.repeat(5_000)],
  ['a key with a blank', 'a b'],
  ['a key with a tab', 'a\tb'],
  ['a key in Latin-1', 'cl\u00e9'],
  ['a reserved key', `saga:${randomUUID()}`],
  ['a reserved key in quotes', `"saga:${randomUUID()}"`],
  ['a key list', 'a, b'],
  ['half a quote', '"abc'],
]

const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** None of them may let anybody in. */
const oddTokens = (random: Random): readonly (readonly [string, string])[] => [
  ['nothing', ''],
  ['only the scheme', 'Bearer'],
  ['a word', `Bearer ${word(random, 20)}`],
  ['a password', `Basic ${Buffer.from('masha:secret').toString('base64')}`],
  ['three dots', 'Bearer ...'],
  ['a claim', `Bearer ${base64({ alg: 'none' })}.${base64({ sub: randomUUID() })}.`],
  ['a claim that is signed by nobody', `Bearer ${base64({ alg: 'EdDSA' })}.${base64({})}.AAAA`],
  ['a very long word', `Bearer ${'x'.repeat(9_000)}`],
]

const oddHeaders = (random: Random): readonly (readonly [string, string, string])[] => [
  ['text as type', 'content-type', 'text/plain'],
  ['form as type', 'content-type', 'application/x-www-form-urlencoded'],
  ['multipart as type', 'content-type', 'multipart/form-data; boundary=x'],
  ['JSON in another charset', 'content-type', 'application/json; charset=utf-16'],
  ['JSON with a charset', 'content-type', 'application/json; charset="UTF-8"'],
  ['JSON in capitals', 'content-type', 'APPLICATION/JSON'],
  ['two types', 'content-type', 'application/json, text/plain'],
  ['an empty type', 'content-type', ''],
  ['a problem as type', 'content-type', 'application/problem+json'],
  ['compressed', 'content-encoding', 'gzip'],
  ['not compressed', 'content-encoding', 'identity'],
  ['nothing acceptable', 'accept', 'text/html;q=0'],
  ['another method by header', 'x-http-method-override', 'DELETE'],
  ['another address by header', 'x-original-url', '/billing/accounts'],
  ['a long request id', 'x-request-id', 'r'.repeat(65)],
  ['an odd request id', 'x-request-id', '"><script>'],
  ['a good request id', 'x-request-id', `r-${word(random, 10)}`],
  ['a key named by Connection', 'connection', 'idempotency-key'],
  ['a range', 'range', 'bytes=0-1'],
  ['a precondition', 'if-match', '"x"'],
  ['another host', 'host', 'evil.example'],
  ['a host with a blank', 'host', 'a b'],
  ['a host with a path', 'host', 'a/b?c'],
  ['a host with a user', 'host', 'user:password@a'],
  ['an empty host', 'host', ''],
  ['half an IPv6 host', 'host', '[::1'],
  ['a host with a wrong port', 'host', 'a:99999'],
  ['a host with an escape', 'host', '%00'],
  ['forwarded', 'x-forwarded-for', '127.0.0.1, ::1'],
  ['many cookies', 'cookie', 'a=1; '.repeat(1_500)],
  ['a value in Latin-1', 'x-odd', '\u00ff\u00fe'],
  ['a client address', 'x-client-address', '127.0.0.1'],
  ...oddTokens(random).map(
    ([label, token]) => [`${label} as token`, 'authorization', token] as const,
  ),
]

const oddIds = (random: Random): readonly string[] => [
  'x',
  '0',
  '-1',
  '%00',
  '%2e%2e',
  '%2F',
  '%zz',
  '%',
  'null',
  'undefined',
  '00000000-0000-0000-0000-000000000000',
  `${randomUUID()}%20`,
  randomUUID().replaceAll('-', ''),
  `{${randomUUID()}}`,
  `urn:uuid:${randomUUID()}`,
  encodeURIComponent(oddText(random).toWellFormed()),
  'a'.repeat(3_000),
  "1'or'1'='1",
]

const changePath = (draft: Draft, random: Random): Draft => {
  const [path = '', query = ''] = draft.path.split('?')
  const segments = path.split('/')
  const at = random.between(1, segments.length - 1)
  const odd = random.pick(oddIds(random))
  const suffix = query === '' ? '' : `?${query}`
  const changes: readonly (readonly [string, string])[] = [
    [`the part ${odd.slice(0, 40)}`, segments.with(at, odd).join('/') + suffix],
    ['a slash at the end', `${path}/${suffix}`],
    ['a slash too many', path.replace('/', '//') + suffix],
    ['dots', `${path}/../${segments[1] ?? ''}${suffix}`],
    ['capitals', path.toUpperCase() + suffix],
    ['a part too many', `${path}/more${suffix}`],
    ['a part too few', (segments.slice(0, -1).join('/') || '/') + suffix],
    ['a semicolon', `${path};a=b${suffix}`],
    ['an unknown parameter', `${path}${suffix}${query === '' ? '?' : '&'}unknown=1`],
    ['a doubled parameter', query === '' ? path : `${path}?${query}&${query}`],
    ['a parameter list', `${path}?userId[]=1&limit[0]=2`],
    ['an empty parameter', `${path}?userId=&orderId=&limit=&cursor=`],
    ['a broken escape', `${path}?userId=%zz&cursor=%`],
    ['a huge query', `${path}?a=${'a'.repeat(8_000)}`],
    ...['0', '101', '-1', '1e1', '99999', 'ten', '%31', ' 5', '5.0'].map(
      (limit) => [`limit ${limit}`, `${path}?${query}&limit=${encodeURIComponent(limit)}`] as const,
    ),
    ...['x', '999999999999999999999', '-1', "'"].map(
      (cursor) =>
        [`cursor ${cursor}`, `${path}?${query}&cursor=${encodeURIComponent(cursor)}`] as const,
    ),
  ]
  const [label, changed] = random.pick(changes)
  return { ...draft, label, path: changed }
}

const changeHeaders = (draft: Draft, random: Random): Draft => {
  const dice = random.between(0, 5)
  if (dice === 0) {
    const [label, key] = random.pick(oddKeys(random))
    return withHeader(draft, label, 'idempotency-key', key)
  }
  if (dice === 1) {
    return {
      ...draft,
      label: 'no content type',
      headers: draft.headers.filter(([name]) => name !== 'content-type'),
    }
  }
  if (dice === 2) {
    const twice = random.pick([
      ['content-type', 'application/json'],
      ['idempotency-key', word(random, 8)],
    ] as const)
    return { ...draft, label: `${twice[0]} twice`, headers: [...draft.headers, twice, twice] }
  }
  const [label, name, value] = random.pick(oddHeaders(random))
  return withHeader(draft, label, name, value)
}

const changeBody = (
  draft: Draft,
  value: Json,
  random: Random,
  operation: FuzzedOperation,
): Draft => {
  const text = JSON.stringify(value)
  const dice = random.between(0, 9)
  if (dice <= 4) {
    const { label, value: broken } = random.pick(breakEach(operation.body!, value))
    return withBody(draft, label, json(broken))
  }
  if (dice === 5) return withBody(draft, 'any JSON', json(randomJson(random)))
  if (dice <= 7) return withBody(draft, 'changed bytes', mutateText(random, text))
  const [label, body] = random.pick(oddBodies(text))
  return withBody(draft, label, body)
}

/** Makes one request for each fault that `breakEach` knows. This part does not depend on chance. */
export const eachConstraint = (
  operations: readonly FuzzedOperation[],
  seed: number,
  known: Known,
): Case[] => {
  const random = createRandom(`${seed}/constraints`)
  return operations.flatMap((operation) => {
    if (operation.body === undefined) return []
    const { draft } = draftOf(operation, random, known)
    const kinds = operation.body.oneOf ?? [operation.body]
    return kinds.flatMap((schema) =>
      breakEach(schema, validValue('', schema, random, known)).map(({ label, value }) => ({
        ...withBody(draft, label, json(value)),
        index: -1,
        service: operation.service,
        target: operation.service,
      })),
    )
  })
}

const methods = ['PUT', 'PATCH', 'POST', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'TRACE'] as const

/** Makes the request with that number under that seed, with ids that exist in this run. */
export const createCase = (
  operations: readonly FuzzedOperation[],
  seed: number,
  index: number,
  known: Known,
): Case => {
  const random = createRandom(`${seed}/${index}`)
  const operation = random.pick(operations)
  const { draft, value } = draftOf(operation, random, known)
  const dice = random.next()
  let changed: Draft = draft
  if (dice < 0.2) changed = draft
  else if (dice < 0.65 && operation.body) changed = changeBody(draft, value, random, operation)
  else if (dice < 0.78) changed = changeHeaders(draft, random)
  else if (dice < 0.94) changed = changePath(draft, random)
  else changed = { ...draft, label: 'another method', method: random.pick(methods) }
  const target = random.chance(0.5) ? 'gateway' : operation.service
  return { ...changed, index, service: operation.service, target }
}

/** Describes a request so that a person can send it again. */
export const describeCase = (one: Case): string => {
  const lines = one.headers.map(([name, value]) => `${name}: ${value.slice(0, 300)}`)
  const body =
    one.body === undefined ? [] : ['', JSON.stringify(one.body.toString('latin1').slice(0, 2_000))]
  const size = one.body === undefined ? '' : `, ${one.body.length} bytes`
  return [
    `#${one.index} (${one.label}${size}) at ${one.target}:`,
    `${one.method} ${one.path.slice(0, 500)}`,
    ...lines,
    ...body,
  ].join('\n    ')
}
