import { beforeAll, describe, expect, it } from 'vitest'
import { administered } from '../../lab/administered.ts'
import { startSystem, type AdministeredSystem } from '../../lab/system.ts'
import { fuzz } from './run.ts'

/** Every run uses this seed. Each run also chooses and prints another one. */
const fixedSeed = 20_261_120
const drawnSeed = 1 + Math.floor(Math.random() * 999_999)

let system: AdministeredSystem
beforeAll(async () => {
  system = administered(await startSystem({ env: { LOG_LEVEL: 'error' } }))
}, 180_000)

describe('services that get requests of every kind, allowed or not, and bytes that are no HTTP', () => {
  it.each([
    ['the fixed seed', 2_500, fixedSeed],
    [`seed ${drawnSeed}`, 1_800, drawnSeed],
  ])(
    'answer as their contracts say, change nothing that they refuse, and use little memory: %s',
    async (_what, requests, seed) => {
      const report = await fuzz({ system, seed, requests, say: () => {} })
      expect(report.faults.join('\n\n'), `seed ${seed}`).toBe('')
      expect(report.sent).toBeGreaterThanOrEqual(requests)
      // The requests must reach many kinds of answers. A short run of a new seed may miss the rare
      // ones.
      const always = [200, 400, 404]
      const inMany = seed !== fixedSeed ? [] : [201, 402, 405, 409, 413, 415]
      for (const status of [...always, ...inMany]) {
        expect(report.byStatus[status] ?? 0, `answers with ${status}`).toBeGreaterThan(0)
      }
      expect(report.raw).toBeGreaterThan(requests * 0.1)
    },
    600_000,
  )
})
