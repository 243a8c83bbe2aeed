import { postgresCpuMicros, processCpuMicros } from '../../test/lab/usage.ts'
import type { BareJob } from '../bare-client.ts'
import type { LoadJob } from '../load-client.ts'
import type { LoopJob, LoopResult } from './closed-loop.ts'
import type { BareDatabase, BenchDatabases, BenchPostgres } from './databases.ts'
import { accountCount } from './ids.ts'
import { startWorker, type Worker } from './ipc.ts'
import type { Told } from './invariants.ts'
import type { RunFigures } from './results.ts'
import { sum } from './stats.ts'
import type { BenchSystem } from './system.ts'

/** Everything that sends load, with counts of the answers. */
export interface Rig {
  readonly runSystem: (
    system: BenchSystem,
    job: LoopJob &
      Partial<Pick<LoadJob, 'kind' | 'accounts' | 'storedOrders' | 'offers' | 'tracedShare'>>,
  ) => Promise<RunFigures>
  readonly runBare: (bare: BareDatabase, job: LoopJob) => Promise<RunFigures>
  readonly runChain: (chain: Chain, job: LoopJob) => Promise<RunFigures>
  readonly told: (databases: BenchDatabases) => Told
  readonly failures: () => { readonly count: number; readonly first: string | undefined }
  /** The number of requests that succeeded so far, from all load generators. */
  readonly succeeded: () => number
  readonly loadPid: number
  readonly rivalPid: number
  readonly stop: () => Promise<void>
}

export interface Chain {
  readonly baseUrl: string
  readonly workers: readonly Worker[]
  readonly stop: () => Promise<void>
}

const chainFile = new URL('../chain.ts', import.meta.url)

export const startChain = async (): Promise<Chain> => {
  const workers: Worker[] = []
  const start = async (role: string, ...urls: string[]) => {
    const worker = startWorker(chainFile, [role, ...urls])
    workers.push(worker)
    return worker.ask<string>('address')
  }
  const billing = await start('billing')
  const notification = await start('notification')
  const order = await start('order', billing, notification)
  const baseUrl = await start('gateway', order)
  return {
    baseUrl,
    workers,
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()))
    },
  }
}

/** A run may last this much longer than planned before it fails. */
const patienceMs = 60_000

const timeoutOf = (job: LoopJob) => (job.seconds + job.warmUpSeconds) * 1_000 + patienceMs

const delta = (after: number | undefined, before: number | undefined) =>
  after === undefined || before === undefined ? Number.NaN : after - before

export const createRig = (postgres: BenchPostgres): Rig => {
  const load = startWorker(new URL('../load-client.ts', import.meta.url))
  const rival = startWorker(new URL('../bare-client.ts', import.meta.url))
  const told = new Map<BenchDatabases, Record<keyof Told, number>>()
  let failures = 0
  let succeeded = 0
  let firstFailure: string | undefined

  const cpuOfPostgres = () => postgresCpuMicros(postgres.server().pid)

  /** The CPU time of a run, of all processes together, with the load generator. */
  const withCpu = async (
    cpu: () => Promise<(number | undefined)[]>,
    run: () => Promise<LoopResult>,
  ): Promise<{ result: LoopResult; figures: RunFigures }> => {
    const before = await cpu()
    const result = await run()
    const after = await cpu()
    const used = sum(after.map((value, index) => delta(value, before[index])))
    const { perSecond, p50Ms, p90Ms, p99Ms, maxMs, failed } = result
    const cpuMicrosPerOrder = Math.round(used / Math.max(1, result.succeeded))
    failures += failed
    succeeded += result.succeeded
    firstFailure ??= result.firstFailure
    return {
      result,
      figures: {
        perSecond: Math.round(perSecond * 10) / 10,
        p50Ms,
        p90Ms,
        p99Ms,
        maxMs,
        failed,
        ...(Number.isFinite(cpuMicrosPerOrder) ? { cpuMicrosPerOrder } : {}),
      },
    }
  }

  return {
    runSystem: async (system, job) => {
      const { kind = 'order', accounts = accountCount, storedOrders = 0, ...loop } = job
      const { baseUrl, signingKey } = system
      const full: LoadJob = { ...loop, kind, accounts, storedOrders, baseUrl, signingKey }
      const cpu = async () => [
        await system.cpuMicros(),
        cpuOfPostgres(),
        processCpuMicros(load.pid),
      ]
      const { result, figures } = await withCpu(cpu, () => load.ask('run', full, timeoutOf(job)))
      if (kind === 'order' || kind === 'booking') {
        const sofar = told.get(system.databases) ?? { approved: 0, booked: 0, unknown: 0 }
        sofar[kind === 'order' ? 'approved' : 'booked'] += result.succeeded
        sofar.unknown += result.failed
        told.set(system.databases, sofar)
      }
      return figures
    },
    runBare: async (bare, job) => {
      const full: BareJob = { ...job, url: bare.url, accounts: accountCount }
      const cpu = async () => [cpuOfPostgres(), processCpuMicros(rival.pid)]
      return (await withCpu(cpu, () => rival.ask('run', full, timeoutOf(job)))).figures
    },
    runChain: async (chain, job) => {
      const full: LoadJob = {
        ...job,
        kind: 'order',
        accounts: accountCount,
        storedOrders: 0,
        baseUrl: chain.baseUrl,
      }
      const pids = [...chain.workers.map(({ pid }) => pid), load.pid]
      const cpu = async () => pids.map(processCpuMicros)
      return (await withCpu(cpu, () => load.ask('run', full, timeoutOf(job)))).figures
    },
    told: (databases) => told.get(databases) ?? { approved: 0, booked: 0, unknown: 0 },
    failures: () => ({ count: failures, first: firstFailure }),
    succeeded: () => succeeded,
    loadPid: load.pid,
    rivalPid: rival.pid,
    stop: async () => {
      await Promise.all([load.stop(), rival.stop()])
    },
  }
}
