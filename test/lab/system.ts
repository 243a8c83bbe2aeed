import { currentEnvironment, urlVariable } from '../../src/platform/base/config.ts'
import { registry, serviceNames, type ServiceName } from '../../src/registry.ts'
import { whenFileEnds } from './cleanup.ts'
import { freePort, freePorts } from './ports.ts'
import { freshDatabase } from './postgres.ts'
import { openLink, type Link } from './link.ts'
import { createServiceProcess, type ServiceProcess } from './service-process.ts'

type Variables = Readonly<Record<string, string>>

export interface SystemOptions {
  /** Which services run; the others' addresses lead to a port where nobody listens. */
  readonly services?: readonly ServiceName[]
  /** How many processes of each; with more than one, their common address takes turns. */
  readonly replicas?: number
  /** How many of them run at first, if not all: the others are started by the test. */
  readonly startedReplicas?: number
  /** Variables for every service. */
  readonly env?: Variables
  /** Variables for one service, which win over those for all. */
  readonly envOf?: Partial<Record<ServiceName, Variables>>
  /** Addresses to be called instead of a service's own: a fake, or a proxy that makes trouble. */
  readonly upstreams?: Partial<Record<ServiceName, string>>
  /** Databases to be used instead of new ones: those of a system before this one. */
  readonly databases?: Partial<Record<ServiceName, string>>
}

/** Without a replica's number, an action is for all replicas of the service. */
export interface System {
  /** Where each service is reached; also those that do not run have an address. */
  readonly urls: Readonly<Record<ServiceName, string>>
  readonly databases: Readonly<Partial<Record<ServiceName, string>>>
  readonly processes: readonly ServiceProcess[]
  /** SIGTERM, and waits for the end. Without a service: all of them. */
  stop(service?: ServiceName, replica?: number): Promise<void>
  /** Starts what was stopped or killed, on the same port, and waits until it is ready. */
  start(service: ServiceName, replica?: number): Promise<void>
  kill(service: ServiceName, replica?: number): Promise<void>
  pause(service: ServiceName, replica?: number): void
  resume(service: ServiceName, replica?: number): void
  logsOf(service: ServiceName): string
  /** Ends everything at once. Happens by itself when the test file ends. */
  close(): Promise<void>
}

/** What a program needs to run at all; nothing that could configure a service by accident. */
const inherited = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(currentEnvironment()).filter(
      (entry): entry is [string, string] =>
        /^(PATH|HOME|TMPDIR|LANG|SystemRoot|NODE_V8_COVERAGE|NODE_COMPILE_CACHE)$/i.test(
          entry[0],
        ) && entry[1] !== undefined,
    ),
  )

const mapServices = async <T>(
  services: readonly ServiceName[],
  make: (service: ServiceName) => Promise<T>,
): Promise<Record<ServiceName, T>> => {
  const entries = await Promise.all(services.map(async (name) => [name, await make(name)] as const))
  return Object.fromEntries(entries) as Record<ServiceName, T>
}

const createProcesses = async (
  service: ServiceName,
  ports: readonly number[],
  {
    options,
    urls,
    database,
  }: { options: SystemOptions; urls: Record<ServiceName, string>; database: string | undefined },
) => {
  const upstreams = registry[service].upstreams.map((name) => [
    urlVariable(name),
    options.upstreams?.[name] ?? urls[name],
  ])
  return Promise.all(
    ports.map(async (port, replica) =>
      createServiceProcess({
        service,
        replica,
        port,
        environment: {
          ...inherited(),
          ...(database === undefined ? {} : { DATABASE_URL: database }),
          ...(service === 'gateway' ? { ADMIN_PORT: String(await freePort()) } : {}),
          ...(Object.fromEntries(upstreams) as Record<string, string>),
          ...options.env,
          ...options.envOf?.[service],
        },
      }),
    ),
  )
}

/** Starts real services, as processes, over new databases; ready when it resolves. */
export const startSystem = async (options: SystemOptions = {}): Promise<System> => {
  const services = options.services ?? serviceNames
  const replicas = options.replicas ?? 1
  const publicPorts = await mapServices(serviceNames, () => freePort())
  const urls = await mapServices(
    serviceNames,
    async (name) => `http://127.0.0.1:${publicPorts[name]}`,
  )
  const owners = services.filter((name) => registry[name].hasDatabase)
  const databases: Partial<Record<ServiceName, string>> = await mapServices(
    owners,
    async (name) => options.databases?.[name] ?? freshDatabase(name),
  )

  const balancers: Link[] = []
  const processes: ServiceProcess[] = []
  const close = async () => {
    await Promise.all(processes.map((process) => process.kill()))
    for (const balancer of balancers.splice(0)) balancer.close()
  }
  whenFileEnds(close)

  for (const service of services) {
    const ports = replicas > 1 ? await freePorts(replicas) : [publicPorts[service]]
    if (replicas > 1) {
      const balancer = { name: service, targets: () => ports }
      balancers.push(await openLink({ ...balancer, port: publicPorts[service] }))
    }
    const database = databases[service]
    processes.push(...(await createProcesses(service, ports, { options, urls, database })))
  }

  const pick = (service: ServiceName, replica?: number) => {
    const picked = processes.filter(
      (process) =>
        process.service === service && (replica === undefined || process.replica === replica),
    )
    if (picked.length === 0) throw new Error(`${service} is not part of this system`)
    return picked
  }
  const startThem = (picked: readonly ServiceProcess[]) =>
    Promise.all(picked.filter((process) => !process.isRunning()).map((process) => process.start()))

  try {
    const { startedReplicas = replicas } = options
    await startThem(processes.filter(({ replica }) => replica < startedReplicas))
  } catch (error) {
    await close()
    throw error
  }
  return {
    urls,
    databases,
    processes,
    stop: async (service, replica) => {
      const picked = service === undefined ? processes : pick(service, replica)
      await Promise.all(picked.map((process) => process.stop()))
    },
    start: async (service, replica) => {
      await startThem(pick(service, replica))
    },
    kill: async (service, replica) => {
      await Promise.all(pick(service, replica).map((process) => process.kill()))
    },
    pause: (service, replica) => {
      for (const process of pick(service, replica)) process.pause()
    },
    resume: (service, replica) => {
      for (const process of pick(service, replica)) process.resume()
    },
    logsOf: (service) =>
      pick(service)
        .map((process) => process.logs())
        .join(''),
    close,
  }
}
