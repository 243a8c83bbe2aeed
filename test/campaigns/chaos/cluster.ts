import { openLink, type Link } from '../../lab/link.ts'
import type { ServiceProcess } from '../../lab/service-process.ts'
import { startOwnSystem, type OwnSystem, type Way } from '../../lab/system.ts'
import { replicas } from './plan.ts'

/**
 * Two real processes of each service over a real Postgres, with a proxy that
 * can make trouble on every way between any two of them.
 */
export interface Cluster extends Pick<OwnSystem, 'postgres' | 'close'> {
  readonly baseUrl: string
  readonly links: ReadonlyMap<string, Link>
  readonly processes: ReadonlyMap<string, ServiceProcess>
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

export const startCluster = async (logLevel: string): Promise<Cluster> => {
  const links = new Map<string, Link>()
  const link = async ({ from, to, targets }: Way) => {
    const protocol = to === 'database' ? 'database' : 'http'
    const opened = await openLink({ name: `${from}→${to}`, protocol, targets })
    links.set(opened.name, opened)
    return opened
  }
  const times = Object.entries(timing).map(([name, ms]) => [name, String(ms)] as const)
  const env = { ...Object.fromEntries(times), LOG_LEVEL: logLevel }
  const system = await startOwnSystem({ replicas: replicas.length, env, link })
  return {
    baseUrl: system.urls.gateway,
    links,
    processes: new Map(system.processes.map((process) => [process.name, process])),
    postgres: system.postgres,
    close: system.close,
  }
}
