import postgres from 'postgres'
import { beforeAll, describe, expect, it } from 'vitest'
import { createEmptyDatabase } from '../../test/support/database.ts'
import { servicesWithDatabase } from '../registry.ts'
import { migrateDatabase } from './migrate.ts'

let url: string
beforeAll(async () => {
  url = (await createEmptyDatabase()).url
})

/** On a new connection, as the service would find them. */
const settingsOf = async (database: string) => {
  const sql = postgres(database, { max: 1 })
  try {
    const rows = await sql`select name, setting, unit from pg_settings where name in
      ('statement_timeout', 'lock_timeout', 'synchronous_commit', 'jit',
       'idle_in_transaction_session_timeout')`
    return Object.fromEntries(rows.map((row) => [row['name'], row['setting']]))
  } finally {
    await sql.end()
  }
}

describe('migrations', () => {
  it.each(servicesWithDatabase)(
    'of %s pass when four processes run them at once, and again later',
    async (service) => {
      const { url: fresh, sql } = await createEmptyDatabase()
      await Promise.all([1, 2, 3, 4].map(() => migrateDatabase({ url: fresh, service })))
      const journal = () => sql`select hash from drizzle.__drizzle_migrations order by id`
      const once = await journal()
      expect(new Set(once.map((row) => row['hash'])).size).toBe(once.length)
      await migrateDatabase({ url: fresh, service })
      expect(await journal()).toEqual(once)
    },
  )

  it('leave settings on the role that bound every statement, whoever connects', async () => {
    await migrateDatabase({ url, service: 'order', statementTimeoutMs: 1_234 })
    expect(await settingsOf(url)).toEqual({
      statement_timeout: '1234',
      lock_timeout: '1234',
      idle_in_transaction_session_timeout: '1234',
      synchronous_commit: 'on',
      jit: 'off',
    })
  })

  const reasonOf = (address: URL) =>
    migrateDatabase({ url: address.href, service: 'order' }).then(
      () => 'none',
      (error: unknown) => {
        const { message, cause } = error as Error
        return `${message}: ${cause instanceof Error ? cause.message : String(cause)}`
      },
    )

  it.each([
    ['nobody listens there', { port: '9' }, /cannot be migrated: .*ECONNREFUSED/],
    [
      'the database does not exist',
      { pathname: '/nosuchdatabase' },
      /nosuchdatabase .* migrated: /,
    ],
    ['the password is wrong', { password: 'wrong' }, /: password authentication failed/],
  ])('end at once, with the reason, when %s', async (_what, change, reason) => {
    const startedAtMs = performance.now()
    expect(await reasonOf(Object.assign(new URL(url), change))).toMatch(reason)
    expect(performance.now() - startedAtMs).toBeLessThan(5_000)
  })
})
