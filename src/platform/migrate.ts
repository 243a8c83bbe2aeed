import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import type { ServiceName } from '../registry.ts'

/** Any number that no other program uses on the same database: only one migration runs at a time. */
const migrationLock = 7_365_001

const migrationsFolder = (service: ServiceName) =>
  fileURLToPath(new URL(`../services/${service}/migrations`, import.meta.url))

/**
 * Settings of the service's role, not of a connection: they hold through a
 * pooler in transaction mode and for a hand at psql alike.
 */
const roleSettings = (statementTimeoutMs: number) => [
  `statement_timeout = ${statementTimeoutMs}`,
  `lock_timeout = ${statementTimeoutMs}`,
  `idle_in_transaction_session_timeout = ${statementTimeoutMs}`,
  // An acknowledged write is on disk.
  'synchronous_commit = on',
  // Compiling a short statement costs more than running it.
  'jit = off',
  // Every statement here finds its rows by key. Its plan is kept while the table grows, so one
  // that was made for a new, small table must not read it whole, along an index or not: a row
  // read counts for more than a look into an index.
  'enable_seqscan = off',
  'cpu_tuple_cost = 1',
  'random_page_cost = 0.1',
]

/** Drizzle's errors quote the statement; what is wrong stands in their cause. */
const rootOf = (error: unknown): unknown =>
  error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error

export interface MigrateOptions {
  readonly url: string
  readonly service: ServiceName
  readonly statementTimeoutMs?: number
}

/**
 * Brings a service's database to its newest schema. Many may call it at once:
 * they wait for each other on an advisory lock, held by the one connection that
 * also runs the migrations.
 */
export const migrateDatabase = async ({
  url,
  service,
  statementTimeoutMs = 5_000,
}: MigrateOptions): Promise<void> => {
  const client = postgres(url, {
    max: 1,
    connect_timeout: 5,
    onnotice: () => {},
    // See db-connections.ts: a connection lost during that look-up would end the process.
    fetch_types: false,
  })
  try {
    const db = drizzle(client)
    // A migration may take longer than any statement of the running service.
    await db.execute(sql.raw('set statement_timeout = 0; set lock_timeout = 0'))
    await db.execute(sql`select pg_advisory_lock(${migrationLock})`)
    await migrate(db, { migrationsFolder: migrationsFolder(service) })
    const settings = roleSettings(statementTimeoutMs)
    await db.execute(sql.raw(settings.map((s) => `alter role current_user set ${s}`).join('; ')))
  } catch (error) {
    const { host, pathname } = new URL(url)
    throw new Error(`the database ${pathname.slice(1)} at ${host} cannot be migrated`, {
      cause: rootOf(error),
    })
  } finally {
    await client.end({ timeout: 2 })
  }
}
