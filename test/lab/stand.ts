import path from 'node:path'
import postgres from 'postgres'
import { openDataFolder } from '../../src/local/postgres/data-folder.ts'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/local/postgres/embedded.ts'
import { freePort } from '../../src/local/postgres/free-port.ts'
import { provision } from '../../src/local/postgres/provision.ts'
import { currentEnvironment, urlVariable } from '../../src/platform/base/config.ts'
import { migrateDatabase } from '../../src/platform/database/migrate.ts'
import {
  registry,
  serviceNames,
  servicesWithDatabase,
  type ServiceName,
} from '../../src/registry.ts'
import { startJanitor } from './janitor.ts'
import { createServiceProcess, type ServiceProcess } from './service-process.ts'

/**
 * The five services as processes over a Postgres of their own, with nothing
 * around them: what fuzzing, overload and soak are aimed at. Needs no test
 * runner, so that the same runs by command and in the tests.
 */
export type Variables = Readonly<Record<string, string>>

export interface StandOptions {
  /** For every service. */
  readonly variables?: Variables
  readonly variablesOf?: Partial<Record<ServiceName, Variables>>
}

export interface Stand {
  readonly urls: Readonly<Record<ServiceName, string>>
  /** Each service's database, with the service's own role. */
  readonly databases: Readonly<Partial<Record<ServiceName, string>>>
  readonly processes: ReadonlyMap<ServiceName, ServiceProcess>
  /** As Postgres' administrator, on the database of a service. */
  readonly sql: (service: ServiceName) => postgres.Sql
  readonly postgres: () => EmbeddedPostgres
  /** A postmaster that is killed leaves children for a moment; this waits, and starts it again. */
  readonly restartPostgres: () => Promise<void>
  readonly close: () => Promise<void>
}

const inherited = (): Record<string, string> => {
  const { PATH, HOME, TMPDIR } = currentEnvironment()
  return Object.fromEntries(
    Object.entries({ PATH, HOME, TMPDIR }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  )
}

const createProcesses = async (
  databases: Partial<Record<ServiceName, string>>,
  cache: string,
  { variables, variablesOf }: StandOptions,
) => {
  const ports = new Map<ServiceName, number>()
  for (const service of serviceNames) ports.set(service, await freePort())
  const processes = new Map<ServiceName, ServiceProcess>()
  for (const service of serviceNames) {
    const upstreams = registry[service].upstreams.map((name) => [
      urlVariable(name),
      `http://127.0.0.1:${ports.get(name)}`,
    ])
    const environment = {
      ...inherited(),
      NODE_COMPILE_CACHE: cache,
      LOG_LEVEL: 'error',
      ...(databases[service] === undefined ? {} : { DATABASE_URL: databases[service] }),
      ...(service === 'gateway' ? { ADMIN_PORT: String(await freePort()) } : {}),
      ...(Object.fromEntries(upstreams) as Record<string, string>),
      ...variables,
      ...variablesOf?.[service],
    }
    const port = ports.get(service)!
    processes.set(service, createServiceProcess({ service, replica: 0, port, environment }))
  }
  return processes
}

const quietly = { max: 2, onnotice: () => {}, connect_timeout: 5, idle_timeout: 20 } as const

export const startStand = async (options: StandOptions = {}): Promise<Stand> => {
  // The services end with us by themselves, however we end; Postgres and its folder would stay.
  const janitor = startJanitor()
  const { folder } = janitor
  const data = openDataFolder(folder)
  const startServer = async () => {
    const started = await startEmbeddedPostgres({ data, settings: { max_connections: '200' } })
    janitor.watch([['QUIT', started.pid]])
    return started
  }
  let server = await startServer()
  const connections = new Map<ServiceName, postgres.Sql>()
  const endConnections = async () => {
    await Promise.all([...connections.values()].map((sql) => sql.end({ timeout: 1 })))
    connections.clear()
  }
  let processes: ReadonlyMap<ServiceName, ServiceProcess> = new Map()
  const close = async () => {
    await Promise.all([...processes.values()].map((process) => process.kill()))
    await endConnections()
    await server.stop()
    janitor.end()
  }
  try {
    const { urls: databases, ownerUrls } = await provision({
      adminUrl: server.url,
      services: servicesWithDatabase,
      secret: 'stand',
      isOurServer: true,
    })
    for (const service of servicesWithDatabase) {
      const ownerUrl = ownerUrls[service]
      await migrateDatabase({ url: databases[service]!, ownerUrl, service })
    }
    processes = await createProcesses(databases, path.join(folder, 'cache'), options)
    await Promise.all([...processes.values()].map((process) => process.start()))
    const urls = Object.fromEntries([...processes].map(([name, { url }]) => [name, url]))
    return {
      urls: urls as Record<ServiceName, string>,
      databases,
      processes,
      sql: (service) => {
        const url = new URL(server.url)
        url.pathname = `/${service}`
        const sql = connections.get(service) ?? postgres(url.href, quietly)
        connections.set(service, sql)
        return sql
      },
      postgres: () => server,
      restartPostgres: async () => {
        await endConnections()
        server = await startServer()
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
