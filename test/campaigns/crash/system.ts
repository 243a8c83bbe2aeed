import type { Checkpoint } from '../../../src/platform/base/checkpoints.ts'
import { serviceNames, type ServiceName } from '../../../src/registry.ts'
import type { Effect } from '../../../src/local/lab/link/lane.ts'
import { startOwnSystem, type Way } from '../../lab/system.ts'
import { makeOperator, settleIn } from '../../lab/system-access.ts'
import { eventually } from '../../lab/wait.ts'
import { createFleet } from './fleet.ts'
import type { Instance } from './instance.ts'
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
  /** A hold ends when a step says so, and not because a fault takes its time. */
  HOLD_MS: 60_000,
  /** Nobody changes keys here, and looking for new ones would be a visit at any moment. */
  KEY_POLL_MS: 600_000,
  KEY_REFRESH_MS: 600_000,
} as const

/**
 * Only processes die here, not the machine: the system keeps what Postgres wrote before it stopped,
 * flushed or not. A commit that was answered before it was written is still lost.
 */
const postgresSettings = { fsync: 'off', shared_buffers: '32MB' }

export type OnCheckpoint = (
  from: { readonly service: ServiceName; readonly instance?: Instance },
  checkpoint: Checkpoint,
) => Promise<void>

export interface Listener {
  readonly onCheckpoint: OnCheckpoint
  readonly onDeath: (how: string) => void
}

const nobody: Listener = { onCheckpoint: async () => {}, onDeath: () => {} }

/** Ids differ each time; the places of the code do not. */
const nameOf = (callee: string, firstLine: string) => {
  const [method, url = ''] = firstLine.split(' ')
  return `${method} ${callee}${url.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '{id}').replace(/\?.*/, '')}`
}

/** Real processes, their own Postgres, and a link on each way between them. */
export const startSystem = async () => {
  let listener = nobody
  const onCheckpoint: OnCheckpoint = (from, checkpoint) => listener.onCheckpoint(from, checkpoint)
  let away: ServiceName | undefined
  let lost: ServiceName | undefined

  const link = ({ from, to }: Way) => {
    if (from === 'client' || to === 'database') return undefined
    const passes = 'messages' as const
    if (from !== 'gateway-1') {
      const targets = () => (to === away ? [] : [portOf(to)])
      return { passes, targets, loses: () => to === lost }
    }
    // The gateway only passes calls on, so the link sees its calls. The others report their own.
    const hold: Effect['hold'] = async ({ direction }, { messages: [request] }) => {
      if (direction === 'down' || !request) return
      const name = nameOf(to, request.start)
      await onCheckpoint({ service: 'gateway' }, { kind: 'call', name, phase: 'before' })
    }
    return { passes, targets: () => [portOf(to)], watch: { hold } }
  }
  const env = { ...times, LOG_LEVEL: 'warn', DATABASE_POOL_SIZE: 3 }
  const system = await startOwnSystem({ startedReplicas: 0, postgresSettings, env, link })
  const { links, postgres, close } = system
  await installWitness(postgres)

  const fleet = createFleet({
    environmentOf: (service) => system.process(service).environment,
    onCheckpoint: (instance, checkpoint) =>
      onCheckpoint({ service: instance.service, instance }, checkpoint),
    onDeath: (how) => listener.onDeath(how),
  })
  const { portOf, current, takeOver, relieve, endOthers } = fleet
  for (const service of serviceNames) await takeOver(service)
  const gatewayUrl = `http://127.0.0.1:${portOf('gateway')}`
  const identity = {
    url: () => `http://127.0.0.1:${portOf('identity')}`,
    database: system.databases.identity ?? '',
  }
  settleIn(gatewayUrl, [], identity)

  return {
    gatewayUrl,
    databases: system.databases,
    // While many systems start, a statement may take longer than it may here.
    operator: await eventually(() => makeOperator(identity), { withinMs: 60_000 }),
    /** The link for calls from one service to another. */
    linkBetween: (caller: ServiceName, callee: ServiceName) => {
      const found = links.get(`${caller}-1→${callee}`)
      if (!found) throw new Error(`${caller} has no way to ${callee}`)
      return found
    },
    witness: createWitness(postgres),
    postgres,
    current,
    takeOver,
    relieve,
    endOthers,
    /** From now on, until a new one serves, nobody listens at its address. */
    setAway: (service?: ServiceName) => {
      away = service
    },
    /**
     * From now on, until there is a new one, every request to it is lost on its way. A fault may
     * still hold such a request, so that it arrives later, or lose its answer instead.
     */
    setLost: (service?: ServiceName) => {
      lost = service
    },
    /** Without a process, nobody listens. */
    setListener: (next: Listener = nobody) => {
      listener = next
    },
    /** Ends all faults on all links that have not struck yet. */
    disarm: () => {
      away = undefined
      lost = undefined
      for (const { endFaults } of links.values()) endFaults()
      for (const { database } of fleet.all()) database.endFaults()
    },
    stop: async () => {
      listener = nobody
      await fleet.endAll()
      await close()
    },
  }
}

export type System = Awaited<ReturnType<typeof startSystem>>
