import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { metricIn } from '../../../test/lab/metrics.ts'
import {
  openAccount,
  sharedBudgets,
  startWithBilling,
  type WithBilling,
} from '../../../test/lab/service.ts'
import { eventually } from '../../../test/lab/wait.ts'

let system: WithBilling
let userId: string
beforeAll(async () => {
  system = await startWithBilling('order', sharedBudgets)
  userId = await openAccount(system.billing, 10_000)
})

const place = (price: number) => system.service.api.post('/orders', { userId, price })
const seen = (name: string, labels: Readonly<Record<string, string>> = {}) =>
  metricIn(system.service.metrics, name, labels)
const decided = (state: string, reason = '') =>
  seen('saga_decisions_total', { saga: 'orders', state, reason })

const figures = async () => ({
  undecided: await seen('saga_oldest_undecided_seconds', { saga: 'orders' }),
  letter: await seen('saga_oldest_owed_letter_seconds', { saga: 'orders' }),
  pending: await seen('saga_open_rows', { saga: 'orders', state: 'PENDING' }),
  approved: await seen('saga_open_rows', { saga: 'orders', state: 'APPROVED' }),
})

describe('the metrics of orders', () => {
  it('tell of nothing when nothing is open, with every series there is', async () => {
    expect(await figures()).toEqual({ undecided: 0, letter: 0, pending: 0, approved: 0 })
    expect(await seen('recovery_lag_seconds', { saga: 'order_changes' })).toBe(0)
    expect(await decided('APPROVED')).toBe(0)
    expect(await decided('REJECTED', 'insufficient-funds')).toBe(0)
  })

  it('tell how long the oldest order has been undecided, and the oldest letter owed', async () => {
    system.toBilling.behave('refuse')
    expect((await place(100)).status).toBe(202)
    await sleep(300)
    await eventually(async () => {
      const { undecided, letter, pending } = await figures()
      expect(pending).toBe(1)
      expect(undecided).toBeGreaterThan(0.3)
      expect(undecided).toBeLessThan(10)
      expect(letter).toBe(0)
    })
    system.toNotification.behave('refuse')
    system.toBilling.behave('forward')
    await eventually(async () => {
      const { undecided, letter, pending, approved } = await figures()
      expect([undecided, pending, approved]).toEqual([0, 0, 1])
      expect(letter).toBeGreaterThan(0)
    })
    system.toNotification.behave('forward')
    await eventually(async () =>
      expect(await figures()).toEqual({ undecided: 0, letter: 0, pending: 0, approved: 0 }),
    )
    expect(await seen('recovery_claim_delay_seconds', { saga: 'orders' })).toBeDefined()
    expect(
      await seen('recovery_rounds_total', { saga: 'orders', outcome: 'finished' }),
    ).toBeGreaterThan(1)
  })

  it('count each decision once, with its reason', async () => {
    const before = (await decided('APPROVED')) ?? 0
    await place(100)
    await place(1_000_000)
    expect(await decided('APPROVED')).toBe(before + 1)
    expect(await decided('REJECTED', 'insufficient-funds')).toBe(1)
  })

  it('say that the database is away, in time, and then nothing that they do not know', async () => {
    const { admin, url } = system.database
    const name = new URL(url).pathname.slice(1)
    expect(await seen('database_up')).toBe(1)
    await admin.unsafe(`alter database ${name} connection limit 0`)
    await system.database.killConnections()
    await eventually(async () => {
      expect(await seen('database_up')).toBe(0)
      expect(await seen('saga_open_rows')).toBeUndefined()
      expect(await seen('saga_oldest_undecided_seconds')).toBeUndefined()
    })
    const startedAtMs = performance.now()
    const { status, body } = await system.service.api.get('/metrics')
    expect(performance.now() - startedAtMs).toBeLessThan(2_500)
    expect([status, body]).toEqual([200, expect.stringContaining('database_up{service="order"} 0')])
    await admin.unsafe(`alter database ${name} connection limit -1`)
    await eventually(async () => expect(await seen('database_up')).toBe(1))
    await eventually(async () => expect((await figures()).pending).toBe(0))
  })

  it('answer in time when the database hangs, and count who waits for it', async () => {
    const holder = await system.database.sql.reserve()
    await holder`begin`
    await holder`lock table orders in access exclusive mode`
    const waiting = Array.from({ length: 12 }, () =>
      system.service.api.get(`/orders?userId=${userId}`),
    )
    // The reading of the figures before serves for a second.
    await sleep(1_100)
    const startedAtMs = performance.now()
    const { body } = await system.service.api.get('/metrics')
    expect(performance.now() - startedAtMs).toBeLessThan(2_500)
    expect(body).not.toMatch(/^saga_open_rows\{saga="orders"/m)
    expect(body).toMatch(/^saga_table_readable\{saga="orders"[^}]*\} 0$/m)
    expect(await seen('database_statements_waiting')).toBeGreaterThan(0)
    expect(await seen('database_pool_connections_in_use')).toBe(
      await seen('database_pool_connections'),
    )
    await holder`commit`
    holder.release()
    await Promise.all(waiting)
    await eventually(async () => expect((await figures()).pending).toBe(0))
    expect(await seen('database_statements_waiting')).toBe(0)
    const waits = await system.service.metrics.registry
      .getSingleMetric('database_statement_wait_seconds')
      ?.get()
    expect(waits?.values.find(({ labels }) => !('le' in labels))?.value).toBeGreaterThan(0.5)
  })
})
