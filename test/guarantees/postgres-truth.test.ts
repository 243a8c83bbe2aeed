import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAlive } from '../../src/local/postgres/process-identity.ts'
import { servicesWithDatabase, type ServiceName } from '../../src/registry.ts'
import { auditFaults, countRows, untilAtRest } from '../judge/audit.ts'
import { startOwnSystem, type OwnSystem } from '../lab/system.ts'
import { createActor, deposit, newOrder, signUp, type Actor } from '../lab/actors.ts'
import { createHistory } from '../judge/history.ts'
import { eventually } from '../lab/wait.ts'

/**
 * An acknowledged change is on disk, and what the tables forbid is forbidden for every user. The
 * guards.test.ts of each service tries what its tables refuse. This file tries what all of them
 * have in common, and the server itself.
 */
let system: OwnSystem
let actor: Actor
beforeAll(async () => {
  system = await startOwnSystem({ env: { LOG_LEVEL: 'fatal' } })
  actor = createActor({ baseUrl: system.urls.gateway, history: createHistory(), name: 'owner' })
}, 180_000)
afterAll(async () => {
  await system.close()
}, 60_000)

/** Connects as the service does, or as a person who uses psql with the service's address. */
const asService = async <Result>(
  service: ServiceName,
  work: (sql: postgres.Sql) => Promise<Result>,
): Promise<Result> => {
  const sql = postgres(system.databases[service]!, { max: 1, onnotice: () => {} })
  try {
    return await work(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

const outcomeOf = (work: PromiseLike<unknown>): PromiseLike<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error as Error).message,
  )

/**
 * A migration must not hold up the service while a large table is read, so it adds a constraint for
 * new rows only (docs/migrations.md). A later release validates it and takes it from this list.
 */
const waitingConstraints: Partial<Record<ServiceName, readonly string[]>> = {
  identity: ['sessions_known_ending'],
  user: ['users_known_locale', 'users_known_reason', 'users_password_hash', 'users_password_salt'],
  billing: ['operations_known_reason'],
  order: [
    'order_changes_known_kind',
    'order_changes_known_reason',
    'order_changes_reason',
    'orders_known_decision',
    'orders_known_reason',
    'orders_reason',
  ],
}

/**
 * Orders of unknown users may be deleted; a trigger keeps all others (forgetting.test.ts). What is
 * over is no history: sessions, what the issuer's pages remember, and counted attempts.
 */
const forgettable = new Set(['orders', 'sessions', 'oidc_models', 'throttled'])

describe.each(servicesWithDatabase)('for %s, Postgres', (service) => {
  it('waits for the disk before it acknowledges, and survives a page that was half written', async () => {
    const settings = await asService(service, async (sql) => {
      const rows = await sql<{ name: string; setting: string }[]>`
        select name, setting from pg_settings
        where name in ('fsync', 'full_page_writes', 'synchronous_commit')`
      return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
    })
    expect(settings).toEqual({ fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on' })
  })

  it('does not let the service’s own role change those settings', async () => {
    await asService(service, async (sql) => {
      for (const text of [
        'alter system set fsync = off',
        'alter system set synchronous_commit = off',
        'set fsync = off',
        'set full_page_writes = off',
        'set session_replication_role = replica',
      ]) {
        expect(await outcomeOf(sql.unsafe(text)), text).toMatch(
          /permission denied|cannot be changed/,
        )
      }
    })
  })

  it('gave the service a role that can neither delete, nor change or drop what forbids it to', async () => {
    await asService(service, async (sql) => {
      const tables = await sql<{ name: string }[]>`
        select quote_ident(tablename) as name from pg_tables where schemaname = 'public'`
      expect(tables.length).toBeGreaterThan(0)
      for (const { name } of tables) {
        const deleting = forgettable.has(name) ? [] : [`delete from ${name}`]
        for (const text of [
          ...deleting,
          `truncate ${name}`,
          `drop table ${name}`,
          `alter table ${name} disable trigger all`,
          `alter table ${name} add column planted text`,
          `create trigger planted before insert on ${name} for each row execute function suppress_redundant_updates_trigger()`,
        ]) {
          expect(await outcomeOf(sql.unsafe(text)), text).toMatch(/permission denied|must be owner/)
        }
      }
      for (const text of [
        'create table planted (id int)',
        'create temporary table planted (id int)',
        'create schema planted',
        `create function planted() returns int language sql as 'select 1'`,
        'delete from drizzle.__drizzle_migrations',
        `set role "${service}"`,
        `drop owned by "${service}"`,
        `alter role "${service}" password 'planted'`,
        `drop database "${service}"`,
      ]) {
        expect(await outcomeOf(sql.unsafe(text)), text).toMatch(
          /permission denied|must be owner|cannot drop the currently open/,
        )
      }
    })
  })

  it('gave the service a role that may do nothing beyond its own database', async () => {
    await asService(service, async (sql) => {
      const [role] = await sql`
        select rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls,
          (select count(*)::int from pg_auth_members m where m.member = r.oid) as memberships
        from pg_roles r where rolname = current_user`
      expect(role).toEqual({
        rolsuper: false,
        rolcreatedb: false,
        rolcreaterole: false,
        rolreplication: false,
        rolbypassrls: false,
        memberships: 0,
      })
      for (const text of [
        'select pg_read_file($$postgresql.conf$$)',
        'copy pg_class to program $$true$$',
      ]) {
        expect(await outcomeOf(sql.unsafe(text)), text).toMatch(/permission denied/)
      }
    })
    for (const other of [...servicesWithDatabase.filter((name) => name !== service), 'postgres']) {
      const url = new URL(system.databases[service]!)
      url.pathname = `/${other}`
      const sql = postgres(url.href, { max: 1, onnotice: () => {} })
      expect(await outcomeOf(sql`select 1`), other).toMatch(/permission denied for database/)
      await sql.end({ timeout: 1 })
    }
  })

  it('has validated every constraint but those that wait for a later release, and enabled every trigger', async () => {
    const unchecked = await asService(
      service,
      (sql) => sql`
        select conname from pg_constraint c join pg_namespace n on n.oid = c.connamespace
        where n.nspname = 'public' and not convalidated order by conname`,
    )
    const disabled = await asService(
      service,
      (sql) => sql`select tgname from pg_trigger where not tgisinternal and tgenabled <> 'O'`,
    )
    expect([unchecked.map(({ conname }) => conname as string), [...disabled]]).toEqual([
      waitingConstraints[service] ?? [],
      [],
    ])
  })
})

/** Kills the parent process of the whole server: its children notice that and end. */
const killPostgres = async () => {
  const { pid } = system.postgres.server()
  process.kill(pid, 'SIGKILL')
  await eventually(() => {
    if (isAlive(pid)) throw new Error('the postmaster still runs')
  })
}

describe('everything that was acknowledged', () => {
  it('is there after the postmaster was killed during the work, three times', async () => {
    const user = await signUp(actor, 50_000_000)
    const told = new Map<string, string>()
    const unknown = new Set<string>()
    let isOver = false
    const client = async (name: string) => {
      const hasty = createActor({
        baseUrl: system.urls.gateway,
        history: createHistory(),
        name,
        attemptTimeoutMs: 4_000,
      })
      while (!isOver) {
        const key = randomUUID()
        unknown.add(key)
        // While Postgres is away each answer is a quick refusal.
        await sleep(20)
        const { answer } = await hasty.attempt(newOrder(user.id, 1 + (told.size % 977), { key }))
        if (answer.kind === 'unknown' || answer.status !== 201) continue
        told.set(key, (answer.body as { id: string }).id)
        unknown.delete(key)
      }
    }
    const clients = Array.from({ length: 6 }, (_, index) => client(`client-${index}`))
    for (let time = 0; time < 3; time += 1) {
      const before = told.size
      await eventually(() => expect(told.size).toBeGreaterThan(before + 20), { withinMs: 60_000 })
      await killPostgres()
      await sleep(300)
      await system.postgres.start()
    }
    isOver = true
    await Promise.all(clients)
    const stored = await eventually(
      async () =>
        new Set((await system.postgres.sql('order')`select id from orders`).map(({ id }) => id)),
      { withinMs: 30_000 },
    )
    const lost = [...told.values()].filter((id) => !stored.has(id))
    expect(lost).toEqual([])
    expect(told.size).toBeGreaterThan(60)
    await untilAtRest(system.postgres, 60_000)
    expect(await auditFaults(system.postgres)).toEqual([])
    const rows = await countRows(system.postgres)
    expect(rows.get('orders')).toBeLessThanOrEqual(told.size + unknown.size)
    // And the services recover without help.
    const { status } = await actor.decided(deposit(user.id, 5))
    expect(status).toBe(200)
  }, 240_000)
})
