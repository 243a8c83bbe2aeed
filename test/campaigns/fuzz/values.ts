import { randomUUID } from 'node:crypto'
import type { Random } from '../../lab/random.ts'
import type { Schema } from '../../lab/operations.ts'

/** Makes values that a schema allows, and for each of its constraints a value that breaks it. */
export type Json = ReturnType<typeof JSON.parse>

/** Ids that exist, so that not every request is answered 404. */
export const knownKinds = ['user', 'order', 'company', 'category', 'offer', 'booking'] as const
export type KnownKind = (typeof knownKinds)[number]

export interface Known {
  readonly ids: Readonly<Record<KnownKind, string[]>>
  readonly keys: string[]
}

/** What the id of that name is an id of. */
const kindOf = (name: string): KnownKind =>
  name === 'parentId'
    ? 'category'
    : (knownKinds.find((kind) => name.toLowerCase().includes(kind)) ?? 'user')

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789'.split('')

export const word = (random: Random, length: number) =>
  Array.from({ length }, () => random.pick(letters)).join('')

const unicodeSamples = [
  'Мария',
  '名前',
  '👩‍👩‍👧‍👦',
  'e\u0301',
  '\u202eabc',
  'a\u0000b',
  '\ud800',
  '\udc00x',
  '\ufeff',
  '\u2028',
  '\uffff',
  "'; drop table orders; --",
  '<script>alert(1)</script>',
  '${7*7}',
  '%00',
  '../../etc/passwd',
  '\r\nX-Evil: 1',
  '__proto__',
  '\\u0000',
]

export const oddText = (random: Random): string =>
  random.chance(0.5)
    ? random.pick(unicodeSamples)
    : Array.from({ length: random.between(1, 40) }, () =>
        String.fromCharCode(random.between(0, 0xffff)),
      ).join('')

/** Of no password. */
const passwordHash = `$argon2id$v=19$m=1024,t=2,p=1$${'c2FsdHNhbHRzYWx0c2FsdA'}$${'A'.repeat(43)}`

const timeZones = ['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/St_Johns'] as const

const hourMs = 3_600_000

/** Why a booking ended so, by the last word of the kind of letter. */
const whyOf: ReadonlyMap<string, Readonly<Record<string, Json>>> = new Map([
  ['REFUSED', { cancelledBy: null, reason: 'insufficient-funds' }],
  ['RELEASED', { cancelledBy: null, reason: 'hold-over' }],
  ['CANCELLED', { cancelledBy: 'CUSTOMER', reason: 'I am ill' }],
])

/** Far enough that it can be booked, and rarely the hour of another one. */
const drawInstant = (random: Random) =>
  new Date(Date.now() + random.between(48, 8_000) * hourMs).toISOString()

const drawCursor = (random: Random) =>
  random.pick([
    randomUUID(),
    String(random.between(0, 99)),
    `${random.between(0, 99)}_${randomUUID()}`,
  ])

const validText = (random: Random, { minLength = 0, maxLength = 40 }: Schema) => {
  const length = random.chance(0.1) ? maxLength : random.between(minLength, Math.min(maxLength, 30))
  if (random.chance(0.2)) return '😀'.repeat(Math.max(length, 1))
  return word(random, Math.max(length, 1))
}

const validString = (name: string, schema: Schema, random: Random, known: Known): string => {
  if (schema.enum) return random.pick(schema.enum)
  if (schema.format === 'uuid') {
    const pool = known.ids[kindOf(name)]
    const id = pool.length > 0 && random.chance(0.85) ? random.pick(pool) : randomUUID()
    return random.chance(0.05) ? id.toUpperCase() : id
  }
  if (name === 'email') return `${word(random, 12)}@example.com`
  if (name === 'username') return `u.${word(random, random.between(1, 60))}`.slice(0, 64)
  if (name === 'passwordHash') return passwordHash
  if (name === 'phone') return `+7 ${random.between(100, 999)} 123-45-67`
  if (name === 'timeZone') return random.pick(timeZones)
  if (schema.format === 'date-time') return drawInstant(random)
  if (name === 'idempotency-key') {
    const isRepeat = known.keys.length > 0 && random.chance(0.35)
    const key = isRepeat ? random.pick(known.keys) : word(random, random.between(8, 40))
    known.keys.push(key)
    if (known.keys.length > 12) known.keys.shift()
    return key
  }
  const text = name === 'cursor' ? drawCursor(random) : validText(random, schema)
  const { pattern, example } = schema
  // A pattern that nothing here fits comes with an example.
  const isFit = pattern === undefined || new RegExp(pattern, 'u').test(text)
  return isFit || typeof example !== 'string' ? text : example
}

/** What no schema can say: the end comes soon after the start, and a letter says why. */
const makeSense = (value: Record<string, Json>): Record<string, Json> => {
  const { startsAt, endsAt, kind } = value
  if (typeof startsAt !== 'string') return value
  if (typeof endsAt === 'string') {
    return { ...value, endsAt: new Date(Date.parse(startsAt) + hourMs).toISOString() }
  }
  const [, ending = ''] = String(kind).split('_')
  return { ...value, ...(whyOf.get(ending) ?? { cancelledBy: null, reason: null }) }
}

/** Makes a value that the schema allows. */
export const validValue = (name: string, schema: Schema, random: Random, known: Known): Json => {
  if (schema.oneOf) return validValue(name, random.pick(schema.oneOf), random, known)
  const type = [schema.type].flat()[0]
  if (type === 'integer' || type === 'number') {
    const { minimum = 0, maximum = 1_000 } = schema
    const dice = random.next()
    if (dice < 0.05) return maximum
    if (dice < 0.15) return minimum
    return random.between(minimum, Math.min(maximum, 50_000))
  }
  if (type === 'object') {
    const chosen = Object.entries(schema.properties ?? {}).filter(
      ([property]) => schema.required?.includes(property) || random.chance(0.5),
    )
    return makeSense(
      Object.fromEntries(
        chosen.map(([property, inner]) => [property, validValue(property, inner, random, known)]),
      ),
    )
  }
  if (type === 'boolean') return random.chance(0.5)
  return validString(name, schema, random, known)
}

export interface Broken {
  readonly label: string
  readonly value: Json
}

const wrongTypes: readonly (readonly [string, Json])[] = [
  ['null', null],
  ['true', true],
  ['a list', []],
  ['an object', {}],
  ['a number', 12.5],
  ['text', 'text'],
]

const brokenNumbers = ({ minimum = 1, maximum = 1_000 }: Schema): Broken[] => [
  { label: 'below the minimum', value: minimum - 1 },
  { label: 'above the maximum', value: maximum + 1 },
  { label: 'negative', value: -1 },
  { label: 'a fraction', value: minimum + 0.5 },
  { label: 'huge', value: 1e308 },
  { label: 'tiny', value: 5e-324 },
  { label: 'minus zero', value: -0 },
  { label: 'a number as text', value: String(minimum) },
]

const brokenStrings = (schema: Schema): Broken[] => {
  const broken: Broken[] = [{ label: 'empty', value: '' }]
  const { minLength = 0, maxLength, pattern, format } = schema
  const isStrict = pattern !== undefined && !new RegExp(pattern, 'u').test('?')
  if (minLength > 1) broken.push({ label: 'too short', value: 'x'.repeat(minLength - 1) })
  if (maxLength !== undefined) {
    broken.push({ label: 'too long', value: 'x'.repeat(maxLength + 1) })
    broken.push({ label: 'too long by an emoji', value: '😀'.repeat(maxLength + 1) })
    broken.push({ label: 'far too long', value: 'x'.repeat(20_000) })
  }
  if (isStrict || format !== undefined || schema.enum) {
    broken.push({ label: 'against its pattern', value: '?' })
    broken.push({ label: 'odd characters', value: 'a\u0000b' })
    broken.push({ label: 'a line too many', value: 'masha\n' })
  }
  if (format === 'uuid') broken.push({ label: 'nearly an id', value: `${randomUUID()}0` })
  if (isStrict) broken.push({ label: 'no address', value: 'a@b@c' })
  return broken
}

/** Tells which of several schemas an object belongs to. */
const isOf = ({ properties = {}, required = [] }: Schema, value: Json) =>
  required.every((name) => name in value) && Object.keys(value).every((name) => name in properties)

/** Breaks each constraint of a schema alone, in a value that is valid otherwise. */
export const breakEach = (schema: Schema, value: Json): Broken[] => {
  if (schema.oneOf)
    return breakEach(
      schema.oneOf.find((option) => isOf(option, value))!,
      value,
    )
  const type = [schema.type].flat()[0]
  const right = new Set([type === 'string' ? 'text' : '', type === 'object' ? 'an object' : ''])
  const broken: Broken[] = wrongTypes
    .filter(([label]) => !right.has(label))
    .map(([label, wrong]) => ({ label: `${label} instead`, value: wrong }))
  if (type === 'integer' || type === 'number') return [...broken, ...brokenNumbers(schema)]
  if (type === 'string') return [...broken, ...brokenStrings(schema)]
  if (type !== 'object') return broken
  // An object that may be left out was perhaps not made.
  const given = (value ?? {}) as Record<string, Json>
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (schema.required?.includes(name)) {
      const { [name]: _left, ...rest } = given
      broken.push({ label: `without ${name}`, value: rest })
    }
    for (const inner of breakEach(property, given[name])) {
      broken.push({ label: `${name}: ${inner.label}`, value: { ...given, [name]: inner.value } })
    }
  }
  const extra = { ...given, unknownField: 1 }
  broken.push({ label: 'an unknown field', value: extra })
  // Changes the text: in a literal, `__proto__` would set the prototype instead of a member.
  const members = JSON.stringify(given).slice(1, -1)
  const withPrototype = `{"__proto__":{"a":1}${members === '' ? '' : `,${members}`}}`
  broken.push({ label: 'a prototype', value: JSON.parse(withPrototype) })
  broken.push({ label: 'a constructor', value: { ...given, constructor: { prototype: {} } } })
  return broken
}

/** Makes any JSON value. */
export const randomJson = (random: Random, depth = 0): Json => {
  const dice = random.between(0, depth > 3 ? 6 : 8)
  if (dice === 0) return null
  if (dice === 1) return random.chance(0.5)
  if (dice === 2) return random.between(-1_000, 1_000)
  if (dice === 3) return random.pick([9_007_199_254_740_991, 1e21, -1e308, 0.1, 2 ** 63])
  if (dice <= 6) return random.chance(0.5) ? oddText(random) : word(random, random.between(0, 12))
  const size = random.between(0, 4)
  if (dice === 7) return Array.from({ length: size }, () => randomJson(random, depth + 1))
  return Object.fromEntries(
    Array.from({ length: size }, () => [oddText(random), randomJson(random, depth + 1)]),
  )
}
