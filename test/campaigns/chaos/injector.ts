import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceName } from '../../../src/registry.ts'
import type { History } from '../../judge/history.ts'
import type { ServiceProcess } from '../../lab/service-process.ts'
import type { OwnSystem } from '../../lab/system.ts'
import { describePlanned, type Planned } from './plan.ts'

/** The result of a fault of the plan: how often it touched something. */
export interface Struck {
  readonly planned: Planned
  readonly times: number
}

export interface InjectorOptions {
  readonly system: OwnSystem
  readonly plan: readonly Planned[]
  readonly history: History
  /** A process that ended although the test did not end it. */
  readonly onOwnDeath: (name: string, logs: string) => void
}

const restartPauseMs = 200
/** Longer than all faults that can keep a process from its database. */
const startWithinMs = 45_000
const lookIntervalMs = 500
const patienceMs = 6_000

export const createInjector = (options: InjectorOptions) => {
  const { plan, history, onOwnDeath } = options
  const { links, postgres, processes } = options.system
  const struck: Struck[] = []
  /** Processes that the test kills, pauses or starts now: it does one thing at a time. */
  const treated = new Set<ServiceProcess>()
  let isOver = false

  /** Acts as a supervisor: a service that cannot reach its database ends, and this starts it again. */
  const keepStarting = async (process: ServiceProcess) => {
    const untilMs = performance.now() + startWithinMs
    while (!process.isRunning() && !isOver) {
      try {
        await process.start()
      } catch (error) {
        if (performance.now() > untilMs) throw error
        await sleep(restartPauseMs)
      }
    }
  }

  /** Returns the planned process, or the next one if another fault has the planned one. */
  const takeProcess = (wanted: string): ServiceProcess | undefined => {
    const index = processes.findIndex(({ name }) => name === wanted)
    const order = [...processes.slice(index), ...processes.slice(0, index)]
    return order.find((process) => !treated.has(process) && process.isRunning())
  }

  const treat = async (
    wanted: string,
    treatment: (process: ServiceProcess) => Promise<unknown>,
  ): Promise<number> => {
    const process = takeProcess(wanted)
    if (process === undefined) return 0
    if (process.name !== wanted) history.mark(`(${process.name} instead of ${wanted})`)
    treated.add(process)
    try {
      await treatment(process)
      return 1
    } finally {
      treated.delete(process)
    }
  }

  const isFirst = ({ kind }: Planned) =>
    struck.every(({ planned, times }) => planned.kind !== kind || times === 0)

  const strikeLinks = async (planned: Planned): Promise<number> => {
    const { fault, durationMs } = planned
    if (fault.what !== 'link') return 0
    const begun = fault.links.map((name) => links.get(name)!.begin(fault.fault))
    const times = () => begun.reduce((sum, each) => sum + each.strikes(), 0)
    await sleep(durationMs)
    // On a slow machine no call may have passed yet, so the first fault of a kind waits for one.
    const untilMs = performance.now() + patienceMs
    while (times() === 0 && isFirst(planned) && performance.now() < untilMs) await sleep(50)
    for (const each of begun) each.end()
    return times()
  }

  const crashPostgres = async (durationMs: number): Promise<number> => {
    if (!postgres.isRunning()) return 0
    await postgres.crash()
    await sleep(durationMs)
    await postgres.start()
    return 1
  }

  const cutConnections = async (service: ServiceName): Promise<number> => {
    if (!postgres.isRunning()) return 0
    // Another fault may stop Postgres now: then there is no connection to end.
    return postgres.cutConnections(service).catch(() => 0)
  }

  const strike = async (planned: Planned): Promise<number> => {
    const { fault, durationMs } = planned
    switch (fault.what) {
      case 'link':
        return strikeLinks(planned)
      case 'kill':
        return treat(fault.process, async (process) => {
          await process.kill()
          await sleep(durationMs)
          await keepStarting(process)
        })
      case 'pause':
        return treat(fault.process, async (process) => {
          process.pause()
          await sleep(durationMs)
          process.resume()
        })
      case 'restart':
        return treat(fault.process, async (process) => {
          await process.stop()
          await keepStarting(process)
        })
      case 'postgres-crash':
        return crashPostgres(durationMs)
      case 'terminate-backends':
        return cutConnections(fault.service)
    }
  }

  const run = async () => {
    const startMs = performance.now()
    await Promise.all(
      plan.map(async (planned) => {
        await sleep(Math.max(0, planned.atMs - (performance.now() - startMs)))
        history.mark(`begins: ${describePlanned(planned).trim()}`)
        const times = await strike(planned)
        history.mark(`over: fault ${planned.id} (${planned.kind}), struck ${times} times`)
        struck.push({ planned, times })
      }),
    )
  }

  const lookForDeaths = async () => {
    while (!isOver) {
      for (const process of processes) {
        if (treated.has(process) || process.isRunning()) continue
        onOwnDeath(process.name, process.logs())
        treated.add(process)
        void keepStarting(process).finally(() => treated.delete(process))
      }
      await sleep(lookIntervalMs)
    }
  }

  return {
    struck: struck as readonly Struck[],
    run: async () => {
      const looking = lookForDeaths()
      try {
        await run()
      } finally {
        isOver = true
        await looking
      }
    },
  }
}
