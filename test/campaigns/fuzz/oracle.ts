import type { ValidateFunction } from 'ajv/dist/2020.js'
import { createValidator } from '../../judge/contract-check.ts'
import type { Case } from './cases.ts'
import type { FuzzedOperation, Parameter } from '../../lab/operations.ts'
import type { Json } from './values.ts'

/**
 * What the contract says about a request before it is sent. `refused`: it must not be accepted and
 * must change nothing. `accepted`: it must not be called invalid. `open`: HTTP allows both.
 */
export type Expectation = 'refused' | 'accepted' | 'open'

const bodyLimitBytes = 64 * 1024
const keyPattern = /^[\x21\x23-\x7e]{1,255}$/
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const jsonType = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i

const headersOf = ({ headers }: Case, name: string) =>
  headers.filter(([given]) => given === name).map(([, value]) => value.trim())

/** Returns the least certain verdict. */
const worst = (verdicts: readonly Expectation[]): Expectation => {
  if (verdicts.includes('refused')) return 'refused'
  return verdicts.includes('open') ? 'open' : 'accepted'
}

const parameterVerdict = ({ name, schema }: Parameter, text: string): Expectation => {
  // Servers may read escapes in different ways.
  if (text.includes('%') || text.includes('+')) return 'open'
  if (schema.format === 'uuid') {
    return uuidPattern.test(text) ? 'accepted' : 'refused'
  }
  if (schema.type === 'integer') {
    const value = Number(text)
    if (!/^[1-9]\d*$/.test(text))
      return text === '' || !/^[\d.e-]+$/.test(text) ? 'refused' : 'open'
    const { minimum = 0, maximum = Infinity } = schema
    return value >= minimum && value <= maximum ? 'accepted' : 'refused'
  }
  if (schema.enum !== undefined) return schema.enum.includes(text) ? 'accepted' : 'refused'
  const { pattern, minLength = 0, maxLength = Infinity } = schema
  const { length } = Array.from(text)
  if (length < minLength || length > maxLength) return 'refused'
  if (pattern !== undefined) {
    return new RegExp(pattern, 'u').test(text) ? 'accepted' : 'refused'
  }
  return name === '' ? 'open' : 'accepted'
}

const queryVerdict = (operation: FuzzedOperation, query: string): Expectation => {
  const verdicts: Expectation[] = []
  const pairs = query.split('&').filter((pair) => pair !== '')
  const given = new Map<string, string[]>()
  for (const pair of pairs) {
    const [name = '', ...rest] = pair.split('=')
    let value = rest.join('=')
    try {
      value = decodeURIComponent(value)
    } catch {
      verdicts.push('open')
    }
    given.set(name, [...(given.get(name) ?? []), value])
  }
  const declared = operation.parameters.filter((parameter) => parameter.in === 'query')
  for (const parameter of declared) {
    const values = given.get(parameter.name) ?? []
    if (values.length === 0) verdicts.push(parameter.isRequired ? 'refused' : 'accepted')
    // No standard says whether the first, the last or neither counts.
    else if (values.length > 1) verdicts.push('open')
    else verdicts.push(parameterVerdict(parameter, values[0] ?? ''))
    given.delete(parameter.name)
  }
  if (given.size > 0) verdicts.push('open')
  return worst(verdicts)
}

const keyVerdict = (one: Case): Expectation => {
  const [key, ...more] = headersOf(one, 'idempotency-key')
  if (key === undefined) return 'accepted'
  if (more.length > 0) return 'open'
  const bare = key.replace(/^"(.*)"$/, '$1')
  if (!keyPattern.test(bare)) return 'refused'
  if (bare.startsWith('saga:')) return one.target === 'gateway' ? 'refused' : 'open'
  return 'accepted'
}

const typeVerdict = (one: Case): Expectation => {
  const types = headersOf(one, 'content-type')
  const [encoding] = headersOf(one, 'content-encoding')
  if (types.length > 1) return 'open'
  if (types[0] === undefined || !jsonType.test(types[0])) return 'refused'
  return encoding === undefined || encoding === 'identity' ? 'accepted' : 'refused'
}

/** A request that names its token itself has one that is not valid. */
const tokenVerdict = (one: Case, { isOpen }: FuzzedOperation): Expectation =>
  isOpen || headersOf(one, 'authorization').length === 0 ? 'accepted' : 'refused'

const longestMs = 31 * 24 * 3_600_000

const isTimeZone = (timeZone: string): boolean => {
  try {
    return Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/**
 * What a schema cannot say of an allowed body: that its times or its time zone make no sense, or
 * that a letter gives a reason that its kind does not have.
 */
const isSenseless = (body: Json): boolean => {
  const said = (body ?? {}) as Readonly<Record<string, unknown>>
  const { startsAt, endsAt, timeZone } = said
  if ('cancelledBy' in said && 'reason' in said) return true
  if (typeof timeZone === 'string' && !isTimeZone(timeZone)) return true
  if (typeof startsAt !== 'string' || typeof endsAt !== 'string') return false
  const ms = Date.parse(endsAt) - Date.parse(startsAt)
  return !(ms > 0 && ms <= longestMs)
}

const isOddText = (value: string) => value.includes('\0') || !value.isWellFormed()

const textsIn = (value: Json): string[] => {
  if (typeof value === 'string') return [value]
  if (value === null || typeof value !== 'object') return []
  return Object.values(value as object).flatMap(textsIn)
}

export const createOracle = (operations: readonly FuzzedOperation[]) => {
  const ajv = createValidator()
  const validators = new Map<FuzzedOperation, ValidateFunction>()
  for (const operation of operations) {
    if (operation.body) validators.set(operation, ajv.compile(operation.body))
  }
  const matchers = operations.map((operation) => ({
    operation,
    matcher: new RegExp(`^${operation.template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
  }))

  const bodyVerdict = (operation: FuzzedOperation, body: Buffer | undefined): Expectation => {
    const validate = validators.get(operation)
    if (!validate) return body === undefined ? 'accepted' : 'open'
    if (body === undefined || body.length > bodyLimitBytes) return 'refused'
    const text = body.toString('utf8')
    // A server may replace bytes that are not UTF-8, and may skip a byte order mark.
    if (!Buffer.from(text).equals(body) || text.startsWith('\ufeff')) return 'open'
    let value: Json
    try {
      value = JSON.parse(text)
    } catch {
      return 'refused'
    }
    if (!validate(value) || textsIn(value).some(isOddText)) return 'refused'
    if (isSenseless(value)) return 'open'
    // JSON.parse drops members that appear twice, and digits beyond the precision of numbers.
    const lengthOf = (given: string) => given.replaceAll(/\s/g, '').length
    return lengthOf(JSON.stringify(value)) === lengthOf(text) ? 'accepted' : 'open'
  }

  /** Returns the route that the request belongs to, and what must happen to it. */
  const judge = (
    one: Case,
  ): { operation: FuzzedOperation | undefined; expectation: Expectation } => {
    const [path = '', ...queries] = one.path.split('?')
    const isReachable = ({ operation }: (typeof matchers)[number]) =>
      one.target === 'gateway' ? !operation.isInternal : operation.service === one.target
    const atPath = matchers.filter((each) => isReachable(each) && each.matcher.test(path))
    const literal = atPath.filter(({ operation }) => operation.template === path)
    const candidates = literal.length > 0 ? literal : atPath
    const method = one.method === 'HEAD' ? 'GET' : one.method
    const operation = candidates.find((each) => each.operation.method === method)?.operation
    if (!operation) {
      const isDescribing =
        one.method === 'HEAD' || one.method === 'OPTIONS' || one.method === 'TRACE'
      return { operation, expectation: isDescribing ? 'open' : 'refused' }
    }
    const names = operation.template.split('/')
    const verdicts = path.split('/').map((segment, index): Expectation => {
      const name = /^\{(.+)\}$/.exec(names[index] ?? '')?.[1]
      const parameter = operation.parameters.find(
        (each) => each.in === 'path' && each.name === name,
      )
      return parameter ? parameterVerdict(parameter, segment) : 'accepted'
    })
    verdicts.push(tokenVerdict(one, operation))
    verdicts.push(queryVerdict(operation, queries.join('?')), bodyVerdict(operation, one.body))
    if (operation.body) verdicts.push(typeVerdict(one))
    const takesKey = operation.parameters.some(({ name }) => name === 'idempotency-key')
    if (headersOf(one, 'host').length > 0) verdicts.push('open')
    if (takesKey) verdicts.push(keyVerdict(one))
    else if (headersOf(one, 'idempotency-key').length > 0) verdicts.push('open')
    return { operation, expectation: worst(verdicts) }
  }

  return { judge }
}

export type Oracle = ReturnType<typeof createOracle>
