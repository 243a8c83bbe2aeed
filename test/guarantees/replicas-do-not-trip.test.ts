import postgres from 'postgres'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { Order } from '../../src/services/order/contract.ts'
import { cancel, createActor, newKey, newOrder, signUp, toldIn, type Actor } from '../lab/actors.ts'
import { createHistory, type History } from '../judge/history.ts'
import { api } from '../lab/http.ts'
import { checkInvariants } from '../judge/invariants.ts'
import { runLoad } from '../lab/load.ts'
import { startSystem, type System } from '../lab/system.ts'
import { eventually } from '../lab/wait.ts'

vi.setConfig({ testTimeout: 180_000 })

const leaseMs = 3_500
const hurried = {
  REQUEST_BUDGET_MS: '900',
  LETTER_BUDGET_MS: '500',
  CALL_TIMEOUT_MS: '400',
  LEASE_MS: String(leaseMs),
  RECOVERY_INTERVAL_MS: '200',
}

let system: System

const actorIn = (history: History): Actor => createActor({ baseUrl: system.urls.gateway, history })

const urlOf = (service: string, replica: number) => {
  const found = system.processes.find(
    (process) => process.service === service && process.replica === replica,
  )
  if (found === undefined) throw new Error(`there is no replica ${replica} of ${service}`)
  return found.url
}

/** Returns how many rows recovery has taken from requests, over all replicas. */
const recoveredRows = async () => {
  const counts = await Promise.all(
    system.processes
      .filter(({ service }) => service !== 'gateway')
      .map(async ({ url }) => {
        const { text } = await api(url).get('/metrics', { check: false })
        const samples = text.match(/^recovery_rows_total\{.*\} \d+$/gm) ?? []
        return samples.reduce((sum, sample) => sum + Number(sample.split(' ').at(-1)), 0)
      }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

beforeAll(async () => {
  system = await startSystem({ replicas: 2, env: hurried })
}, 120_000)

describe('two replicas of every service', () => {
  it('serve a crowd of clients together, and recovery leaves live requests alone', async () => {
    const history = createHistory()
    await runLoad({ system, history, clients: 8, steps: 20, seed: 21 })
    const { users } = await checkInvariants(system, history)
    const orders = users.flatMap((user) => user.orders).length
    expect(orders).toBeGreaterThan(20)
    // On a busy machine a request may be stopped for longer than its lease: then recovery is right
    // to take its row. If recovery ignored leases, it would take most rows.
    expect(await recoveredRows()).toBeLessThanOrEqual(Math.floor(orders / 10))
  })

  it('do a request once when it reaches both of them at the same moment', async () => {
    const history = createHistory()
    const actor = actorIn(history)
    const user = await signUp(actor, 1_000_000)
    const at = [0, 1].map((replica) => api(urlOf('order', replica)))
    for (const price of [10_007, 20_011, 30_011, 9_000_011]) {
      const key = newKey()
      const body = { userId: user.id, price }
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, index) => at[index % 2]!.post('/orders', body, { key })),
      )
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
      const news = answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined)
      expect(news).toHaveLength(1)
    }
    expect((await actor.account(user.id)).balance).toBe(1_000_000 - 60_029)
    await checkInvariants(system, history)
  })

  it('take over from each other when one hangs past its lease, and it does no harm when it wakes up', async () => {
    const history = createHistory()
    const actor = actorIn(history)
    const user = await signUp(actor, 100_000)
    const hanging = createActor({
      baseUrl: urlOf('order', 0),
      history,
      name: 'at-the-hanging-replica',
      attemptTimeoutMs: leaseMs + 10_000,
    })
    // The replica sleeps in the middle of its call to billing, which hangs as long.
    system.pause('billing')
    const request = newOrder(user.id, 40_009)
    const sent = hanging.attempt(request)
    const placed = await eventually(async () => {
      const [order] = await actor.orders(user.id)
      expect(order?.status).toBe('PENDING')
      return order!
    })
    system.pause('order', 0)
    history.mark('order replica 0 paused')
    system.resume('billing')

    await eventually(async () => expect((await actor.order(placed.id)).status).toBe('APPROVED'), {
      withinMs: leaseMs + 10_000,
    })
    // The test sees the decision before the letter that follows it.
    await eventually(async () =>
      expect((await actor.lettersAbout(placed.id)).map(({ kind }) => kind)).toEqual([
        'ORDER_APPROVED',
      ]),
    )
    system.resume('order', 0)
    history.mark('order replica 0 resumed')
    expect([201, 202]).toContain(toldIn(await sent).status)
    expect((await actor.decided(request)).status).toBe(201)
    await checkInvariants(system, history)
    expect((await actor.account(user.id)).balance).toBe(59_991)
  })

  it('try what is owed no more often than one replica would', async () => {
    const history = createHistory()
    const actor = actorIn(history)
    const user = await signUp(actor, 100_000)
    await system.stop('notification')
    const placed = await Promise.all(
      [1_009, 2_003, 3_001, 4_001].map((price) => actor.decided<Order>(newOrder(user.id, price))),
    )
    const awayMs = 2_500
    await new Promise((resolve) => setTimeout(resolve, awayMs))
    await system.start('notification')
    await checkInvariants(system, history)
    for (const { body } of placed) {
      const { timeline } = await actor.order(body.id)
      const tries = timeline.filter(({ step }) => step === 'letter')
      // Pauses of 0.25, 0.5, 1 and 2 s: more tries would mean that replicas ignore each other.
      expect(tries.length).toBeGreaterThan(1)
      expect(tries.length).toBeLessThanOrEqual(8)
      expect(new Set(tries.map(({ attempt }) => attempt)).size).toBe(tries.length)
    }
  })

  it('tell every client that cancels that it is cancelled, also one that waited for a lock', async () => {
    const history = createHistory()
    const actor = actorIn(history)
    const user = await signUp(actor, 100_000)
    const place = async (price: number) =>
      (await actor.decided<Order>(newOrder(user.id, price))).body.id
    const [gate, neighbour, target] = [await place(1_009), await place(2_003), await place(3_001)]
    const late = createActor({ baseUrl: urlOf('order', 0), history, name: 'late' })
    const early = createActor({ baseUrl: urlOf('order', 1), history, name: 'early' })
    const sql = postgres(system.databases.order!, { max: 3 })
    const someoneWaitsForALock = () =>
      eventually(async () => {
        const [row] = await sql<{ count: number }[]>`
          select count(*)::int from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`
        expect(row?.count).toBeGreaterThan(0)
      })
    const holdLock = async (orderId: string) => {
      const connection = await sql.reserve()
      await connection`begin`
      await connection`select from orders where id = ${orderId} for update`
      return async () => {
        await connection`rollback`
        connection.release()
      }
    }

    // One statement waits, so that the next two requests share the statement after it.
    const openGate = await holdLock(gate)
    const freeNeighbour = await holdLock(neighbour)
    const waiting = [late.attempt(cancel(gate))]
    await someoneWaitsForALock()
    waiting.push(late.attempt(cancel(neighbour)), late.attempt(cancel(target)))
    await new Promise((resolve) => setTimeout(resolve, 200))
    await openGate()
    await waiting[0]
    // That statement waits for the neighbour, while another replica cancels the target.
    await someoneWaitsForALock()
    const first = await early.decided<Order>(cancel(target))
    await freeNeighbour()
    await sql.end()

    const told = (await Promise.all(waiting)).map(toldIn)
    expect(told.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(told[2]).toMatchObject({ replayed: true, body: first.body })
    await checkInvariants(system, history)
  })
})
