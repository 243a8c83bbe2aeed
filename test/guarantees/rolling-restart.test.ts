import { beforeAll, describe, expect, it, vi } from 'vitest'
import { serviceNames } from '../../src/registry.ts'
import { createHistory } from '../judge/history.ts'
import { checkInvariants } from '../judge/invariants.ts'
import { runLoad } from '../lab/load.ts'
import { startSystem, type System } from '../lab/system.ts'
import { eventually } from '../lab/wait.ts'

vi.setConfig({ testTimeout: 180_000 })

/** As in the manifests, but shorter: 10 processes restart, one after the other. */
const settings = { DRAIN_DELAY_MS: '300', SHUTDOWN_GRACE_MS: '5000' }
const replicas = 2

describe('a rolling restart of the whole system', () => {
  let system: System

  beforeAll(async () => {
    system = await startSystem({ replicas, env: settings })
  }, 120_000)

  it('loses nothing while clients with keys place orders, and leaves no request unsettled', async () => {
    const history = createHistory()
    const ending = new AbortController()
    // It fails when repeats with the same key do not settle a request in the end.
    const load = runLoad({
      system,
      history,
      clients: 12,
      steps: 100_000,
      seed: 29,
      signal: ending.signal,
      thinkMs: 2,
    })
    const restarts: { name: string; code: number | null; told: number }[] = []
    const told = () => history.exchanges.filter(({ answer }) => answer.kind === 'told').length
    try {
      await eventually(() => expect(told()).toBeGreaterThan(100), { withinMs: 60_000 })
      for (const service of serviceNames) {
        for (const process of system.processes.filter((one) => one.service === service)) {
          const name = `${service} ${process.replica}`
          history.mark(`${name} restarts`)
          const toldBefore = told()
          const code = await process.stop()
          await process.start()
          restarts.push({ name, code, told: told() - toldBefore })
        }
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
    // Kubernetes tells its proxies, and the drain is short.
    const failed = history.exchanges.filter(({ answer }) => answer.kind === 'unknown')
    expect(failed.length).toBeLessThanOrEqual(restarts.length)
    await checkInvariants(system, history)
  })
})
