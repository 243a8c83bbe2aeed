import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { projectFolder } from '../../src/local/postgres/data-folder.ts'
import { readPlan, serviceEnvironment } from '../../src/local/launcher/launch-plan.ts'
import { nodeOptions } from '../../src/local/launcher/node-options.ts'
import { serviceNames, type ServiceName } from '../../src/registry.ts'
import type { Allocations, Usage } from '../agent.ts'
import { hasDatabase, type BenchDatabases } from './databases.ts'
import { askChild, endChild } from './ipc.ts'
import { memoryOf, processCpuMicros, type Memory } from './machine.ts'
import { sum } from './stats.ts'

/** The five services as real processes, with the product's own settings: nothing is turned off. */
export interface BenchSystem {
  readonly baseUrl: string
  readonly metricsUrl: (service: ServiceName) => string
  readonly databases: BenchDatabases
  readonly usage: () => Promise<Record<ServiceName, Usage>>
  readonly startAllocations: () => Promise<unknown>
  readonly stopAllocations: () => Promise<Record<ServiceName, Allocations>>
  /** CPU of all processes until now, replicas included. */
  readonly cpuMicros: () => Promise<number>
  readonly memory: () => Promise<Memory>
  readonly stop: () => Promise<void>
}

export interface SystemOptions {
  readonly databases: BenchDatabases
  readonly logFolder: string
  readonly cacheFolder: string
  readonly replicas?: number
  /** Loads the agent, which tells more and takes a little memory itself. */
  readonly isWatched?: boolean
}

const entry = path.join(projectFolder, 'src', 'main.ts')
const agent = new URL('../agent.ts', import.meta.url).href
const readyTimeoutMs = 60_000

export const isReady = async (url: string) => {
  try {
    const answer = await fetch(`${url}/readyz`)
    await answer.body?.cancel()
    return answer.ok
  } catch {
    return false
  }
}

interface Replica {
  readonly service: ServiceName
  readonly child: ChildProcess
  readonly logFile: string
}

/** The log is in a folder that is about to be removed. */
const lastWords = async ({ logFile }: Replica) =>
  (await readFile(logFile, 'utf8')).trim().split('\n').slice(-3).join('\n')

const refuseDead = async (replicas: readonly Replica[]) => {
  const dead = replicas.find(({ child }) => child.exitCode !== null || child.signalCode !== null)
  if (!dead) return
  const said = await lastWords(dead)
  throw new Error(`${dead.service} ended with exit code ${dead.child.exitCode}: ${said}`)
}

const waitUntilReady = async (replicas: readonly Replica[], urls: readonly string[]) => {
  const giveUpAtMs = performance.now() + readyTimeoutMs
  for (const url of urls) {
    while (!(await isReady(url))) {
      await refuseDead(replicas)
      if (performance.now() > giveUpAtMs) throw new Error(`nobody is ready at ${url}`)
      await sleep(25)
    }
  }
}

/** Written by the process itself, as under any supervisor that sends its output to a file. */
const spawnService = (
  service: ServiceName,
  environment: Record<string, string>,
  logFile: string,
  preloaded: readonly string[],
): ChildProcess => {
  const log = openSync(logFile, 'a')
  const child = spawn(process.execPath, [...nodeOptions, ...preloaded, entry, service], {
    env: environment,
    stdio: ['ignore', log, log, 'ipc'],
  })
  closeSync(log)
  return child
}

export const startSystem = async (options: SystemOptions): Promise<BenchSystem> => {
  const { databases, logFolder, cacheFolder, replicas: replicaCount = 1 } = options
  // Linux tells from outside what a process uses; nothing needs to be loaded into it for that.
  const isLinux = process.platform === 'linux'
  const hasAgent = options.isWatched === true || replicaCount > 1 || !isLinux
  const preloaded = hasAgent ? ['--import', agent] : []
  const anyPort = ['PORT', 'USER_PORT', 'BILLING_PORT', 'ORDER_PORT', 'NOTIFICATION_PORT']
  const ports = Object.fromEntries([...anyPort, 'ADMIN_PORT'].map((name) => [name, '0']))
  const plan = await readPlan(ports)
  const urlOf = (service: ServiceName) => `http://127.0.0.1:${plan.ports[service]}`
  const replicas: Replica[] = []
  for (const service of serviceNames) {
    const databaseUrl = hasDatabase(service) ? databases.urls[service] : undefined
    const environment = {
      ...serviceEnvironment(service, plan, databaseUrl, { PATH: process.env['PATH'] }),
      NODE_COMPILE_CACHE: cacheFolder,
      LOG_LEVEL: 'info',
      ...(replicaCount > 1 ? { BENCH_SHARED_PORT: '1' } : {}),
    }
    for (let index = 0; index < replicaCount; index += 1) {
      const logFile = path.join(logFolder, `${databases.name}-${service}-${index}.log`)
      const child = spawnService(service, environment, logFile, preloaded)
      replicas.push({ service, child, logFile })
    }
  }
  const stop = async () => {
    await Promise.all(replicas.map(({ child }) => endChild(child)))
  }
  try {
    await waitUntilReady(replicas, serviceNames.map(urlOf))
    await refuseDead(replicas)
    // Replicas share a port, so readiness there may have been one replica's: all answer the bench.
    if (hasAgent) await Promise.all(replicas.map(({ child }) => askChild(child, 'usage')))
  } catch (error) {
    await stop()
    throw error
  }

  const pids = replicas.map(({ child }) => child.pid ?? 0)
  const usageOfAll = () => Promise.all(replicas.map(({ child }) => askChild<Usage>(child, 'usage')))
  const askAll = async <Output>(ask: string) => {
    const firsts = serviceNames.map((service) => replicas.find((each) => each.service === service))
    const answers = await Promise.all(
      firsts.map(async (each) => [
        each?.service,
        each && (await askChild<Output>(each.child, ask)),
      ]),
    )
    return Object.fromEntries(answers) as Record<ServiceName, Output>
  }
  return {
    baseUrl: urlOf('gateway'),
    metricsUrl: (service) =>
      service === 'gateway'
        ? `http://127.0.0.1:${plan.adminPort}/metrics`
        : `${urlOf(service)}/metrics`,
    databases,
    usage: () => askAll<Usage>('usage'),
    startAllocations: () => askAll('startAllocations'),
    stopAllocations: () => askAll<Allocations>('stopAllocations'),
    cpuMicros: async () => {
      if (isLinux) return sum(pids.map((pid) => processCpuMicros(pid) ?? Number.NaN))
      return sum((await usageOfAll()).map(({ cpuMicros }) => cpuMicros))
    },
    memory: async () => {
      if (isLinux) return memoryOf(pids)
      const rssMb = sum((await usageOfAll()).map(({ rssBytes }) => rssBytes)) / 1e6
      return { ownMb: rssMb, rssMb }
    },
    stop,
  }
}
