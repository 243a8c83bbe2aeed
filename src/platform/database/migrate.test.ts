import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { beforeAll, describe, expect, it } from 'vitest'
import { createEmptyDatabase, type TestDatabase } from '../../../test/lab/database.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { servicesWithDatabase } from '../../registry.ts'
import { migrateDatabase } from './migrate.ts'

let url: string
beforeAll(async () => {
  url = (await createEmptyDatabase()).url
})

/** Read on a new connection, as the service would do it. */
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

  const firstMigration = new URL(
    '../../services/notification/migrations/0000_letters.sql',
    import.meta.url,
  )
  /** A database that has only its first migration, and a transaction that blocks the others. */
  const withBusyTable = async () => {
    const database = await createEmptyDatabase()
    const { sql } = database
    await migrateDatabase({ url: database.url, service: 'notification' })
    await sql.unsafe(`drop table letters, operator_acts; drop function refuse_history_change, refuse_act_change;
      delete from drizzle.__drizzle_migrations where id > 1;
      ${await readFile(firstMigration, 'utf8')}`)
    const holder = await sql.reserve()
    await holder`begin`
    await holder.unsafe(insertLetter)
    return { ...database, release: () => holder`commit`.then(() => holder.release()) }
  }
  const insertLetter = `insert into letters (id, key, user_id, email, kind, amount, subject, body)
    values (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'm@example.com', 'DEPOSIT', 1, '', '')`
  const triggersOf = async ({ sql }: Pick<TestDatabase, 'sql'>) => {
    const rows = await sql`select tgname from pg_trigger where not tgisinternal order by tgname`
    return rows.map((row) => row['tgname'] as string)
  }

  it('stop nobody for long while a transaction is in their way, and pass when it ends', async () => {
    const database = await withBusyTable()
    const migration = migrateDatabase({ url: database.url, service: 'notification' })
    let slowestMs = 0
    for (const untilMs = performance.now() + 3_000; performance.now() < untilMs; await sleep(20)) {
      const startedAtMs = performance.now()
      await database.sql.unsafe(insertLetter)
      slowestMs = Math.max(slowestMs, performance.now() - startedAtMs)
    }
    expect(await triggersOf(database)).toEqual([])
    await database.release()
    await migration
    expect(await triggersOf(database)).toEqual([
      'letters_are_final',
      'letters_stay',
      'operator_acts_are_final',
      'operator_acts_stay',
    ])
    expect(slowestMs).toBeLessThan(1_500)
  })

  it('give up with the reason when a transaction stays in their way', async () => {
    const { url: busy, release } = await withBusyTable()
    const migration = migrateDatabase({ url: busy, service: 'notification', patienceMs: 700 })
    await expect(migration).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/^its tables were in use for 0.7 s/) as string },
    })
    await release()
  })

  it('do not go on without their lock when the connection breaks between two attempts', async () => {
    const database = await withBusyTable()
    const migration = migrateDatabase({ url: database.url, service: 'notification' })
    const outcome = migration.then(
      () => 'migrated',
      () => 'failed',
    )
    await eventually(async () => {
      const killed = await database.admin`
        select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'orderly migrations' and datname = current_database()
          and state = 'idle' and query ilike 'rollback%'`
      expect(killed).toHaveLength(1)
    })
    await database.release()
    expect(await outcome).toBe('failed')
    expect(await triggersOf(database)).toEqual([])
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
