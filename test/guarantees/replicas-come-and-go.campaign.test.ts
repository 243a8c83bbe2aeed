import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { servicesWithDatabase, serviceNames } from '../../src/registry.ts'
import { createHistory } from '../judge/history.ts'
import { api } from '../lab/http.ts'
import { checkInvariants } from '../judge/invariants.ts'
import { runLoad } from '../lab/load.ts'
import { adminSql } from '../lab/database.ts'
import { startSystem, type System } from '../lab/system.ts'
import { eventually } from '../lab/wait.ts'

vi.setConfig({ testTimeout: 180_000 })

/** Of the requests that meet the restarts. */
const mostUnknown = 3
const replicas = 2
const poolSize = 2
/** The drain as in the manifests, but shorter: two of each service restart, one after the other. */
const settings = {
  DATABASE_POOL_SIZE: String(poolSize),
  DRAIN_DELAY_MS: '300',
  SHUTDOWN_GRACE_MS: '5000',
}

let system: System

beforeAll(async () => {
  system = await startSystem({ replicas, startedReplicas: 1, env: settings })
}, 120_000)

/** Returns how many requests a process has answered, without probes. */
const answeredBy = async (url: string): Promise<number> => {
  const { text } = await api(url).get('/metrics', { check: false })
  const samples = text.match(/^http_request_duration_seconds_count\{.*\} \d+$/gm) ?? []
  return samples.reduce((sum, sample) => sum + Number(sample.split(' ').at(-1)), 0)
}

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

/** The load does not come to every service all the time. An operator who looks at them does. */
const visitUntil = async (signal: AbortSignal) => {
  const operator = api(system.urls.gateway)
  while (!signal.aborted) {
    for (const service of servicesWithDatabase) {
      expect((await operator.get(`/acts/${service}`)).status).toBe(200)
    }
    await sleep(20)
  }
}

const connectionsTo = async (url: string): Promise<number> => {
  const name = new URL(url).pathname.slice(1)
  const [row] = await adminSql()<{ count: number }[]>`
    select count(*)::int from pg_stat_activity where datname = ${name}`
  return row?.count ?? 0
}

describe('replicas that are added while the system works', () => {
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
      thinkMs: 60,
    })
    const visits = visitUntil(ending.signal)
    try {
      for (const service of serviceNames) {
        history.mark(`${service} gets another replica`)
        await system.start(service, 1)
      }
      await eventually(
        async () => {
          const shares = await sharesOfAdded(1_500)
          // A fair share is a half.
          expect(shares.filter(({ share }) => !(share > 0.15))).toEqual([])
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

describe('a rolling restart of the whole system', () => {
  // Those that the test before it has not started.
  beforeAll(async () => {
    await Promise.all(serviceNames.map((service) => system.start(service)))
  }, 60_000)

  it('loses nothing while clients with keys place orders, and leaves no request unsettled', async () => {
    const history = createHistory()
    const ending = new AbortController()
    // It fails when repeats with the same key do not settle a request in the end.
    const load = runLoad({
      system,
      history,
      clients: 8,
      steps: 100_000,
      seed: 29,
      signal: ending.signal,
      thinkMs: 50,
    })
    const restarts: { name: string; code: number | null; told: number }[] = []
    const told = () => history.exchanges.filter(({ answer }) => answer.kind === 'told').length
    const restart = async (process: System['processes'][number]) => {
      const name = `${process.service} ${process.replica}`
      history.mark(`${name} restarts`)
      const toldBefore = told()
      const code = await process.stop()
      await process.start()
      restarts.push({ name, code, told: told() - toldBefore })
    }
    try {
      await eventually(() => expect(told()).toBeGreaterThan(100), { withinMs: 60_000 })
      // Side by side, as a cluster rolls out a release: of each service one replica at a time.
      for (let replica = 0; replica < replicas; replica += 1) {
        const those = system.processes.filter((process) => process.replica === replica)
        await Promise.all(those.map(restart))
      }
    } finally {
      ending.abort()
      await load
    }
    expect(restarts).toHaveLength(serviceNames.length * replicas)
    // Each process ended by itself within its grace period, while there was work.
    expect(restarts.filter(({ code }) => code !== 0)).toEqual([])
    expect(restarts.filter((restart) => restart.told === 0)).toEqual([])
    // A client that never repeats would hardly have noticed. But a request may meet a connection at
    // the moment when it is closed: nothing tells this round robin that a replica leaves, as
    // Kubernetes tells its proxies, and the drain is short. Without any drain there are more.
    const failed = history.exchanges.filter(({ answer }) => answer.kind === 'unknown')
    expect(failed.length).toBeLessThanOrEqual(mostUnknown)
    await checkInvariants(system, history)
  })
})
