import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { servicesWithDatabase, serviceNames } from '../../src/registry.ts'
import { createActor, signUp } from '../lab/actors.ts'
import { createHistory, type History } from '../judge/history.ts'
import { api } from '../lab/http.ts'
import { checkInvariants } from '../judge/invariants.ts'
import { runLoad } from '../lab/load.ts'
import { adminSql } from '../lab/database.ts'
import { startSystem, type System } from '../lab/system.ts'
import { eventually } from '../lab/wait.ts'

vi.setConfig({ testTimeout: 180_000 })

const replicas = 3
const poolSize = 2

/** Returns how many requests a process has answered, without probes. */
const answeredBy = async (url: string): Promise<number> => {
  const { text } = await api(url).get('/metrics', { check: false })
  const samples = text.match(/^http_request_duration_seconds_count\{.*\} \d+$/gm) ?? []
  return samples.reduce((sum, sample) => sum + Number(sample.split(' ').at(-1)), 0)
}

describe('replicas that are added while the system works', () => {
  let system: System

  beforeAll(async () => {
    const env = { DATABASE_POOL_SIZE: String(poolSize) }
    system = await startSystem({ replicas, startedReplicas: 1, env })
  }, 120_000)

  /** Returns the part of its service's work that each added replica did in that time. */
  const sharesOfAdded = async (whileMs: number) => {
    // The gateway's metrics are on a port of their own. The work of the others shows its work.
    const observed = system.processes.filter(({ service }) => service !== 'gateway')
    const before = await Promise.all(observed.map(({ url }) => answeredBy(url)))
    await sleep(whileMs)
    const after = await Promise.all(observed.map(({ url }) => answeredBy(url)))
    const done = observed.map((process, index) => ({
      process,
      answered: (after[index] ?? 0) - (before[index] ?? 0),
    }))
    return done
      .filter(({ process }) => process.replica > 0)
      .map(({ process: { service, replica }, answered }) => {
        const all = done.filter(({ process }) => process.service === service)
        const total = all.reduce((sum, each) => sum + each.answered, 0)
        return { name: `${service} ${replica}`, share: answered / total }
      })
  }

  /** The load does not read users, so this does. */
  const visitUntil = async (signal: AbortSignal, history: History) => {
    const visitor = createActor({ baseUrl: system.urls.gateway, history, name: 'visitor' })
    const { id } = await signUp(visitor)
    while (!signal.aborted) {
      await visitor.user(id)
      await sleep(10)
    }
  }

  const connectionsTo = async (url: string): Promise<number> => {
    const name = new URL(url).pathname.slice(1)
    const [row] = await adminSql()<{ count: number }[]>`
      select count(*)::int from pg_stat_activity where datname = ${name}`
    return row?.count ?? 0
  }

  it('take their share of the work, fail nobody, and open no more connections than allowed', async () => {
    const history = createHistory()
    const ending = new AbortController()
    const load = runLoad({
      system,
      history,
      clients: 8,
      steps: 100_000,
      seed: 11,
      signal: ending.signal,
      thinkMs: 20,
    })
    const visits = visitUntil(ending.signal, history)
    try {
      for (const service of serviceNames) {
        history.mark(`${service} gets more replicas`)
        await Promise.all([1, 2].map((replica) => system.start(service, replica)))
      }
      await eventually(
        async () => {
          const shares = await sharesOfAdded(2_500)
          // A fair share is a third.
          expect(shares.filter(({ share }) => !(share > 0.1))).toEqual([])
        },
        { withinMs: 30_000 },
      )
      for (const service of servicesWithDatabase) {
        const connections = await connectionsTo(system.databases[service] as string)
        expect(connections, service).toBeLessThanOrEqual(replicas * poolSize)
      }
    } finally {
      ending.abort()
      await Promise.all([load, visits])
    }
    const failed = history.exchanges.filter(({ answer }) => answer.kind === 'unknown')
    expect(failed).toEqual([])
    await checkInvariants(system, history)
  })
})
