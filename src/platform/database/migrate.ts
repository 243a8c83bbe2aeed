import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import type { ServiceName } from '../../registry.ts'

/** Any number that no other program uses on this database. It lets only one migration run at a time. */
const migrationLock = 7_365_001

/**
 * A statement that waits for a table blocks all later statements on it, also those that could
 * run now. So a migration waits for a short time, lets the others run, and tries again.
 */
const lockTimeoutMs = 500
const shortestPauseMs = 250
const longestPauseMs = 2_000
/** If the tables are never free, the migration must fail, so that somebody looks for the cause. */
const defaultPatienceMs = 60_000
/** To wait for another migration blocks no statement, and that migration may take long. */
const othersPatienceMs = 600_000

const migrationsFolder = (service: ServiceName) =>
  fileURLToPath(new URL(`../../services/${service}/migrations`, import.meta.url))

/**
 * Settings of the service's role, not of a connection: so they are also valid behind
 * a pooler in transaction mode and for a person who uses psql.
 */
const roleSettings = (statementTimeoutMs: number) => [
  `statement_timeout = ${statementTimeoutMs}`,
  `lock_timeout = ${statementTimeoutMs}`,
  `idle_in_transaction_session_timeout = ${statementTimeoutMs}`,
  // A write is on the disk before it is acknowledged.
  'synchronous_commit = on',
  // To compile a short statement costs more than to run it.
  'jit = off',
  // Every statement here finds its rows by key. Postgres keeps a plan while the table grows, so
  // a plan for a new, small table must not read all of it, with or without an index. So reading
  // a row costs more here than a look into an index.
  'enable_seqscan = off',
  'cpu_tuple_cost = 1',
  'random_page_cost = 0.1',
]

/** Drizzle's errors quote the statement. Their cause says what is wrong. */
const rootOf = (error: unknown): unknown =>
  error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error

/** lock_not_available: `lock_timeout` is over. */
const isLockTimeout = (error: unknown) =>
  (rootOf(error) as { readonly code?: unknown } | undefined)?.code === '55P03'

/** Opens one connection and never another one: a second one would not hold the lock below. */
const connect = (url: string) => {
  const client = postgres(url, {
    max: 1,
    connect_timeout: 5,
    onnotice: () => {},
    onclose: () => void client.end({ timeout: 0 }),
    // See connections.ts: a connection that breaks during this look-up would end the process.
    fetch_types: false,
    connection: { application_name: 'orderly migrations' },
  })
  return client
}

const waitForOthers = async (db: PostgresJsDatabase) => {
  // A migration may take longer than any statement of the running service.
  await db.execute(sql.raw(`set statement_timeout = 0; set lock_timeout = ${othersPatienceMs}`))
  try {
    await db.execute(sql`select pg_advisory_lock(${migrationLock})`)
  } catch (error) {
    if (!isLockTimeout(error)) throw error
    throw new Error(`another process has been migrating it for ${othersPatienceMs / 1_000} s`)
  }
}

/** Applies all due migrations in one transaction: an attempt that fails leaves nothing behind. */
const applyMigrations = async (db: PostgresJsDatabase, folder: string, patienceMs: number) => {
  await db.execute(sql.raw(`set lock_timeout = ${lockTimeoutMs}`))
  const giveUpAtMs = performance.now() + patienceMs
  for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await migrate(db, { migrationsFolder: folder })
    } catch (error) {
      if (!isLockTimeout(error)) throw error
      if (performance.now() > giveUpAtMs) {
        throw new Error(
          `its tables were in use for ${patienceMs / 1_000} s: look for long transactions in pg_stat_activity (${(rootOf(error) as Error).message})`,
        )
      }
    }
    await sleep(pauseMs * (0.5 + Math.random() / 2))
  }
}

/**
 * The only tables where a service may delete: those whose rows nobody needs when their time is over,
 * and orders, where a trigger says which.
 */
const forgetfulTables: Partial<Record<ServiceName, readonly string[]>> = {
  identity: ['oidc_models', 'sessions', 'throttled'],
  order: ['orders'],
  user: ['throttled'],
}

/** Lets a service read and write rows, but not change tables or triggers, and hardly delete. */
const letServiceWork = async (db: PostgresJsDatabase, service: ServiceName, role: string) => {
  const name = sql.identifier(role)
  await db.execute(sql`grant usage on schema public to ${name}`)
  await db.execute(sql`grant select, insert, update on all tables in schema public to ${name}`)
  for (const table of forgetfulTables[service] ?? []) {
    await db.execute(sql`grant delete on ${sql.identifier(table)} to ${name}`)
  }
}

/** A role may change only its own settings, so the service's role does this. */
const setUpRole = async (db: PostgresJsDatabase, statementTimeoutMs: number) => {
  const settings = roleSettings(statementTimeoutMs)
  await db.execute(sql.raw(settings.map((s) => `alter role current_user set ${s}`).join('; ')))
}

const roleOf = (url: string) => decodeURIComponent(new URL(url).username)

export interface MigrateOptions {
  /** The service's own address. */
  readonly url: string
  /** The address of the role that owns the tables, when the service's is another one. */
  readonly ownerUrl?: string | undefined
  readonly service: ServiceName
  readonly statementTimeoutMs?: number
  /** How long to try while tables are in use by others. */
  readonly patienceMs?: number
}

/**
 * Brings a service's database to its newest schema. Many processes may do this at
 * once: they wait for each other with an advisory lock, which is held by the
 * connection that also runs the migrations.
 */
export const migrateDatabase = async ({
  url,
  ownerUrl = url,
  service,
  statementTimeoutMs = 5_000,
  patienceMs = defaultPatienceMs,
}: MigrateOptions): Promise<void> => {
  const owner = connect(ownerUrl)
  const runtime = ownerUrl === url ? owner : connect(url)
  try {
    const db = drizzle(owner)
    await waitForOthers(db)
    await applyMigrations(db, migrationsFolder(service), patienceMs)
    if (runtime !== owner) await letServiceWork(db, service, roleOf(url))
    await setUpRole(drizzle(runtime), statementTimeoutMs)
  } catch (error) {
    const { host, pathname } = new URL(url)
    throw new Error(`the database ${pathname.slice(1)} at ${host} cannot be migrated`, {
      cause: rootOf(error),
    })
  } finally {
    await Promise.all([owner.end({ timeout: 2 }), runtime.end({ timeout: 2 })])
  }
}
