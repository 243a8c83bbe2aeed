import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import postgres from 'postgres'
import {
  openDataFolder,
  projectFolder,
  type DataFolder,
} from '../../src/local/postgres/data-folder.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/local/postgres/embedded.ts'
import { provision } from '../../src/local/postgres/provision.ts'
import { migrateDatabase } from '../../src/platform/database/migrate.ts'
import { registry, servicesWithDatabase, type ServiceName } from '../../src/registry.ts'

export const owners = servicesWithDatabase as readonly Exclude<ServiceName, 'gateway'>[]
export type Owner = (typeof owners)[number]

/** One set of the four databases; several sets may live on the same Postgres. */
export interface BenchDatabases {
  readonly name: string
  /** What the services get, each with its own role. */
  readonly urls: Readonly<Record<Owner, string>>
  /** The administrator's connections, for seeding and checking. */
  readonly admin: Readonly<Record<Owner, postgres.Sql>>
}

export interface BenchPostgres {
  readonly data: DataFolder
  readonly server: EmbeddedPostgres
  readonly version: string
  readonly sql: postgres.Sql
  readonly createSet: (name: string) => Promise<BenchDatabases>
  readonly createBare: () => Promise<BareDatabase>
  readonly stop: () => Promise<void>
}

export interface BareDatabase {
  readonly url: string
  readonly admin: postgres.Sql
}

const withDatabase = (url: string, database: string) => {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}

const connect = (url: string) => postgres(url, { max: 1, onnotice: () => {}, prepare: false })

const migrationFiles = async (service: ServiceName): Promise<string[]> => {
  const folder = path.join(projectFolder, 'src', 'services', service, 'migrations')
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')))
}

/**
 * The rival gets the same tables with all their indexes, checks and triggers,
 * but in one database, so that each of its clients needs one connection only.
 */
const createBareTables = async (admin: postgres.Sql) => {
  const services = ['billing', 'order', 'notification'] as const
  for (const service of services) {
    await admin.unsafe(`create schema "bare_${service}"`)
    await admin.unsafe(`set search_path = "bare_${service}"`)
    for (const text of await migrationFiles(service)) {
      await admin.unsafe(text.replaceAll('"public".', `"bare_${service}".`))
    }
  }
  const schemas = services.map((service) => `"bare_${service}"`).join(', ')
  await admin.unsafe(`set search_path = ${schemas}`)
  await admin.unsafe(`alter database bare set search_path = ${schemas}`)
  // The same as the services' roles have: commits are on disk, and no plan that was made for an
  // empty table is kept for a full one.
  await admin.unsafe('alter database bare set synchronous_commit = on')
  await admin.unsafe('alter database bare set enable_seqscan = off')
}

/** A Postgres of the bench's own, with the product's settings, in a temporary folder. */
export const startBenchPostgres = async (): Promise<BenchPostgres> => {
  const folder = await mkdtemp(path.join(tmpdir(), 'orderly-bench-'))
  const data = openDataFolder(folder)
  const server = await startEmbeddedPostgres({ data })
  const sql = connect(server.url)
  const connections: postgres.Sql[] = [sql]
  const { urls, ownerUrls } = await provision({
    adminUrl: server.url,
    services: owners,
    secret: 'bench',
    isOurServer: true,
  })
  const [row] = await sql<
    { version: string }[]
  >`select current_setting('server_version') as version`

  const open = (database: string) => {
    const connection = connect(withDatabase(server.url, database))
    connections.push(connection)
    return connection
  }

  const createSet = async (name: string): Promise<BenchDatabases> => {
    const databaseOf = (owner: Owner) => `${owner}_${name}`
    for (const owner of owners) {
      await sql.unsafe(`create database "${databaseOf(owner)}" owner "${owner}"`)
    }
    const own = Object.fromEntries(
      owners.map((owner) => [owner, withDatabase(urls[owner] ?? '', databaseOf(owner))]),
    ) as Record<Owner, string>
    for (const service of owners) {
      const ownerUrl = withDatabase(ownerUrls[service] ?? '', databaseOf(service))
      await migrateDatabase({ url: own[service], ownerUrl, service })
    }
    const admin = Object.fromEntries(
      owners.map((owner) => [owner, open(databaseOf(owner))]),
    ) as Record<Owner, postgres.Sql>
    return { name, urls: own, admin }
  }

  const createBare = async (): Promise<BareDatabase> => {
    await sql.unsafe('create database bare')
    const admin = open('bare')
    await createBareTables(admin)
    return { url: withDatabase(server.url, 'bare'), admin }
  }

  return {
    data,
    server,
    version: row?.version ?? 'unknown',
    sql,
    createSet,
    createBare,
    stop: async () => {
      await Promise.all(connections.map((connection) => connection.end({ timeout: 1 })))
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The services that hold what an order touches, with their number of connections. */
export const hasDatabase = (service: ServiceName): service is Owner => registry[service].hasDatabase
