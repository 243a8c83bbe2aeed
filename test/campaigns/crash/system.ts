import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import postgres from 'postgres'
import { openDataFolder } from '../../../src/local/postgres/data-folder.ts'
import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../../src/local/postgres/embedded.ts'
import { provision, runtimeRoleOf } from '../../../src/local/postgres/provision.ts'
import type { Checkpoint } from '../../../src/platform/base/checkpoints.ts'
import { currentEnvironment, urlVariable } from '../../../src/platform/base/config.ts'
import { migrateDatabase } from '../../../src/platform/database/migrate.ts'
import {
  registry,
  serviceNames,
  servicesWithDatabase,
  type ServiceName,
} from '../../../src/registry.ts'
import {
  createFleet,
  endAll,
  endOthers,
  keepSpare,
  relieve,
  takeOver,
  type Fleet,
} from './fleet.ts'
import { openCallLink, type CallLink } from './call-link.ts'
import { spawnInstance, type Instance } from './instance.ts'
import { createWitness, installWitness, oneConnection, type Witness } from './witness.ts'

/** Times so short that a run with an outage and a recovery takes about a second. */
export const times = {
  CALL_TIMEOUT_MS: 150,
  REQUEST_BUDGET_MS: 250,
  LETTER_BUDGET_MS: 200,
  LEASE_MS: 500,
  RECOVERY_INTERVAL_MS: 60,
  STATEMENT_TIMEOUT_MS: 500,
  SHUTDOWN_GRACE_MS: 300,
} as const

export type OnCheckpoint = (
  from: { readonly service: ServiceName; readonly instance?: Instance },
  checkpoint: Checkpoint,
) => Promise<void>

/** Five real processes, a Postgres of their own, and a proxy on each way between them. */
export interface System {
  readonly gatewayUrl: string
  readonly links: readonly CallLink[]
  readonly witness: Witness
  readonly current: (service: ServiceName) => Instance
  readonly setListener: (listener: OnCheckpoint) => void
  /** Called when a process that runs ends although nobody killed it; it is replaced. */
  readonly setMourner: (mourner: (how: string) => void) => void
  /** Lets a new process take over, as a supervisor does; the old one is only left aside. */
  readonly takeOver: (service: ServiceName) => Promise<Instance>
  /** Lets another replica go on: one that was left aside before, if there is one. */
  readonly relieve: (service: ServiceName) => Promise<Instance>
  /** Ends the processes that were left aside, or lets them rest until they relieve another. */
  readonly endOthers: () => Promise<void>
  /** What was armed on any way, and met nobody, is forgotten. */
  readonly disarm: () => void
  readonly cutConnections: (service: ServiceName) => Promise<number>
  readonly crashPostgres: () => Promise<void>
  readonly startPostgres: () => Promise<void>
  readonly stop: () => Promise<void>
}

/**
 * Only processes die here, never the machine: what Postgres wrote before it
 * stopped is kept by the system whether it was flushed or not. A commit that
 * was answered before it was written is lost all the same.
 */
const postgresSettings = { fsync: 'off', shared_buffers: '32MB' }

const openPostgres = (folder: string) =>
  startEmbeddedPostgres({ data: openDataFolder(folder), settings: postgresSettings })

const prepareDatabases = async (server: EmbeddedPostgres) => {
  const { urls, ownerUrls } = await provision({
    adminUrl: server.url,
    services: servicesWithDatabase,
    secret: 'crash tests',
    isOurServer: true,
  })
  const statementTimeoutMs = times.STATEMENT_TIMEOUT_MS
  await Promise.all(
    servicesWithDatabase.map((service) =>
      migrateDatabase({
        url: urls[service] ?? '',
        ownerUrl: ownerUrls[service],
        service,
        statementTimeoutMs,
      }),
    ),
  )
  await installWitness(server.url)
  return urls
}

const openLinks = (fleet: Fleet, heard: OnCheckpoint): Promise<CallLink[]> =>
  Promise.all(
    serviceNames.flatMap((caller) =>
      registry[caller].upstreams.map((callee) =>
        openCallLink({
          caller,
          callee,
          port: () => fleet.active.get(callee)?.port() ?? 0,
          // The gateway only passes on: its calls are seen here, those of the others by themselves.
          onRequest: async (name) => {
            if (caller !== 'gateway') return
            await heard({ service: caller }, { kind: 'call', name, phase: 'before' })
          },
        }),
      ),
    ),
  )

export const startSystem = async (): Promise<System> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'orderly-crash-'))
  let server = await openPostgres(folder)
  const urls = await prepareDatabases(server)
  const { url: adminUrl, port: postgresPort } = server
  const admin = postgres(adminUrl, { ...oneConnection, connect_timeout: 2 })
  // The services end with us by themselves, however we end; Postgres would stay.
  const leaveNothing = () => {
    try {
      process.kill(server.pid, 'SIGQUIT')
    } catch {
      // It has ended already.
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  process.once('exit', leaveNothing)
  const witness = createWitness(adminUrl)
  let starting: Promise<void> = Promise.resolve()
  let listener: OnCheckpoint = async () => {}
  let mourner: (how: string) => void = () => {}
  const heard: OnCheckpoint = (from, checkpoint) => listener(from, checkpoint)
  const { PATH = '' } = currentEnvironment()

  const environmentOf = (service: ServiceName, databasePort: number) => {
    const upstreams = links.filter((link) => link.caller === service)
    const databaseUrl = new URL(urls[service] ?? 'postgres://none')
    databaseUrl.port = `${databasePort}`
    return {
      PATH,
      NODE_COMPILE_CACHE: path.join(folder, 'cache'),
      LOG_LEVEL: 'warn',
      DATABASE_POOL_SIZE: '3',
      ...Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, `${ms}`])),
      ...(registry[service].hasDatabase ? { DATABASE_URL: databaseUrl.href } : { ADMIN_PORT: '0' }),
      ...Object.fromEntries(upstreams.map(({ callee, url }) => [urlVariable(callee), url])),
    }
  }
  const fleet = createFleet((service) =>
    spawnInstance({
      service,
      postgresPort,
      environment: (databasePort) => environmentOf(service, databasePort),
      onCheckpoint: (instance, checkpoint) => heard({ service, instance }, checkpoint),
      onDeath: (instance, how) => {
        if (!fleet.ready.has(instance)) return
        mourner(`${service} (${instance.pid}) died by itself, ${how}: ${instance.lastWords()}`)
        if (fleet.active.get(service) !== instance) return
        takeOver(fleet, service).catch((error: unknown) => mourner(String(error)))
      },
    }),
  )
  const links = await openLinks(fleet, heard)
  for (const service of serviceNames) keepSpare(fleet, service)
  await Promise.all(serviceNames.map((service) => takeOver(fleet, service)))
  const current = (service: ServiceName) => {
    const instance = fleet.active.get(service)
    if (!instance) throw new Error(`${service} does not run`)
    return instance
  }

  return {
    gatewayUrl: `http://127.0.0.1:${current('gateway').port()}`,
    links,
    witness,
    current,
    setListener: (next) => {
      listener = next
    },
    setMourner: (next) => {
      mourner = next
    },
    takeOver: (service) => takeOver(fleet, service),
    relieve: (service) => relieve(fleet, service),
    endOthers: () => endOthers(fleet),
    disarm: () => {
      for (const link of links) link.reset()
      const all = [fleet.active, fleet.resting, fleet.others].flatMap((of) => [...of.values()])
      for (const { database } of all) database.endFaults()
    },
    cutConnections: async (service) => {
      const cut = await admin<{ done: boolean }[]>`
        select pg_terminate_backend(pid, 1000) as done from pg_stat_activity
        where usename = ${runtimeRoleOf(service)} and backend_type = 'client backend'`
      return cut.length
    },
    crashPostgres: async () => {
      await starting
      await server.crash()
    },
    startPostgres: () => {
      starting = openPostgres(folder).then((started) => {
        server = started
      })
      return starting
    },
    stop: async () => {
      listener = async () => {}
      await admin.end({ timeout: 1 })
      await witness.close()
      await endAll(fleet)
      for (const link of links) link.close()
      await server.stop()
      process.off('exit', leaveNothing)
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}
