import path from 'node:path'
import postgres from 'postgres'
import { openDataFolder } from '../../../src/local/postgres/data-folder.ts'
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../../src/local/postgres/embedded.ts'
import { freePort } from '../../../src/local/postgres/free-port.ts'
import { provision, runtimeRoleOf } from '../../../src/local/postgres/provision.ts'
import { currentEnvironment, urlVariable } from '../../../src/platform/base/config.ts'
import { migrateDatabase } from '../../../src/platform/database/migrate.ts'
import {
  registry,
  serviceNames,
  servicesWithDatabase,
  type ServiceName,
} from '../../../src/registry.ts'
import { createServiceProcess, type ServiceProcess } from '../../lab/service-process.ts'
import { openLink, type Link } from '../../lab/link.ts'
import type { Janitor } from '../../lab/janitor.ts'
import { replicas } from './plan.ts'

/**
 * Two real processes of each service over a real Postgres, with a proxy that
 * can make trouble on every way between any two of them.
 */
export interface Cluster {
  readonly baseUrl: string
  readonly links: ReadonlyMap<string, Link>
  readonly processes: ReadonlyMap<string, ServiceProcess>
  readonly postgres: {
    readonly crash: () => Promise<void>
    readonly start: () => Promise<void>
    readonly isRunning: () => boolean
  }
  /** Ends the connections of one service, as an administrator would. */
  readonly terminateBackends: (service: ServiceName) => Promise<number>
  /** How many rows still wait for something: those that are not decided, or owe a letter. */
  readonly countDue: () => Promise<number>
  /** Tells the janitor whom it would have to end now. */
  readonly noteProcesses: () => void
  readonly close: () => Promise<void>
}

/** Short, so that many a lease ends in a minute. */
export const timing = {
  CALL_TIMEOUT_MS: 500,
  REQUEST_BUDGET_MS: 1_000,
  LETTER_BUDGET_MS: 500,
  LEASE_MS: 2_500,
  RECOVERY_INTERVAL_MS: 300,
  STATEMENT_TIMEOUT_MS: 2_000,
} as const

const dueTables: Partial<Record<ServiceName, readonly string[]>> = {
  user: ['users'],
  billing: ['deposit_letters'],
  order: ['orders', 'order_changes'],
}

const inherited = () => {
  const { PATH, HOME, TMPDIR } = currentEnvironment()
  return Object.fromEntries(
    Object.entries({ PATH, HOME, TMPDIR }).filter(([, value]) => value !== undefined),
  ) as Record<string, string>
}

const startPostgres = async (janitor: Janitor, settings: Readonly<Record<string, string>>) => {
  const data = openDataFolder(path.join(janitor.folder, 'data'))
  let server: EmbeddedPostgres = await startEmbeddedPostgres({ data, settings })
  let isRunning = true
  return {
    url: () => server.url,
    port: () => server.port,
    pid: () => server.pid,
    isRunning: () => isRunning,
    crash: async () => {
      isRunning = false
      await server.crash()
    },
    start: async () => {
      server = await startEmbeddedPostgres({ data, settings })
      isRunning = true
    },
    stop: () => server.stop(),
  }
}

const throughLink = (url: string, link: Link) => {
  const through = new URL(url)
  through.host = `127.0.0.1:${link.port}`
  return through.href.replace(/\/$/, '')
}

/** Without the driver's look at types: when its connection breaks, nobody can catch that. */
const oneConnection = { max: 1, connect_timeout: 5, fetch_types: false, onnotice: () => {} }

const createCountDue = (databases: Partial<Record<ServiceName, string>>) => async () => {
  let due = 0
  for (const [service, tables] of Object.entries(dueTables)) {
    const sql = postgres(databases[service as ServiceName]!, oneConnection)
    try {
      for (const table of tables) {
        const [row] = await sql.unsafe(
          `select count(*)::int as due from ${table} where due_at is not null`,
        )
        due += row?.['due'] as number
      }
    } finally {
      await sql.end({ timeout: 1 })
    }
  }
  return due
}

const portsOf = async () => {
  const ports = new Map<ServiceName, number[]>()
  for (const service of serviceNames) {
    const own: number[] = []
    while (own.length < replicas.length) own.push(await freePort())
    ports.set(service, own)
  }
  return ports
}

interface Plumbing {
  readonly links: Map<string, Link>
  readonly ports: ReadonlyMap<ServiceName, readonly number[]>
  readonly databases: Partial<Record<ServiceName, string>>
  readonly postgresPort: () => number
  readonly logLevel: string
  readonly cache: string
}

/** One process of a service, with a link of its own to everything that it talks to. */
const plumb = async (service: ServiceName, replica: number, plumbing: Plumbing) => {
  const { links, ports, databases, postgresPort, logLevel, cache } = plumbing
  const environment: Record<string, string> = {
    ...inherited(),
    LOG_LEVEL: logLevel,
    NODE_COMPILE_CACHE: cache,
    ...Object.fromEntries(Object.entries(timing).map(([name, value]) => [name, String(value)])),
  }
  for (const callee of registry[service].upstreams) {
    const name = `${service}-${replica}→${callee}`
    const link = await openLink({ name, protocol: 'http', targets: () => ports.get(callee)! })
    links.set(name, link)
    environment[urlVariable(callee)] = `http://127.0.0.1:${link.port}`
  }
  const database = databases[service]
  if (database !== undefined) {
    const name = `${service}-${replica}→database`
    const link = await openLink({ name, protocol: 'database', targets: () => [postgresPort()] })
    links.set(name, link)
    environment['DATABASE_URL'] = throughLink(database, link)
  }
  if (service === 'gateway') environment['ADMIN_PORT'] = String(await freePort())
  const port = ports.get(service)![replica - 1]!
  return createServiceProcess({ service, replica, port, environment })
}

export interface ClusterOptions {
  readonly janitor: Janitor
  readonly logLevel?: string
  /** For Postgres; a test that never cuts the power may do without waiting for the disk. */
  readonly settings?: Readonly<Record<string, string>>
}

export const startCluster = async (options: ClusterOptions): Promise<Cluster> => {
  const { janitor, logLevel = 'error', settings = {} } = options
  const server = await startPostgres(janitor, settings)
  const links = new Map<string, Link>()
  const processes = new Map<string, ServiceProcess>()
  const close = async () => {
    for (const process of processes.values()) process.resume()
    await Promise.all([...processes.values()].map((process) => process.kill()))
    for (const link of links.values()) link.close()
    await server.stop()
  }
  const noteProcesses = () =>
    janitor.watch([
      ...[...processes.values()].flatMap((each) => {
        const pid = each.isRunning() ? each.pid() : undefined
        return pid === undefined ? [] : [['KILL', pid] as const]
      }),
      ['QUIT', server.pid()],
    ])
  try {
    const adminUrl = server.url()
    const secret = 'chaos'
    const { urls: databases, ownerUrls } = await provision({
      adminUrl,
      secret,
      services: servicesWithDatabase,
      isOurServer: true,
    })
    for (const service of servicesWithDatabase) {
      const ownerUrl = ownerUrls[service]
      await migrateDatabase({ url: databases[service]!, ownerUrl, service })
    }
    const ports = await portsOf()
    const cache = path.join(janitor.folder, 'cache')
    const plumbing = { links, ports, databases, postgresPort: server.port, logLevel, cache }
    for (const service of serviceNames) {
      for (const replica of replicas) {
        processes.set(`${service}-${replica}`, await plumb(service, replica, plumbing))
      }
    }
    const entrance = await openLink({
      name: 'client→gateway',
      protocol: 'http',
      targets: () => ports.get('gateway')!,
    })
    links.set(entrance.name, entrance)
    noteProcesses()
    // One of each first: the others find compiled code, and start in a moment.
    for (const replica of replicas) {
      const some = [...processes.values()].filter((process) => process.replica === replica)
      await Promise.all(some.map((process) => process.start()))
      noteProcesses()
    }
    return {
      baseUrl: `http://127.0.0.1:${entrance.port}`,
      links,
      processes,
      postgres: {
        crash: server.crash,
        isRunning: server.isRunning,
        start: async () => {
          await server.start()
          noteProcesses()
        },
      },
      terminateBackends: async (service) => {
        const sql = postgres(server.url(), oneConnection)
        try {
          const ended = await sql`
            select pg_terminate_backend(pid) from pg_stat_activity
            where usename = ${runtimeRoleOf(service)}`
          return ended.length
        } catch {
          // Another fault stopped Postgres in this moment: there is nobody left to end.
          return 0
        } finally {
          await sql.end({ timeout: 1 })
        }
      },
      countDue: createCountDue(databases),
      noteProcesses,
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
