import { rm } from 'node:fs/promises'
import path from 'node:path'
import postgres from 'postgres'
import { openDataFolder, type DataFolder } from '../../src/local/postgres/data-folder.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/local/postgres/embedded.ts'
import {
  provision,
  runtimeRoleOf,
  type DatabaseUrls,
  type ProvisionedDatabases,
} from '../../src/local/postgres/provision.ts'
import { migrateDatabase } from '../../src/platform/database/migrate.ts'
import { servicesWithDatabase, type ServiceName } from '../../src/registry.ts'
import { janitor } from './janitor.ts'

/** A Postgres for one test only, with the product's settings, in a temporary folder. */
export interface OwnPostgres {
  readonly data: DataFolder
  /** The server that runs now. After a crash it is a new one. */
  readonly server: () => EmbeddedPostgres
  readonly isRunning: () => boolean
  /** Ends it as a power cut would. */
  readonly crash: () => Promise<void>
  /** Starts it again after any crash, its own or one that we caused. */
  readonly start: () => Promise<void>
  /** As the administrator, on a database. The first use opens the connections. */
  readonly sql: (database: string) => postgres.Sql
  /**
   * Ends the connections of a service, as an administrator would, and waits so long for the end of
   * each. Returns how many there were.
   */
  readonly cutConnections: (service: ServiceName, waitMs?: number) => Promise<number>
  readonly close: () => Promise<void>
}

/** The driver must not query the types: if the connection broke then, nobody could catch the error. */
const quietly = {
  max: 1,
  connect_timeout: 5,
  backoff: () => 0.02,
  fetch_types: false,
  onnotice: () => {},
} as const

let opened = 0

export const openPostgres = async (
  settings: Readonly<Record<string, string>> = {},
): Promise<OwnPostgres> => {
  opened += 1
  const data = openDataFolder(path.join(janitor().folder, `postgres-${opened}`))
  let forget = () => {}
  let isRunning = false
  const launch = async () => {
    const started = await startEmbeddedPostgres({ data, settings })
    forget = janitor().watch('QUIT', started.pid)
    isRunning = true
    return started
  }
  let starting = launch()
  let server = await starting
  const connections = new Map<string, postgres.Sql>()
  const dropConnections = (timeout: number) => {
    const dropped = [...connections.values()]
    connections.clear()
    return Promise.all(dropped.map((sql) => sql.end({ timeout })))
  }
  const sql = (database: string) => {
    const url = Object.assign(new URL(server.url), { pathname: `/${database}` })
    const connection = connections.get(database) ?? postgres(url.href, quietly)
    connections.set(database, connection)
    return connection
  }
  return {
    data,
    server: () => server,
    isRunning: () => isRunning,
    crash: async () => {
      await starting
      isRunning = false
      await server.crash()
      forget()
    },
    start: async () => {
      forget()
      await dropConnections(0)
      starting = launch()
      server = await starting
    },
    sql,
    cutConnections: async (service, waitMs = 0) => {
      const cut = await sql('postgres')`
        select pg_terminate_backend(pid, ${waitMs}) from pg_stat_activity
        where usename = ${runtimeRoleOf(service)} and backend_type = 'client backend'`
      return cut.length
    },
    close: async () => {
      await dropConnections(1)
      await server.stop()
      forget()
      await rm(data.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    },
  }
}

/** The services' databases on it, migrated and empty. The name of a set is the end of their names. */
export const makeDatabases = async (
  { server, sql }: OwnPostgres,
  { set, ...limits }: { readonly set?: string; readonly statementTimeoutMs?: number } = {},
): Promise<ProvisionedDatabases> => {
  const made = await provision({
    adminUrl: server().url,
    services: servicesWithDatabase,
    secret: '',
    isOurServer: true,
  })
  const urls: DatabaseUrls = {}
  const ownerUrls: DatabaseUrls = {}
  const make = async (service: ServiceName) => {
    const name = set === undefined ? service : `${service}_${set}`
    if (set !== undefined) {
      await sql('postgres').unsafe(`create database "${name}" owner "${service}"`)
    }
    const inSet = (url = '') => Object.assign(new URL(url), { pathname: `/${name}` }).href
    const url = inSet(made.urls[service])
    const ownerUrl = inSet(made.ownerUrls[service])
    await migrateDatabase({ url, ownerUrl, service, ...limits })
    urls[service] = url
    ownerUrls[service] = ownerUrl
  }
  await Promise.all(servicesWithDatabase.map(make))
  return { urls, ownerUrls }
}
