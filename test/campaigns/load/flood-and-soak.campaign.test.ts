import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { flood, type Attack } from './flood-run.ts'
import { machineSlowness } from './resources.ts'
import { createShoppers, type Shoppers } from './shoppers.ts'
import { soak } from './soak-run.ts'
import { startOwnSystem, type OwnSystem } from '../../lab/system.ts'

/** The worst attacks of `npm run test:flood`, half as large and only for a few seconds. */
const attacks: readonly (Attack & { readonly mostGrownMb: number })[] = [
  { kind: 'half bodies', connections: 1_500, mostGrownMb: 70 },
  { kind: 'unread answers', connections: 40, mostGrownMb: 100 },
]

let system: OwnSystem
beforeAll(async () => {
  system = await startOwnSystem({ env: { LOG_LEVEL: 'fatal' } })
}, 180_000)
afterAll(async () => {
  await system.close()
}, 60_000)

describe('while one client floods the gateway', () => {
  let shoppers: Shoppers
  beforeAll(async () => {
    shoppers = await createShoppers(system.urls.gateway, { accounts: 8 })
    await shoppers.run(8, 2)
  }, 120_000)

  it.each(attacks)(
    '$connections x $kind: the others are served, and it stays small',
    async ({ mostGrownMb, ...attack }) => {
      const said: string[] = []
      const report = await flood({
        system,
        shoppers,
        attack,
        // The attack is there within half a second: what it takes, it has taken by then.
        seconds: 3,
        calmSeconds: 1,
        thinkMs: 60,
        // Other tests use the same cores.
        slowness: Math.max(4, machineSlowness()),
        say: (line) => said.push(line),
      })
      expect(report.servedShare, said.join('\n')).toBeGreaterThan(0.95)
      expect(report.grownMb, said.join('\n')).toBeLessThan(mostGrownMb)
      expect(report.backAfterMs, said.join('\n')).toBeLessThan(10_000 * 2)
    },
    120_000,
  )
})

describe('a short soak', () => {
  it('under mixed load, with a kill every few seconds, keeps all invariants and does not grow', async () => {
    const said: string[] = []
    const report = await soak({
      system,
      minutes: 0.3,
      seed: 4,
      clients: 4,
      killEveryMs: 4_000,
      // A pace at which one leak in ten requests would still be seen between two thirds of the time.
      thinkMs: 40,
      say: (line) => said.push(line),
    })
    expect(report.faults.join('\n'), said.join('\n')).toBe('')
    expect(report.kills + report.cuts).toBeGreaterThan(0)
    expect(report.waves).toBeGreaterThan(0)
    expect(report.orders).toBeGreaterThan(20)
  }, 400_000)
})
