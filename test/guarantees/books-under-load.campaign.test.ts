import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import { createShoppers } from '../campaigns/load/shoppers.ts'
import { untilAtRest } from '../judge/audit.ts'
import { auditBooks, booksComplaint } from '../judge/books.ts'
import { createHistory } from '../judge/history.ts'
import { administered } from '../lab/administered.ts'
import { runLoad } from '../lab/load.ts'
import { startSystem, type System } from '../lab/system.ts'

/** Leases that end while the test runs. */
const env = {
  CALL_TIMEOUT_MS: 500,
  REQUEST_BUDGET_MS: 1_000,
  LETTER_BUDGET_MS: 500,
  LEASE_MS: 2_500,
  HOLD_MS: 2_500,
  LOG_LEVEL: 'error',
}
const seconds = 40

let system: System
beforeAll(async () => {
  system = await startSystem({ env })
}, 180_000)

it('the books are fine at every moment, while many buy, book, change and cancel, and services die', async () => {
  const ending = new AbortController()
  const shoppers = await createShoppers(system.urls.gateway, { accounts: 16, bookingShare: 0.3 })
  const history = createHistory()
  const load = [
    shoppers.run(8, seconds),
    runLoad({ system, history, clients: 6, steps: 1e6, seed: 7, signal: ending.signal }),
  ]
  const faults = async () => {
    for (const service of ['notification', 'billing', 'order', 'booking'] as const) {
      await sleep(5_000)
      await system.kill(service)
      await sleep(2_000)
      await system.start(service)
    }
  }
  const verdicts: string[] = []
  const audits = async () => {
    while (!ending.signal.aborted) {
      const verdict = await auditBooks(system.databases, { leaseMs: env.LEASE_MS })
      verdicts.push(booksComplaint(verdict) ?? 'fine')
    }
  }
  const auditing = audits()
  await faults()
  await load[0]
  ending.abort()
  await Promise.all([...load, auditing])
  expect(verdicts.filter((verdict) => verdict !== 'fine')).toEqual([])
  expect(verdicts.length).toBeGreaterThan(3)
  await untilAtRest(administered(system).postgres)
  const atRest = await auditBooks(system.databases, { leaseMs: env.LEASE_MS })
  expect(booksComplaint(atRest)).toBeUndefined()
  expect(atRest.rows['bookings-fit']).toBeGreaterThan(0)
  expect(atRest.rows['changes-fit']).toBeGreaterThan(0)
}, 300_000)
