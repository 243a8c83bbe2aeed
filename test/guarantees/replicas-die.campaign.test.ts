import { beforeAll, describe, expect, it, vi } from 'vitest'
import { serviceNames } from '../../src/registry.ts'
import { createHistory } from '../judge/history.ts'
import { checkInvariants } from '../judge/invariants.ts'
import { runLoad } from '../lab/load.ts'
import { startSystem, type System } from '../lab/system.ts'
import { eventually } from '../lab/wait.ts'

vi.setConfig({ testTimeout: 180_000 })

const hurried = {
  REQUEST_BUDGET_MS: '900',
  LETTER_BUDGET_MS: '500',
  CALL_TIMEOUT_MS: '400',
  LEASE_MS: '3500',
  RECOVERY_INTERVAL_MS: '200',
}

/** A busy machine needs more time. */
const patient = { withinMs: 40_000 }

let system: System

beforeAll(async () => {
  system = await startSystem({ replicas: 2, env: hurried })
}, 120_000)

describe('two replicas of every service', () => {
  it('lose nothing while each of them is killed, stopped or paused under load', async () => {
    const history = createHistory()
    const done = new AbortController()
    const disturb = async () => {
      for (const service of serviceNames) {
        const before = history.exchanges.length
        await eventually(
          () => expect(history.exchanges.length).toBeGreaterThan(before + 10),
          patient,
        )
        history.mark(`${service} 0 killed`)
        await system.kill(service, 0)
        await system.start(service, 0)
        history.mark(`${service} 0 runs again`)
      }
      system.pause('billing', 1)
      history.mark('billing 1 paused')
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      system.resume('billing', 1)
      await Promise.all(serviceNames.map((service) => system.stop(service, 1)))
      history.mark('the second replicas stopped')
      await system.stop('billing')
      history.mark('all of billing stopped')
      await system.start('billing')
      history.mark('billing runs again')
    }
    await Promise.all([
      runLoad({
        system,
        history,
        clients: 6,
        steps: 1_000,
        seed: 22,
        thinkMs: 40,
        signal: done.signal,
      }),
      disturb().finally(() => done.abort()),
    ])
    const { users } = await checkInvariants(system, history)
    expect(users.flatMap(({ orders }) => orders).length).toBeGreaterThan(20)
  })
})
