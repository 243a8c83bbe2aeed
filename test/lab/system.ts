import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { freePort } from '../../src/local/postgres/free-port.ts'
import { urlVariable } from '../../src/platform/base/variables.ts'
import { registry, serviceNames, type ServiceName } from '../../src/registry.ts'
import { whenFileEnds } from './cleanup.ts'
import { inheritedByServices } from './environment.ts'
import { openLink, type Link, type LinkOptions } from '../../src/local/lab/link.ts'
import { makeDatabases, openPostgres, type OwnPostgres } from './own-postgres.ts'
import { openAccess, readsKeysOnly, settleIn, type Access } from './system-access.ts'
import { createServiceProcess, processName, type ServiceProcess } from './service-process.ts'

type Variables = Readonly<Record<string, string | number>>
type OfServices<T> = Readonly<Partial<Record<ServiceName, T>>>

/** The way from one process or client to another process or a database. */
export interface Way {
  /** `client`, or the name of a process: `order-1`. */
  readonly from: string
  readonly to: ServiceName | 'database'
  /** Where the other side listens now. With replicas there are several. */
  readonly targets: () => readonly number[]
}

export interface SystemOptions {
  /** Which services run. The addresses of the others lead to a port where nobody listens. */
  readonly services?: readonly ServiceName[]
  /** How many processes each service has. If more than one, their common address takes turns. */
  readonly replicas?: number
  /** How many run at first, if not all. The test starts the others in its own way. */
  readonly startedReplicas?: number
  /** All replicas listen on one port, which an agent must make possible. Otherwise a link takes turns. */
  readonly isPortShared?: boolean
  /** Variables for every service. */
  readonly env?: Variables
  /** Variables for one service. They win over those for all. */
  readonly envOf?: OfServices<Variables>
  /** Addresses that replace those of a service: a fake, or a proxy that fails. */
  readonly upstreams?: OfServices<string>
  /** Databases that already exist, for services that need no new one. */
  readonly databases?: OfServices<string>
  /** Where to make new databases; by default on the Postgres that all tests share. */
  readonly postgres?: OwnPostgres
  /**
   * Called for every way between two processes, from a client to the gateway, and to each database.
   * Returns the options of the link there; without options there is no link on that way.
   */
  readonly link?: (way: Way) => Partial<LinkOptions> | undefined
  /** A module that is loaded into each process before the service. */
  readonly agent?: string
  /** The folder for one log file per process. Without it the logs stay in memory. */
  readonly logFolder?: string
}

const textsOf = (variables: Variables): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)]))

const localhost = (port: number) => `http://127.0.0.1:${port}`

const mapServices = async <T>(
  services: readonly ServiceName[],
  make: (service: ServiceName) => Promise<T>,
): Promise<Record<ServiceName, T>> => {
  const entries = await Promise.all(services.map(async (name) => [name, await make(name)] as const))
  return Object.fromEntries(entries) as Record<ServiceName, T>
}

const newDatabase = async (service: ServiceName) => {
  // Loaded only here, because it needs the test runner, which campaigns and benches lack.
  const { freshDatabase } = await import('./database.ts')
  return (await freshDatabase(service)).url
}

interface Plan {
  readonly options: SystemOptions
  /** Where the processes listen. */
  readonly ports: Readonly<Record<ServiceName, readonly number[]>>
  readonly urls: Readonly<Record<ServiceName, string>>
  readonly databases: OfServices<string>
  readonly access: Access
  /** Opens a link where one is wanted. It closes with the system. */
  readonly through: (way: Way, url: string) => Promise<string>
}

const createProcess = async (service: ServiceName, replica: number, plan: Plan) => {
  const { options, ports, urls, databases, access, through } = plan
  const { env, envOf, upstreams = {}, agent, logFolder } = options
  const from = processName(service, replica)
  const own: Record<string, string> = { ...access.variablesOf(service) }
  const readsKeys = access.hasIdentity && readsKeysOnly(service)
  const keys = readsKeys ? (['identity'] as const) : []
  for (const to of [...registry[service].upstreams, ...keys]) {
    const targets = () => ports[to]
    own[urlVariable(to)] = upstreams[to] ?? (await through({ from, to, targets }, urls[to]))
  }
  const database = databases[service]
  if (database !== undefined) {
    const targets = () => [options.postgres?.server().port ?? Number(new URL(database).port)]
    own['DATABASE_URL'] = await through({ from, to: 'database', targets }, database)
  }
  if (service === 'gateway') own['ADMIN_PORT'] = '0'
  return createServiceProcess({
    service,
    replica,
    port: ports[service][replica] as number,
    environment: { ...inheritedByServices(), ...textsOf({ ...own, ...env, ...envOf?.[service] }) },
    ...(agent === undefined ? {} : { agent }),
    ...(logFolder === undefined ? {} : { logFile: path.join(logFolder, `${from}.log`) }),
  })
}

const portsOf = async ({ replicas = 1, isPortShared = false }: SystemOptions) => {
  const ports: number[] = []
  while (ports.length < replicas) {
    const [first] = ports
    ports.push(isPortShared && first !== undefined ? first : await freePort())
  }
  return ports
}

const startThem = async (picked: readonly ServiceProcess[]) => {
  await Promise.all(picked.filter((each) => !each.isRunning()).map((each) => each.start()))
}

const controlsOf = (processes: readonly ServiceProcess[]) => {
  const pick = (service: ServiceName, replica?: number) => {
    const picked = processes.filter(
      (process) =>
        process.service === service && (replica === undefined || process.replica === replica),
    )
    if (picked.length === 0) throw new Error(`${service} is not part of this system`)
    return picked
  }
  return {
    /** One process of a service: the first replica, if none is named. */
    process: (service: ServiceName, replica = 0) => pick(service, replica)[0] as ServiceProcess,
    /** Sends SIGTERM, and waits for the end. Without a service: all of them. */
    stop: async (service?: ServiceName, replica?: number) => {
      const picked = service === undefined ? processes : pick(service, replica)
      await Promise.all(picked.map((process) => process.stop()))
    },
    /** Starts what was stopped or killed, on the same port, and waits until it is ready. */
    start: (service: ServiceName, replica?: number) => startThem(pick(service, replica)),
    kill: async (service: ServiceName, replica?: number) => {
      await Promise.all(pick(service, replica).map((process) => process.kill()))
    },
    pause: (service: ServiceName, replica?: number) => {
      for (const process of pick(service, replica)) process.pause()
    },
    resume: (service: ServiceName, replica?: number) => {
      for (const process of pick(service, replica)) process.resume()
    },
    logsOf: (service: ServiceName) =>
      pick(service)
        .map((process) => process.logs())
        .join(''),
  }
}

/** Without a replica's number, an action is for all replicas of the service. */
export interface System extends ReturnType<typeof controlsOf> {
  /** The address of each service, also of one that does not run. */
  readonly urls: Readonly<Record<ServiceName, string>>
  readonly databases: OfServices<string>
  readonly processes: readonly ServiceProcess[]
  /** The links by name: `client→gateway`, `order-1→billing`, `order-1→database`. */
  readonly links: ReadonlyMap<string, Link>
  /** Ends everything at once. Runs by itself when the test file ends. */
  readonly close: () => Promise<void>
}

/** Everything that a system needs except its processes. What it opens closes with the system. */
const prepare = async (options: SystemOptions, opened: Pick<Link, 'close'>[]) => {
  const { services = serviceNames, replicas = 1, isPortShared = false, link, postgres } = options
  const timeoutMs = options.env?.['STATEMENT_TIMEOUT_MS']
  const limits = timeoutMs === undefined ? {} : { statementTimeoutMs: Number(timeoutMs) }
  const isBalanced = replicas > 1 && !isPortShared && link === undefined
  const ports = await mapServices(serviceNames, () => portsOf(options))
  const urls = await mapServices(serviceNames, async (name) => {
    if (!isBalanced || !services.includes(name)) return localhost(ports[name][0] as number)
    const balancer = await openLink({ name, targets: () => ports[name] })
    opened.push(balancer)
    return balancer.url
  })
  if (options.logFolder !== undefined) mkdirSync(options.logFolder, { recursive: true })
  const given = options.databases ?? (postgres && (await makeDatabases(postgres, limits)).urls)
  const owners = services.filter((name) => registry[name].hasDatabase)
  const databases = await mapServices(owners, async (name) => given?.[name] ?? newDatabase(name))
  const links = new Map<string, Link>()
  const through: Plan['through'] = async (way, url) => {
    const special = link?.(way)
    if (special === undefined) return url
    const { from, to, targets } = way
    const protocol = to === 'database' ? 'database' : 'http'
    const made = await openLink({ name: `${from}→${to}`, protocol, targets, ...special })
    opened.push(made)
    links.set(made.name, made)
    return Object.assign(new URL(url), { port: made.port }).href.replace(/\/$/, '')
  }
  const toGateway: Way = { from: 'client', to: 'gateway', targets: () => ports.gateway }
  const gateway = await through(toGateway, urls.gateway)
  const hasIdentity = services.includes('identity')
  const access = await openAccess(hasIdentity, gateway)
  if (hasIdentity && databases.identity !== undefined) {
    const own = Object.values(ports).flat().map(localhost)
    settleIn(gateway, [...Object.values(urls), ...own], {
      url: () => urls.identity,
      database: databases.identity,
    })
  }
  return { options, ports, urls: { ...urls, gateway }, databases, links, access, through }
}

/** Starts real services as processes. They are ready when it resolves. */
export const startSystem = async (options: SystemOptions = {}): Promise<System> => {
  const { services = serviceNames, replicas = 1, startedReplicas = replicas } = options
  const opened: Pick<Link, 'close'>[] = []
  const processes: ServiceProcess[] = []
  const close = async () => {
    await Promise.all(processes.map((process) => process.kill()))
    for (const link of opened.splice(0)) link.close()
  }
  whenFileEnds(close)
  try {
    const plan = await prepare(options, opened)
    for (const service of services) {
      for (let replica = 0; replica < replicas; replica += 1) {
        processes.push(await createProcess(service, replica, plan))
      }
    }
    // One of each service starts first, so that the others find compiled code and start fast.
    for (let round = 0; round < startedReplicas; round += 1) {
      await startThem(processes.filter(({ replica }) => replica === round))
    }
    const { urls, databases, links } = plan
    return { ...controlsOf(processes), urls, databases, links, processes, close }
  } catch (error) {
    await close()
    throw error
  }
}

export interface OwnSystemOptions extends SystemOptions {
  /** What differs from the product's settings of Postgres. */
  readonly postgresSettings?: Readonly<Record<string, string>>
}

export interface OwnSystem extends System {
  readonly postgres: OwnPostgres
}

/** The same, with its own Postgres, which ends with it. Nothing here needs a test runner. */
export const startOwnSystem = async (options: OwnSystemOptions = {}): Promise<OwnSystem> => {
  const postgres = await openPostgres(options.postgresSettings)
  try {
    const env = { LOG_LEVEL: 'error', ...options.env }
    const system = await startSystem({ ...options, postgres, env })
    const close = async () => {
      await system.close()
      await postgres.close()
    }
    return { ...system, postgres, close }
  } catch (error) {
    await postgres.close()
    throw error
  }
}

/** A system, and a way to look into its databases. */
export interface AdministeredSystem extends System {
  readonly postgres: Pick<OwnPostgres, 'sql'>
}
