import { beforeAll, describe, expect, it } from 'vitest'
import { uuidv7 } from '../../src/platform/base/ids.ts'
import { servicesWithDatabase, type ServiceName } from '../../src/registry.ts'
import { whenFileEnds } from '../lab/cleanup.ts'
import { startCompany } from '../lab/company.ts'
import type { TestDatabase } from '../lab/database.ts'
import { startGateway } from '../lab/gateway.ts'
import { api, type Api } from '../lab/http.ts'
import { loadOperations, type Schema } from '../lab/operations.ts'
import { createRequestSchemas } from '../lab/request-schemas.ts'
import { startOffering } from '../lab/offering.ts'
import {
  openAccount,
  startBilling,
  startWithBilling,
  startWithDatabase,
  type ServiceWithDatabase,
} from '../lab/service.ts'

/**
 * Tries everything that can be wrong with a request on every route: the answer is a problem that
 * names the field, and nothing changes.
 */
interface Target {
  readonly api: Api
  readonly database: TestDatabase
  readonly tables: readonly string[]
}

const targets = {} as Record<ServiceName, Target>
let userId: string
let orderId: string
let companyId: string
const categoryId = '019aa000-0000-7000-8000-000000000002'

/** All tables of a service, but that of operators: what they ask for is written down, also when it is refused. */
const tablesOf = async ({ sql }: TestDatabase) => {
  const rows = await sql<{ name: string }[]>`
    select tablename as name from pg_tables
    where schemaname = 'public' and tablename <> 'operator_acts' order by 1`
  return rows.map(({ name }) => name)
}

beforeAll(async () => {
  const orders = await startWithBilling('order')
  const users = await startWithBilling('user')
  const ledger = await startBilling()
  const companies = await startCompany()
  const offering = await startOffering()
  const { identity, identityDatabase } = users
  if (identity === undefined || identityDatabase === undefined) throw new Error('no identity')
  const withOthersBehind: Partial<Record<ServiceWithDatabase, Omit<Target, 'tables'>>> = {
    order: { api: orders.service.api, database: orders.database },
    user: { api: users.service.api, database: users.database },
    identity: { api: identity.api, database: identityDatabase },
    billing: { api: orders.billing.api, database: orders.billingDatabase },
    company: { api: companies.company.api, database: companies.database },
    booking: { api: offering.api, database: offering.database },
    notification: { api: ledger.notification.api, database: ledger.notificationDatabase },
  }
  /** What is wrong is refused before anybody else is asked, so nobody need be behind a service. */
  const startAlone = async (name: ServiceWithDatabase) => {
    const { service, database } = await startWithDatabase(name)
    return { api: service.api, database }
  }
  for (const name of servicesWithDatabase as ServiceWithDatabase[]) {
    const started = withOthersBehind[name] ?? (await startAlone(name))
    targets[name] = { ...started, tables: await tablesOf(started.database) }
  }
  const gateway = await startGateway()
  whenFileEnds(gateway.stop)
  // It has no database: what is wrong changes nothing.
  targets.gateway = { api: api(gateway.url), database: orders.database, tables: [] }
  companyId = await companies.newCompany(companies.newPerson())
  userId = await openAccount(orders.billing, 1_000)
  orderId = (await orders.service.api.post('/orders', { userId, price: 10 })).body.id
})

/** Returns all rows of a service as one text, so that every change is visible. */
const contentOf = async ({ database, tables }: Target) => {
  const rows = await Promise.all(
    tables.map((table) => database.sql.unsafe(`select * from ${table} order by 1`)),
  )
  return JSON.stringify(rows)
}

type Kind =
  | 'amount'
  | 'id'
  | 'text'
  | 'email'
  | 'username'
  | 'phone'
  | 'locale'
  | 'password'
  | 'passwordHash'
  | 'letterKind'
  | 'bookingLetterKind'
  | 'depositKind'
  | 'instant'
  | 'timeZone'
  | 'canceller'
  | 'location'
  | 'role'
  | 'boolean'
  | 'start'
  | 'end'
interface Field {
  readonly kind: Kind
  /** Null takes it away. */
  readonly isNullable?: boolean
  readonly isOptional?: boolean
  readonly maxLength?: number
}
interface Operation {
  readonly service: ServiceWithDatabase
  readonly method: 'POST' | 'PATCH'
  readonly path: () => string
  readonly isKeyed: boolean
  readonly fields: Readonly<Record<string, Field>>
}

const amount: Field = { kind: 'amount' }
const account = (what: string) => () => `/billing/accounts/${userId}/${what}`
const text = (maxLength: number): Field => ({ kind: 'text', maxLength })
const refreshToken = text(200)
const letterTo = {
  service: 'notification',
  method: 'POST',
  path: () => '/notifications',
  isKeyed: false,
  fields: { key: text(100), userId: { kind: 'id' }, email: { kind: 'email' }, amount },
} as const satisfies Operation
const optional = (field: Field): Field => ({ ...field, isOptional: true })
const nullable = (field: Field): Field => ({ ...field, isOptional: true, isNullable: true })
const operations: Record<string, Operation> = {
  'POST /sessions': {
    service: 'identity',
    method: 'POST',
    path: () => '/sessions',
    isKeyed: false,
    fields: { username: text(64), password: text(256) },
  },
  'POST /sessions/refresh': {
    service: 'identity',
    method: 'POST',
    path: () => '/sessions/refresh',
    isKeyed: false,
    fields: { refreshToken },
  },
  'POST /sessions/end': {
    service: 'identity',
    method: 'POST',
    path: () => '/sessions/end',
    isKeyed: false,
    fields: { refreshToken },
  },
  'POST /identity/logins': {
    service: 'identity',
    method: 'POST',
    path: () => '/identity/logins',
    isKeyed: false,
    fields: {
      userId: { kind: 'id' },
      username: text(64),
      email: { kind: 'email' },
      locale: { kind: 'locale' },
      passwordHash: { kind: 'passwordHash' },
    },
  },
  'POST /users': {
    service: 'user',
    method: 'POST',
    path: () => '/users',
    isKeyed: true,
    fields: {
      username: { kind: 'username' },
      email: { kind: 'email' },
      phone: { kind: 'phone', isOptional: true },
      firstName: { kind: 'text', isOptional: true, maxLength: 100 },
      lastName: { kind: 'text', isOptional: true, maxLength: 100 },
      locale: { kind: 'locale', isOptional: true },
      password: { kind: 'password', maxLength: 128 },
    },
  },
  'POST /billing/accounts': {
    service: 'billing',
    method: 'POST',
    path: () => '/billing/accounts',
    isKeyed: false,
    fields: { userId: { kind: 'id' }, email: { kind: 'email' } },
  },
  'POST deposit': {
    service: 'billing',
    method: 'POST',
    path: account('deposit'),
    isKeyed: true,
    fields: { amount },
  },
  'POST withdraw': {
    service: 'billing',
    method: 'POST',
    path: account('withdraw'),
    isKeyed: true,
    fields: { amount },
  },
  'POST refund': {
    service: 'billing',
    method: 'POST',
    path: account('refund'),
    isKeyed: true,
    fields: { amount, withdrawal: { kind: 'text', maxLength: 100 } },
  },
  'POST /orders': {
    service: 'order',
    method: 'POST',
    path: () => '/orders',
    isKeyed: true,
    fields: {
      userId: { kind: 'id', isOptional: true },
      price: amount,
      description: { kind: 'text', isOptional: true, maxLength: 500 },
    },
  },
  'PATCH /orders/{orderId}': {
    service: 'order',
    method: 'PATCH',
    path: () => `/orders/${orderId}`,
    isKeyed: true,
    fields: { price: amount },
  },
  'POST /companies': {
    service: 'company',
    method: 'POST',
    path: () => '/companies',
    isKeyed: true,
    fields: {
      name: text(200),
      description: optional(text(2_000)),
      address: optional(text(500)),
      phone: optional({ kind: 'phone' }),
      location: optional({ kind: 'location' }),
    },
  },
  'PATCH /companies/{companyId}': {
    service: 'company',
    method: 'PATCH',
    path: () => `/companies/${companyId}`,
    isKeyed: true,
    fields: {
      name: optional(text(200)),
      description: nullable(text(2_000)),
      address: nullable(text(500)),
      phone: nullable({ kind: 'phone' }),
      location: nullable({ kind: 'location' }),
      active: optional({ kind: 'boolean' }),
    },
  },
  'POST /companies/{companyId}/members': {
    service: 'company',
    method: 'POST',
    path: () => `/companies/${companyId}/members`,
    isKeyed: true,
    fields: { userId: { kind: 'id' }, role: { kind: 'role' } },
  },
  'POST /categories': {
    service: 'company',
    method: 'POST',
    path: () => '/categories',
    isKeyed: true,
    fields: { name: text(100), parentId: optional({ kind: 'id' }) },
  },
  'PATCH /categories/{categoryId}': {
    service: 'company',
    method: 'PATCH',
    path: () => `/categories/${categoryId}`,
    isKeyed: true,
    fields: { name: text(100) },
  },
  'POST /offers': {
    service: 'booking',
    method: 'POST',
    path: () => '/offers',
    isKeyed: true,
    fields: {
      companyId: { kind: 'id' },
      categoryId: { kind: 'id' },
      title: text(200),
      description: optional(text(2_000)),
      price: amount,
      startsAt: { kind: 'start' },
      endsAt: { kind: 'end' },
      timeZone: optional({ kind: 'timeZone', maxLength: 64 }),
      resource: optional(text(100)),
      location: optional({ kind: 'location' }),
    },
  },
  'POST /bookings': {
    service: 'booking',
    method: 'POST',
    path: () => '/bookings',
    isKeyed: true,
    fields: { offerId: { kind: 'id' } },
  },
  'POST /notifications about an order': {
    ...letterTo,
    fields: { ...letterTo.fields, kind: { kind: 'letterKind' }, orderId: { kind: 'id' } },
  },
  'POST /notifications about a booking': {
    ...letterTo,
    fields: {
      ...letterTo.fields,
      kind: { kind: 'bookingLetterKind' },
      bookingId: { kind: 'id' },
      title: text(200),
      startsAt: { kind: 'instant' },
      timeZone: { kind: 'timeZone', maxLength: 64 },
      cancelledBy: { kind: 'canceller', isNullable: true },
      reason: { kind: 'text', isNullable: true, maxLength: 500 },
    },
  },
  'POST /notifications about a deposit': {
    ...letterTo,
    fields: { ...letterTo.fields, kind: { kind: 'depositKind' } },
  },
}

const hashOf = (cost: string) => `"$argon2id$v=19$${cost}$${'a'.repeat(22)}$${'b'.repeat(43)}"`

const valid: Record<Kind, string> = {
  amount: '5',
  id: '"019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061"',
  text: '"text"',
  email: '"masha@example.com"',
  username: '"masha"',
  phone: '"+7 900 123-45-67"',
  locale: '"ru"',
  password: '"three brave hedgehogs"',
  passwordHash: hashOf('m=1024,t=2,p=1'),
  letterKind: '"ORDER_APPROVED"',
  bookingLetterKind: '"BOOKING_CANCELLED"',
  depositKind: '"DEPOSIT"',
  instant: '"2026-11-20T12:30:00+03:00"',
  timeZone: '"Europe/Moscow"',
  canceller: '"CUSTOMER"',
  location: '{"lat":55.755826,"lng":-0.1}',
  role: '"MANAGER"',
  boolean: 'true',
  start: '"2099-01-01T10:00:00Z"',
  end: '"2099-01-01T12:00:00.5+01:00"',
}

const wrongTypes = ['null', 'true', '[]', '{}', '[5]', '{"amount":5}']
const wellKnown = ['"password123"', '"PASSWORD123"', '"qwertyuiop"']
const unstorable = [String.raw`"a\u0000b"`, String.raw`"\ud800"`, String.raw`"\udc00\ud800"`]
/** A time, but not later than the start. */
const notLater = '"2099-01-01T12:00:00+02:00"'
/** Moments with which Postgres or a text that is compared could not cope. */
const beyondPostgres = [
  '"0000-01-01T00:00:00Z"',
  '"0001-01-01T00:00:00+01:00"',
  '"1999-12-31T23:59:59.999Z"',
  '"9999-01-01T00:00:00Z"',
  '"9999-12-31T23:59:59-01:00"',
]
/** Right as names, but there are no such zones. */
const nowhere = ['"Europe/Atlantis"', '"constructor"', '"EST5"']
const noKinds = ['5', '""', '"SPAM"', '"deposit"', '"__proto__"', '"constructor"']
const noInstants = [
  '5',
  '""',
  '"now"',
  '"2026-11-20"',
  '"2026-11-20T12:30:00"',
  '"2026-11-20 12:30:00Z"',
  '"2026-02-30T12:30:00Z"',
  '"2026-11-20T24:00:00Z"',
  '"2026-11-20T12:30:60Z"',
  '"2026-11-20T12:30:00+3"',
  '"-2026-11-20T12:30:00Z"',
  '"+012026-11-20T12:30:00Z"',
  ...beyondPostgres,
  '"2100-02-29T10:00:00Z"',
  '"2099-06-31T10:00:00Z"',
]
/** Wrong values as JSON text, since some of them are no JavaScript values. */
const wrongValues: Record<Kind, readonly string[]> = {
  amount: [
    '"5"',
    '""',
    '0',
    '-0',
    '-1',
    '-5',
    '1.5',
    '0.1',
    '1e-7',
    '5.0000001',
    '1e400',
    '-1e400',
    '9007199254740992',
    '5.00000000000000000001',
    '9007199254740991.4',
    '9007199254740993',
    '1e16',
    '99999999999999999999999999',
  ],
  id: [
    '5',
    '""',
    '"x"',
    '"019aa0b6-50f3-7a00-8b3d-1c2d3e4f506"',
    '"019aa0b650f37a008b3d1c2d3e4f5061"',
  ],
  text: ['5', '""', ...unstorable],
  email: [
    '5',
    '""',
    '"masha"',
    '"masha@"',
    '"@example.com"',
    '"masha@example"',
    '"a b@example.com"',
    '"a#b@example.com"',
    '"Masha <masha@example.com>"',
    `"${'a'.repeat(250)}@example.com"`,
    ...unstorable,
    String.raw`"masha@example.com\u0000"`,
    String.raw`"masha@example.com\nbcc: x@example.com"`,
  ],
  username: [
    '5',
    '""',
    '"ab"',
    '"a b c"',
    '"имя"',
    `"${'a'.repeat(65)}"`,
    String.raw`"abc\n"`,
    ...unstorable,
  ],
  phone: ['5', '""', '"12"', '"call me"', `"${'1'.repeat(40)}"`, String.raw`"12345\u0000"`],
  locale: ['5', '""', '"xx"', '"EN"', '"en-GB"', '"__proto__"'],
  password: ['5', '""', '"nine char"', `"${'🦔'.repeat(9)}"`, ...wellKnown, ...unstorable],
  passwordHash: [
    '5',
    '""',
    '"hash"',
    hashOf('m=1023,t=2,p=1'),
    hashOf('m=1000000,t=2,p=1'),
    hashOf('m=1024,t=99,p=1'),
    ...unstorable,
  ],
  letterKind: noKinds,
  bookingLetterKind: noKinds,
  depositKind: noKinds,
  instant: noInstants,
  start: noInstants,
  end: [...noInstants, notLater],
  timeZone: ['5', '""', '"+03:00"', '"Europe/ Moscow"', '"../UTC"', ...nowhere, ...unstorable],
  canceller: ['5', '""', '"NOBODY"', '"customer"', '"constructor"'],
  location: [
    '5',
    '"55,37"',
    '{"lat":1}',
    '{"lng":1}',
    '{"lat":91,"lng":0}',
    '{"lat":-90.000001,"lng":0}',
    '{"lat":0,"lng":180.5}',
    '{"lat":0,"lng":-1e400}',
    '{"lat":"1","lng":0}',
    '{"lat":null,"lng":0}',
    '{"lat":1,"lng":2,"alt":3}',
  ],
  role: ['5', '""', '"OWNER"', '"admin"', '"__proto__"'],
  boolean: ['5', '0', '""', '"true"'],
}

/** Faults that parsing removes, or that no schema can describe. */
const beyondSchemas = new Set([
  ...unstorable.slice(1),
  ...wellKnown,
  '5.00000000000000000001',
  '9007199254740991.4',
  ...beyondPostgres,
  ...nowhere,
  notLater,
])

const schemas = createRequestSchemas()
const contracted = loadOperations()
/** What addresses name, by the names of their parameters. */
const things = (): Readonly<Record<string, string>> => ({ userId, orderId, companyId, categoryId })

const pathOf = (template: string) =>
  template.replaceAll(/\{(\w+)\}/g, (_, name: string) => things()[name] ?? userId)

const templateOf = ({ path }: Operation) =>
  Object.entries(things()).reduce((made, [name, id]) => made.replace(id, `{${name}}`), path())

const bodyWith = (operation: Operation, changed: Readonly<Record<string, string | undefined>>) => {
  const entries = Object.entries(operation.fields).map(([name, { kind }]) => [name, valid[kind]])
  const all = { ...Object.fromEntries(entries), ...changed }
  const members = Object.entries(all).filter(([, value]) => value !== undefined)
  return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${String(value)}`).join(',')}}`
}

const expectRefused = async (operation: Operation, text: string, code: string, field?: string) => {
  const target = targets[operation.service]
  const before = await contentOf(target)
  const { status, body } = await target.api.send(operation.method, operation.path(), text)
  const shown = `${operation.method} with ${text.slice(0, 120)}`
  expect([status, body.code], shown).toEqual([400, code])
  // Of a field with fields inside it, those are named.
  const names = (body.errors ?? []).map((error: { field: string }) => error.field.split('.')[0])
  if (field !== undefined) expect(names, shown).toContain(field)
  expect(await contentOf(target), shown).toBe(before)
}

/** Lists of what other routes take alone; the tests of billing and notification try them. */
const forMany = new Set([
  'POST /billing/withdrawals',
  'POST /notifications/many',
  'POST /managers/many',
])

it('is tried with every field of every body in the contracts', () => {
  const fieldsOf = ({ properties = {}, oneOf = [] }: Schema): string[] => [
    ...new Set([...Object.keys(properties), ...oneOf.flatMap(fieldsOf)]),
  ]
  const promised = contracted
    .filter(({ body, method, template }) => body && !forMany.has(`${method} ${template}`))
    .map(({ method, template, body }) => [`${method} ${template}`, fieldsOf(body!).toSorted()])
  // Several kinds of body may be tried for one route.
  const tried: Record<string, string[]> = {}
  for (const operation of Object.values(operations)) {
    const name = `${operation.method} ${templateOf(operation)}`
    const fields = [...(tried[name] ?? []), ...Object.keys(operation.fields)]
    tried[name] = [...new Set(fields)].toSorted()
  }
  expect(tried).toEqual(Object.fromEntries(promised))
})

const eachOperation = Object.entries(operations)
const eachField = eachOperation.flatMap(([name, operation]) =>
  Object.entries(operation.fields).map(([field, about]) => ({ name, operation, field, about })),
)

describe('a field', () => {
  it.each(eachField)(
    'of $name, $field, is refused by its name when it is wrong',
    async ({ operation, field, about }) => {
      const isAllowed = schemas.body(operation.service, operation.method, templateOf(operation))
      expect(isAllowed(JSON.parse(bodyWith(operation, {}))), 'a right body').toBe(true)
      const tooLong = about.maxLength === undefined ? [] : [`"${'x'.repeat(about.maxLength + 1)}"`]
      const isRight = (value: string) =>
        value === valid[about.kind] || (value === 'null' && about.isNullable === true)
      const wrong = wrongTypes.filter((value) => !isRight(value))
      for (const value of [...wrong, ...wrongValues[about.kind], ...tooLong]) {
        const text = bodyWith(operation, { [field]: value })
        await expectRefused(operation, text, 'validation-failed', field)
        // A reader of the contract must be able to see that the value is wrong.
        expect(isAllowed(JSON.parse(text)) && !beyondSchemas.has(value), text).toBe(false)
      }
    },
  )

  it.each(eachField.filter(({ about }) => !about.isOptional))(
    'of $name, $field, is refused by its name when it is missing',
    async ({ operation, field }) => {
      const text = bodyWith(operation, { [field]: undefined })
      const isAllowed = schemas.body(operation.service, operation.method, templateOf(operation))
      expect(isAllowed(JSON.parse(text))).toBe(false)
      await expectRefused(operation, text, 'validation-failed', field)
    },
  )

  it.each(eachOperation)(
    'that %s does not know is refused by its name',
    async (_name, operation) => {
      for (const unknown of ['extra', 'Amount', 'constructor', '__proto__', 'toString', 'id', '']) {
        const text = bodyWith(operation, { [unknown]: '{"isAdmin":true}' }).replace(
          '{',
          `{"first":1,`,
        )
        await expectRefused(operation, text, 'validation-failed', 'first')
        const single = `${bodyWith(operation, {}).slice(0, -1)},${JSON.stringify(unknown)}:1}`
        await expectRefused(operation, single, 'validation-failed', unknown)
      }
    },
  )

  it.each(eachField)(
    'of $name, $field, is refused when it is there twice',
    async ({ operation, field, about }) => {
      const text = `{${JSON.stringify(field)}:${valid[about.kind]},${bodyWith(operation, {}).slice(1)}`
      await expectRefused(operation, text, 'validation-failed', field)
    },
  )
})

describe('a body', () => {
  it.each(eachOperation)('of %s that is no object is refused', async (_name, operation) => {
    for (const text of ['[]', 'null', '5', '"text"', 'true', `[${bodyWith(operation, {})}]`]) {
      await expectRefused(operation, text, 'validation-failed')
    }
  })

  it.each(eachOperation)('of %s that is no JSON is refused', async (_name, operation) => {
    const good = bodyWith(operation, {})
    const broken = [
      '',
      ' ',
      '{',
      good.slice(0, -1),
      `${good}${good}`,
      `${good},`,
      good.replaceAll('"', "'"),
      `// comment\n${good}`,
      good.replace('}', ',}'),
      'undefined',
      'amount=5',
      '<amount>5</amount>',
      good.replace(':', ':NaN,"x":'),
      '{"amount":05}',
    ]
    for (const text of broken) await expectRefused(operation, text, 'malformed-json')
  })

  it.each(eachOperation)(
    'of %s that is nested thousands of levels deep is refused',
    async (_name, operation) => {
      const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
      const field = Object.keys(operation.fields)[0] as string
      await expectRefused(
        operation,
        bodyWith(operation, { [field]: deep }),
        'validation-failed',
        field,
      )
      await expectRefused(operation, bodyWith(operation, { deep }), 'validation-failed', 'deep')
      await expectRefused(operation, '['.repeat(60_000), 'malformed-json')
    },
  )
})

const keyed = eachOperation.filter(([, operation]) => operation.isKeyed)

describe('an Idempotency-Key', () => {
  it.each(keyed)(
    'of %s that is no key is refused and changes nothing',
    async (_name, operation) => {
      const target = targets[operation.service]
      const before = await contentOf(target)
      const [template, name] = [templateOf(operation), 'idempotency-key']
      const isAllowed = schemas.parameter(operation.service, operation.method, template, name)
      for (const key of ['k'.repeat(255), `"${'k'.repeat(255)}"`]) expect(isAllowed(key)).toBe(true)
      for (const key of [
        '',
        ' ',
        '""',
        '"',
        'x'.repeat(256),
        `"${'x'.repeat(256)}"`,
        'a b',
        'a\tb',
        'é',
        'a, b',
      ]) {
        expect(isAllowed(key), key).toBe(false)
        const path = operation.path()
        const answer = await target.api.send(operation.method, path, bodyWith(operation, {}), {
          key,
        })
        expect([answer.status, answer.body.code], key).toEqual([400, 'invalid-idempotency-key'])
        expect(answer.body.errors[0].field, key).toBe('idempotency-key')
      }
      expect(await contentOf(target)).toBe(before)
    },
  )

  it('of 255 characters is a valid key, also in quotes', async () => {
    const { api } = targets.billing
    const key = 'k'.repeat(255)
    const first = await api.post(account('deposit')(), { amount: 1 }, { key })
    const again = await api.post(account('deposit')(), { amount: 1 }, { key: `"${key}"` })
    expect([first.status, again.text]).toEqual([200, first.text])
  })
})

/** Such a path is none at the gateway, whoever would answer it. */
const readInTwoWays = /%(?:00|2f|a$)/i

const badIds = [
  'x',
  '1',
  'null',
  '%00',
  '%E0%A4%A',
  '..%2Fx',
  "1'%20or%20'1'='1",
  '%F0%9F%98%80',
  '019aa0b6-52a5-7c11-8f6e-2d3c4b5a697',
  '019aa0b6-52a5-7c11-8f6e-2d3c4b5a69788',
]
const idRoutes = contracted.flatMap(({ parameters, ...route }) =>
  parameters
    .filter(({ name, schema }) => schema.format === 'uuid' && name !== 'cursor')
    .map(({ name, in: place }) => ({
      ...route,
      name,
      place,
      /** What must be said beside it. */
      others: parameters.filter((each) => each.in === 'query' && each.isRequired),
    })),
)

describe('an id in an address', () => {
  it.each(idRoutes)(
    'of $method $template, $name, is refused by its name when it is none',
    async ({ service, method, template, body, name: field, place, others }) => {
      const beside = others.filter(({ name }) => name !== field)
      const query = beside.map(({ name }) => `${name}=${pathOf(`{${name}}`)}`)
      for (const id of badIds) {
        if (place === 'query') query[beside.length] = `${field}=${id}`
        const address = place === 'query' ? template : template.replace(`{${field}}`, id)
        const path = [pathOf(address), ...(query.length > 0 ? [query.join('&')] : [])].join('?')
        const { api } = targets[service]
        const answer = await api.send(method as 'GET', path, body && '{"amount":5}')
        const told = [answer.status, answer.body.code, answer.body.errors?.[0].field]
        const isPath = service !== 'gateway' || !readInTwoWays.test(id)
        expect(told, id).toEqual(
          isPath ? [400, 'validation-failed', field] : [404, 'not-found', undefined],
        )
      }
    },
  )
})

describe('a query', () => {
  const lists = contracted.filter(({ parameters }) =>
    parameters.some(({ name }) => name === 'cursor'),
  )
  it.each(lists)(
    'for $template is refused by the name of the wrong parameter',
    async ({ service, template, parameters }) => {
      const isOfSomebody = parameters.some((each) => each.name === 'userId' && each.in === 'query')
      const path = `${pathOf(template)}?${isOfSomebody ? `userId=${userId}` : ''}`
      const wrong: [string, string][] = [
        ...['0', '101', '-1', '1.5', 'x', '', '1e1', '%2B5', '5%00', '999', '0x10'].map(
          (limit): [string, string] => [`limit=${limit}`, 'limit'],
        ),
        ...['x', '-1', '', '%00', "'", '1;drop', '9'.repeat(40)].map((value): [string, string] => [
          `cursor=${value}`,
          'cursor',
        ]),
        ['limit=5&limit=6', 'limit'],
        ['cursor=1&cursor=2', 'cursor'],
        ['sort=price', 'sort'],
        ['Limit=5', 'Limit'],
      ]
      for (const [query, field] of wrong) {
        const answer = await targets[service].api.get(`${path}&${query}`)
        expect([answer.status, answer.body.code], query).toEqual([400, 'validation-failed'])
        expect(answer.body.errors[0].field, query).toBe(field)
      }
    },
  )
})

describe('an address', () => {
  const nowhere = [
    '/',
    '/user',
    '/users/',
    `/users/${uuidv7()}/`,
    '/users//',
    '/Users',
    '/billing',
    '/orders/a/b',
    '/notifications/1',
    '/.env',
    '/%2e%2e/etc/passwd',
    '/openapi.yaml',
    '/healthz/',
    '/x'.repeat(2e3),
  ]
  it.each(servicesWithDatabase as ServiceWithDatabase[])(
    'that %s does not know is 404, with any method',
    async (service) => {
      for (const path of nowhere) {
        for (const method of ['GET', 'POST', 'DELETE'] as const) {
          for (const text of ['{}', undefined]) {
            const { status, body } = await targets[service].api.send(method, path, text)
            expect([status, body.code], `${method} ${path}`).toEqual([404, 'not-found'])
          }
        }
      }
    },
  )

  it.each([...Map.groupBy(contracted, ({ template }) => template)])(
    '%s answers other methods with 405 and says which it knows',
    async (template, known) => {
      const target = targets[known[0]!.service as ServiceWithDatabase]
      const allow = known.map(({ method }) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ')
      const before = await contentOf(target)
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const) {
        if (allow.split(', ').includes(method)) continue
        for (const text of ['{}', undefined]) {
          const { status, body, headers } = await target.api.send(method, pathOf(template), text)
          expect([status, body.code, headers['allow']], method).toEqual([
            405,
            'method-not-allowed',
            allow,
          ])
        }
      }
      expect(await contentOf(target)).toBe(before)
    },
  )
})
