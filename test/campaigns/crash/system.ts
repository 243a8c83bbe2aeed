import type { Checkpoint } from '../../../src/platform/base/checkpoints.ts'
import { urlVariable } from '../../../src/platform/base/config.ts'
import { registry, serviceNames, type ServiceName } from '../../../src/registry.ts'
import { inheritedByServices } from '../../lab/environment.ts'
import { makeDatabases, openPostgres } from '../../lab/own-postgres.ts'
import { openCallLink, type CallLink } from './call-link.ts'
import { createFleet } from './fleet.ts'
import { spawnInstance, type Instance } from './instance.ts'
import { createWitness, installWitness } from './witness.ts'

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

/**
 * Only processes die here, never the machine: what Postgres wrote before it
 * stopped is kept by the system whether it was flushed or not. A commit that
 * was answered before it was written is lost all the same.
 */
const postgresSettings = { fsync: 'off', shared_buffers: '32MB' }

export type OnCheckpoint = (
  from: { readonly service: ServiceName; readonly instance?: Instance },
  checkpoint: Checkpoint,
) => Promise<void>

export interface Listener {
  readonly onCheckpoint: OnCheckpoint
  /** Called when a process that runs ends although nobody killed it; it is replaced. */
  readonly onDeath: (how: string) => void
}

const nobody: Listener = { onCheckpoint: async () => {}, onDeath: () => {} }

const openLinks = (
  port: (service: ServiceName) => number,
  onCheckpoint: OnCheckpoint,
): Promise<CallLink[]> =>
  Promise.all(
    serviceNames.flatMap((caller) =>
      registry[caller].upstreams.map((callee) =>
        openCallLink({
          caller,
          callee,
          port: () => port(callee),
          // The gateway only passes on: its calls are seen here, those of the others by themselves.
          onRequest: async (name) => {
            if (caller !== 'gateway') return
            await onCheckpoint({ service: caller }, { kind: 'call', name, phase: 'before' })
          },
        }),
      ),
    ),
  )

/** Five real processes, a Postgres of their own, and a proxy on each way between them. */
export const startSystem = async () => {
  const postgres = await openPostgres(postgresSettings)
  const urls = await makeDatabases(postgres, { statementTimeoutMs: times.STATEMENT_TIMEOUT_MS })
  const { url: adminUrl, port: postgresPort } = postgres.server()
  await installWitness(postgres)
  const witness = createWitness(adminUrl)
  let listener = nobody
  const onCheckpoint: OnCheckpoint = (from, checkpoint) => listener.onCheckpoint(from, checkpoint)

  const environmentOf = (service: ServiceName, databasePort: number) => {
    const upstreams = links.filter((link) => link.caller === service)
    const url = urls[service]
    const database = url && Object.assign(new URL(url), { port: databasePort }).href
    return {
      ...inheritedByServices(),
      LOG_LEVEL: 'warn',
      DATABASE_POOL_SIZE: '3',
      ...Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, `${ms}`])),
      ...(database === undefined ? { ADMIN_PORT: '0' } : { DATABASE_URL: database }),
      ...Object.fromEntries(upstreams.map((link) => [urlVariable(link.callee), link.url])),
    }
  }
  const fleet = createFleet((service) =>
    spawnInstance({
      service,
      postgresPort,
      environment: (databasePort) => environmentOf(service, databasePort),
      onCheckpoint: (instance, checkpoint) => onCheckpoint({ service, instance }, checkpoint),
      onDeath: (instance, how) => {
        if (!fleet.isReady(instance)) return
        const words = instance.lastWords()
        listener.onDeath(`${service} (${instance.pid}) died by itself, ${how}: ${words}`)
        if (!fleet.isCurrent(instance)) return
        fleet.takeOver(service).catch((error: unknown) => listener.onDeath(String(error)))
      },
    }),
  )
  const links = await openLinks((service) => fleet.portOf(service), onCheckpoint)
  await Promise.all(serviceNames.map((service) => fleet.takeOver(service)))

  const { current, takeOver, relieve, endOthers } = fleet
  return {
    gatewayUrl: `http://127.0.0.1:${current('gateway').port()}`,
    links,
    witness,
    postgres,
    current,
    takeOver,
    relieve,
    endOthers,
    /** Without one, nobody listens. */
    setListener: (next: Listener = nobody) => {
      listener = next
    },
    /** What was armed on any way, and met nobody, is forgotten. */
    disarm: () => {
      for (const link of links) link.reset()
      for (const { database } of fleet.all()) database.endFaults()
    },
    stop: async () => {
      listener = nobody
      await witness.close()
      await fleet.endAll()
      for (const link of links) link.close()
      await postgres.close()
    },
  }
}

export type System = Awaited<ReturnType<typeof startSystem>>
