import path from 'node:path'
import { freePort } from '../../src/local/postgres/free-port.ts'
import type { ServiceName } from '../../src/registry.ts'
import { issuerVariables, labSigningKey } from '../../test/lab/issuer.ts'
import { startSystem } from '../../test/lab/system.ts'
import { memoryOf, processCpuMicros, type Memory } from '../../test/lab/usage.ts'
import type { Allocations, Usage } from '../agent.ts'
import type { BenchDatabases } from './databases.ts'
import { askChild } from './ipc.ts'
import { sum } from './stats.ts'

export interface BenchSystemOptions {
  readonly databases: BenchDatabases
  readonly logFolder: string
  readonly replicas?: number
  /** Settings beside the product's own. */
  readonly env?: Readonly<Record<string, string>>
  /** Loads the agent, which tells more and takes a little memory itself. */
  readonly isWatched?: boolean
}

const agent = new URL('../agent.ts', import.meta.url).href

/**
 * The services as real processes, with the product's own settings: nothing is turned off. Their
 * tokens come from an issuer of the bench, because ten thousand people cannot sign in before each
 * run; they are checked as those of identity are.
 */
export const startBenchSystem = async (options: BenchSystemOptions) => {
  const { databases, logFolder, replicas = 1, env, isWatched = false } = options
  // Linux tells from outside what a process uses; nothing needs to be loaded into it for that.
  const isLinux = process.platform === 'linux'
  const hasAgent = isWatched || replicas > 1 || !isLinux
  const isPortShared = replicas > 1
  const adminPort = await freePort()
  const system = await startSystem({
    databases: databases.urls,
    replicas,
    isPortShared,
    logFolder: path.join(logFolder, databases.name),
    env: {
      LOG_LEVEL: 'info',
      ...(await issuerVariables()),
      ...(isPortShared ? { BENCH_SHARED_PORT: '1' } : {}),
      ...env,
    },
    envOf: { gateway: { ADMIN_PORT: String(adminPort) } },
    ...(hasAgent ? { agent } : {}),
  })
  const { processes, urls } = system
  const ask = async <Output>(which: typeof processes, question: string) => {
    const answers = which.map(async (each) => {
      const child = each.child()
      if (!child) throw new Error(`${each.name} does not run`)
      return [each.service, await askChild<Output>(child, question)] as const
    })
    return Promise.all(answers)
  }
  const askFirsts = async <Output>(question: string) => {
    const firsts = processes.filter(({ replica }) => replica === 0)
    const answers = await ask<Output>(firsts, question)
    return Object.fromEntries(answers) as Record<ServiceName, Output>
  }
  const usageOfAll = async () => (await ask<Usage>(processes, 'usage')).map(([, usage]) => usage)
  const pids = processes.map((each) => each.pid() ?? 0)
  // Replicas share a port, so readiness there may have been one replica's: all answer the bench.
  if (hasAgent) await usageOfAll()
  return {
    baseUrl: urls.gateway,
    signingKey: labSigningKey(),
    metricsUrl: (service: ServiceName) =>
      service === 'gateway' ? `http://127.0.0.1:${adminPort}/metrics` : `${urls[service]}/metrics`,
    databases,
    usage: () => askFirsts<Usage>('usage'),
    startAllocations: () => askFirsts('startAllocations'),
    stopAllocations: () => askFirsts<Allocations>('stopAllocations'),
    /** CPU of all processes until now, replicas included. */
    cpuMicros: async (): Promise<number> => {
      if (isLinux) return sum(pids.map((pid) => processCpuMicros(pid) ?? Number.NaN))
      return sum((await usageOfAll()).map(({ cpuMicros }) => cpuMicros))
    },
    memory: async (): Promise<Memory> => {
      if (isLinux) return memoryOf(pids)
      const rssMb = sum((await usageOfAll()).map(({ rssBytes }) => rssBytes)) / 1e6
      return { ownMb: rssMb, rssMb }
    },
    stop: () => system.stop(),
  }
}

export type BenchSystem = Awaited<ReturnType<typeof startBenchSystem>>
