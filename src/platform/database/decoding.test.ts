import { getTableColumns, getTableName, is } from 'drizzle-orm'
import { PgTable } from 'drizzle-orm/pg-core'
import { describe, expect, it } from 'vitest'
import { createTestDatabase } from '../../../test/lab/database.ts'
import { openTestDatabase } from '../../../test/lab/service.ts'
import * as billing from '../../services/billing/schema.ts'
import * as identity from '../../services/identity/schema.ts'
import * as notification from '../../services/notification/schema.ts'
import * as order from '../../services/order/schema.ts'
import * as user from '../../services/user/schema.ts'

/** A value of each type, as it is written to Postgres and as the code must read it. */
const samples = {
  uuid: ['019a0000-0000-7000-8000-000000000001', '019a0000-0000-7000-8000-000000000001'],
  text: ['a text', 'a text'],
  integer: ['2147483647', 2_147_483_647],
  bigint: [`${Number.MAX_SAFE_INTEGER}`, Number.MAX_SAFE_INTEGER],
  jsonb: ['[{"at": "2026-11-20T00:58:15.100Z"}]', [{ at: '2026-11-20T00:58:15.100Z' }]],
  timestamp: ['2026-11-20 03:58:15.1+03', new Date('2026-11-20T00:58:15.100Z')],
} as const

const sampleOf = (sqlType: string) => {
  const found = Object.entries(samples).find(([type]) => sqlType.startsWith(type))
  if (found === undefined) throw new Error(`there is no sample of the type ${sqlType}`)
  return found[1]
}

const schemas = { identity, user, billing, order, notification }
const tables = Object.entries(schemas).flatMap(([service, schema]) =>
  Object.values(schema)
    .filter((value) => is(value, PgTable))
    .map((table) => ({ service: service as 'user', table, name: getTableName(table) })),
)

describe('a row is of the types that the schema says, be it read by a statement or by drizzle', () => {
  it.each(tables)('$service: $name', async ({ service, table, name }) => {
    const { admin, url } = await createTestDatabase(service)
    // The same columns without the checks, which would refuse these values.
    await admin.unsafe(`alter table ${name} rename to original; create table ${name} (like original);
      grant select on ${name} to public`)
    const columns = Object.entries(getTableColumns(table))
    const literals = columns.map(([, column]) => `'${sampleOf(column.getSQLType())[0]}'`)
    const names = columns.map(([, column]) => column.name).join(', ')
    await admin.unsafe(`insert into ${name} (${names}) values (${literals.join(', ')})`)
    const expected = Object.fromEntries(
      columns.map(([key, column]) => [key, sampleOf(column.getSQLType())[1]]),
    )

    const database = openTestDatabase(service, url)
    const text = `select ${names} from ${name} where $1::text is not null`
    const stated = await database.execute({ name: 'all', text }, [])
    expect([...stated]).toStrictEqual([expected])
    const read = await database.read('all', (reader) => reader.select().from(table))
    expect(read).toStrictEqual([expected])
  })

  it('covers all tables', () => {
    const inAll = Object.keys(schemas).length
    const names = tables.map(({ name }) => name)
    expect(names.filter((name) => name === 'operator_acts')).toHaveLength(inAll)
    expect([...new Set(names)].toSorted()).toEqual([
      'accounts',
      'books_verdicts',
      'deposit_letters',
      'letters',
      'logins',
      'oidc_models',
      'operations',
      'operator_acts',
      'order_changes',
      'orders',
      'retries',
      'secrets',
      'sessions',
      'signing_keys',
      'throttled',
      'users',
    ])
  })
})
