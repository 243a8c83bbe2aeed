import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { flood, type Attack } from './flood-run.ts'
import { machineSlowness } from './resources.ts'
import { createShoppers, type Shoppers } from './shoppers.ts'
import { startOwnSystem, type OwnSystem } from '../../lab/system.ts'

/** The worst attacks of `npm run test:flood`, half as large and only for a few seconds. */
const attacks: readonly (Attack & { readonly mostGrownMb: number })[] = [
  { kind: 'half bodies', connections: 1_500, mostGrownMb: 70 },
  { kind: 'unread answers', connections: 40, mostGrownMb: 100 },
]

let system: OwnSystem
let shoppers: Shoppers
beforeAll(async () => {
  system = await startOwnSystem()
  shoppers = await createShoppers(system.urls.gateway)
  await shoppers.run(8, 2)
}, 180_000)
afterAll(async () => {
  await system.close()
}, 60_000)

describe('while one client floods the gateway', () => {
  it.each(attacks)(
    '$connections x $kind: the others are served, and it stays small',
    async ({ mostGrownMb, ...attack }) => {
      const said: string[] = []
      const report = await flood({
        system,
        shoppers,
        attack,
        seconds: 4,
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
