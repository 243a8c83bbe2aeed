import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { soak } from './soak-run.ts'
import { startOwnSystem, type OwnSystem } from '../../lab/system.ts'

let system: OwnSystem
beforeAll(async () => {
  system = await startOwnSystem({ env: { LOG_LEVEL: 'fatal' } })
}, 180_000)
afterAll(async () => {
  await system.close()
}, 60_000)

describe('a short soak', () => {
  it('under mixed load, with a kill every few seconds, keeps all invariants and does not grow', async () => {
    const said: string[] = []
    const report = await soak({
      system,
      minutes: 0.4,
      seed: 4,
      clients: 4,
      killEveryMs: 5_000,
      say: (line) => said.push(line),
    })
    expect(report.faults.join('\n'), said.join('\n')).toBe('')
    expect(report.kills + report.cuts).toBeGreaterThan(0)
    expect(report.waves).toBeGreaterThan(0)
    expect(report.orders).toBeGreaterThan(20)
  }, 400_000)
})
