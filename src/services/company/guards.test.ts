import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/lab/database.ts'
import { outcomeOf } from '../../../test/lab/edges.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

/** Tries what a bug or a person with psql could do with the role that owns the tables. */
let database: TestDatabase
let companyId: string
let admin: string
let manager: string
beforeAll(async () => {
  database = await createTestDatabase('company')
})
beforeEach(async () => {
  ;[companyId, admin, manager] = [uuidv7(), uuidv7(), uuidv7()]
  const { sql } = database
  await sql`insert into companies (id, name, active) values (${companyId}, 'n', true)`
  await sql`
    insert into company_versions (id, company_id, version, actor, idempotency_key, payload, name,
      active, request_id)
    values (${companyId}, ${companyId}, 1, ${admin}, ${companyId}, '{}', 'n', true, 'r')`
  await insertMember(admin, 'ADMIN')
  await insertMember(manager, 'MANAGER')
  await sql`
    insert into category_names (id, category_id, is_first, name, actor, request_id)
    select ${companyId}, id, false, 'n', ${admin}, 'r' from categories limit 1`
})

const insertMember = (id: string, role: string, joinedAt = 'now()', leftAt = 'null') =>
  database.sql.unsafe(`
    insert into memberships (id, company_id, user_id, role, name, email, locale, joined_at, left_at,
      removed_by, added_by, request_id)
    values ('${id}', '${companyId}', '${id}', '${role}', 'n', 'e', 'en', ${joinedAt}, ${leftAt},
      ${leftAt === 'null' ? 'null' : `'${id}'`}, '${id}', 'r')`)

const rowsOf = (table: string) =>
  database.sql.unsafe(`select to_jsonb(t) from ${table} t order by to_jsonb(t)::text`)
const leave = (id: string, leftAt = 'now()') =>
  database.sql.unsafe(
    `update memberships set left_at = ${leftAt}, removed_by = user_id where id = '${id}'`,
  )

describe('the database of company, asked with the role that owns the tables', () => {
  it.each([
    ['companies', 'id = gen_random_uuid(), version = version + 1'],
    ['companies', `created_at = now() - interval '1 day', version = version + 1`],
    ['company_versions', `name = 'other'`],
    ['company_versions', `payload = '{"name":"x"}'`],
    ['company_versions', 'idempotency_key = null'],
    ['memberships', `name = 'other'`],
    ['memberships', `email = 'other'`],
    ['memberships', `locale = 'ru'`],
    ['memberships', `role = 'MANAGER' where role = 'ADMIN'`],
    ['memberships', 'user_id = gen_random_uuid()'],
    ['memberships', `joined_at = now() - interval '1 hour'`],
    ['memberships', `idempotency_key = 'x'`],
    ['memberships', 'added_by = gen_random_uuid()'],
    ['categories', 'parent_id = (select min(id::text)::uuid from categories) where depth = 2'],
    ['categories', 'place = place + 400'],
    ['categories', 'depth = 2, parent_id = id where depth = 1'],
    ['category_names', `name = 'other'`],
  ])('lets nobody change an answer: update %s set %s', async (table, change) => {
    const before = await rowsOf(table)
    const outcome = await outcomeOf(database.sql.unsafe(`update ${table} set ${change}`))
    expect(outcome).toMatch(/forbidden: answers that were given are built from it/)
    expect(await rowsOf(table)).toEqual(before)
  })

  it.each(['companies', 'company_versions', 'memberships', 'categories', 'category_names'])(
    'keeps all rows of %s',
    async (table) => {
      for (const text of [`delete from ${table}`, `truncate ${table} cascade`]) {
        expect(await outcomeOf(database.sql.unsafe(text))).toMatch(/is forbidden/)
      }
    },
  )

  it('ends a membership once, and never takes that back', async () => {
    expect(await outcomeOf(leave(manager))).toBe('done')
    for (const change of ['left_at = null, removed_by = null', `left_at = now()`]) {
      const text = `update memberships set ${change} where id = '${manager}'`
      expect(await outcomeOf(database.sql.unsafe(text))).toMatch(/is forbidden/)
    }
  })

  it('lets nobody join or leave in the past', async () => {
    const past = `now() - interval '1 millisecond'`
    expect(await outcomeOf(insertMember(uuidv7(), 'MANAGER', past))).toMatch(/that is over/)
    expect(await outcomeOf(insertMember(uuidv7(), 'MANAGER', 'now()', past))).toMatch(
      /that is over/,
    )
    expect(await outcomeOf(leave(manager, past))).toMatch(/that is over/)
  })

  it('lets somebody be a member of a company only once at a time', async () => {
    const twice = database.sql`
      insert into memberships (id, company_id, user_id, role, name, email, locale, added_by, request_id)
      values (${uuidv7()}, ${companyId}, ${manager}, 'ADMIN', 'n', 'e', 'en', ${admin}, 'r')`
    expect(await outcomeOf(twice)).toMatch(/memberships_present/)
  })

  it('lets the last ADMIN not go, also when two go at once', async () => {
    expect(await outcomeOf(leave(admin))).toMatch(/last ADMIN .* cannot go/)
    const other = uuidv7()
    await insertMember(other, 'ADMIN')
    const first = await database.sql.reserve()
    await first`start transaction`
    await first`
      update memberships set left_at = now(), removed_by = user_id where id = ${admin}`
    const second = outcomeOf(leave(other))
    // Time enough to see an ADMIN who has not gone yet, if it does not wait.
    await sleep(200)
    await first`commit`
    first.release()
    expect(await second).toMatch(/last ADMIN/)
  })

  it('lets nobody change a company without its version', async () => {
    for (const version of ['version', 'version - 1', '0']) {
      const text = `update companies set name = 'x', version = ${version} where id = '${companyId}'`
      expect(await outcomeOf(database.sql.unsafe(text))).toMatch(/must move its version/)
    }
  })

  it.each([
    ['company_versions_first_key', 'versions', { version: 1, company: uuidv7() }],
    ['company_versions_key', 'versions', { version: 2 }],
    ['company_versions_number', 'versions', { version: 1, key: 'another' }],
    ['memberships_key', 'memberships', {}],
    ['category_names_first_key', 'names', { isFirst: true }],
    ['category_names_key', 'names', { isFirst: false }],
  ] as const)('knows each key and number once: %s', async (constraint, table, change) => {
    const given = { version: 1, company: companyId, key: 'k', isFirst: true, ...change }
    const { version, company, key, isFirst } = given
    const { sql } = database
    const inserts = {
      versions: (in_: string, number: number, as: string) => sql`
        insert into company_versions (id, company_id, version, actor, idempotency_key, payload,
          name, active, request_id)
        values (${uuidv7()}, ${in_}, ${number}, ${admin}, ${as}, '{}', 'n', true, 'r')`,
      memberships: (in_: string, _number: number, as: string) => sql`
        insert into memberships (id, company_id, user_id, role, name, email, locale, added_by,
          idempotency_key, request_id)
        values (${uuidv7()}, ${in_}, ${uuidv7()}, 'ADMIN', 'n', 'e', 'en', ${admin}, ${as}, 'r')`,
      names: (_in: string, _number: number, as: string) => sql`
        insert into category_names (id, category_id, is_first, name, actor, idempotency_key,
          request_id)
        select ${uuidv7()}, id, ${isFirst}, 'n', ${admin}, ${as}, 'r' from categories
        order by place limit 1`,
    }
    await sql`
      insert into companies (id, name, active) values (${company}, 'n', true) on conflict do nothing`
    const other = uuidv7()
    await sql`insert into companies (id, name, active) values (${other}, 'n', true)`
    // The first one, which each of the others repeats in one point.
    const first = table === 'versions' && version === 1 ? other : company
    await inserts[table](first, constraint === 'company_versions_key' ? 3 : version, 'k')
    expect(await outcomeOf(inserts[table](company, version, key))).toMatch(constraint)
  })

  it('has no more categories than may be told, and no deeper ones', async () => {
    const insert = (place: number, depth: number) => database.sql`
      insert into categories (id, place, name, parent_id, depth)
      select gen_random_uuid(), ${place}, 'n', case when ${depth} > 1 then min(id::text)::uuid end,
        ${depth} from categories`
    expect(await outcomeOf(insert(501, 1))).toMatch(/categories_count/)
    expect(await outcomeOf(insert(400, 4))).toMatch(/categories_depth/)
    expect(await outcomeOf(insert(1, 1))).toMatch(/categories_place/)
  })

  it('knows no half a place on the map', async () => {
    const half = database.sql`
      insert into companies (id, name, active, lat) values (${uuidv7()}, 'n', true, 1)`
    expect(await outcomeOf(half)).toMatch(/companies_place/)
  })
})
