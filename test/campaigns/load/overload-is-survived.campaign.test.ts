import { beforeAll, describe, expect, it } from 'vitest'
import { overload } from './overload-run.ts'
import { machineSlowness } from './resources.ts'
import { administered } from '../../lab/administered.ts'
import { startSystem, type System } from '../../lab/system.ts'

/** Few places make an overload cheap. `npm run test:overload` uses the default limits. */
const places = 24

let system: System
beforeAll(async () => {
  system = await startSystem({
    env: { MAX_CONCURRENT_REQUESTS: String(places), LOG_LEVEL: 'error' },
  })
}, 180_000)

describe('five times more clients than there are places', () => {
  it('are served or told to come back, and what they began is neither lost nor done twice', async () => {
    const said: string[] = []
    const report = await overload({
      system: administered(system),
      places,
      rounds: 1,
      // A client that is refused comes back after a second or two: each does so in this time.
      seconds: 3,
      warmUpSeconds: 2,
      calmSeconds: 1,
      accounts: 16,
      // Other tests use the same cores.
      slowness: Math.max(4, machineSlowness()),
      say: (line) => said.push(line),
    })
    expect(report.faults.join('\n'), said.join('\n')).toBe('')
    expect(report.refused).toBeGreaterThan(places)
    expect(report.orders).toBeGreaterThan(0)
    expect(report.bookings).toBeGreaterThan(0)
    // The command asks for 80 %, but it measures longer.
    expect(Math.max(report.share, report.cpuShare), said.join('\n')).toBeGreaterThan(0.5)
  }, 300_000)
})
