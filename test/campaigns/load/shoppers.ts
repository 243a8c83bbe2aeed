import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createActor, signUp } from '../../lab/actors.ts'
import { createHistory } from '../../judge/history.ts'
import { authorizationOf } from '../../lab/wallet.ts'
import { createWire, type Wire } from '../fuzz/wire.ts'

/**
 * Many clients. Each places one order after the other, as fast as it is served, and keeps the key
 * of an order until it knows the outcome.
 */
export interface Tally {
  readonly seconds: number
  /** Orders that were confirmed in that time. */
  readonly confirmed: number
  readonly confirmedMs: readonly number[]
  readonly refused: number
  readonly refusedMs: readonly number[]
  /** 202, 502, 504 and cut connections: the outcome is not known. */
  readonly open: number
  /** Answers that are wrong under any load. */
  readonly wrong: readonly string[]
}

interface Rhythm {
  readonly pauseMs?: number
  readonly thinkMs?: number
}

interface Order {
  readonly key: string
  readonly userId: string
  readonly price: number
}

const startBalance = 9_000_000_000_000
const patienceMs = 15_000

export const percentile = (values: readonly number[], share: number): number => {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

export const createShoppers = async (baseUrl: string, accounts = 64) => {
  const actor = createActor({ baseUrl, history: createHistory(), name: 'shopper' })
  const users: string[] = []
  while (users.length < accounts) {
    const made = await Promise.all([0, 1, 2, 3].map(() => signUp(actor, startBalance)))
    users.push(...made.map(({ id }) => id))
  }
  /** What each user shows: known before the clock starts, so that nobody signs in meanwhile. */
  const tokens = new Map<string, string>()
  const getTokens = async () => {
    const signal = AbortSignal.timeout(patienceMs)
    const asked = { method: 'POST', path: '/orders' }
    for (const userId of users) {
      const authorization = await authorizationOf(baseUrl, { ...asked, as: userId }, signal)
      tokens.set(userId, authorization ?? '')
    }
  }
  /** Orders that were sent and are not decided yet. */
  const unsettled = new Map<string, Order>()
  /** What each key was told. It must always be the same order. */
  const told = new Map<string, string>()

  const newOrder = (): Order => ({
    key: randomUUID(),
    userId: users[Math.floor(Math.random() * users.length)]!,
    price: 1 + Math.floor(Math.random() * 10_000),
  })

  const post = async (wire: Wire, { key, userId, price }: Order) => {
    const { status, headers, body } = await wire.send({
      method: 'POST',
      path: '/orders',
      headers: [
        ['content-type', 'application/json'],
        ['idempotency-key', key],
        ['authorization', tokens.get(userId) ?? ''],
      ],
      body: Buffer.from(JSON.stringify({ userId, price })),
    })
    return { status, headers, text: body.toString('utf8') }
  }

  /** Makes one attempt. Returns whether the order is decided. */
  const attempt = async (
    wire: Wire,
    order: Order,
    tally: { -readonly [Key in keyof Tally]: Tally[Key] },
  ) => {
    const startMs = performance.now()
    unsettled.set(order.key, order)
    try {
      const { status, headers, text } = await post(wire, order)
      const ms = performance.now() - startMs
      if (status === 201) {
        const before = told.get(order.key)
        if (before !== undefined && before !== text) {
          ;(tally.wrong as string[]).push(`key ${order.key} was told ${before} and then ${text}`)
        }
        told.set(order.key, text)
        unsettled.delete(order.key)
        tally.confirmed += 1
        ;(tally.confirmedMs as number[]).push(ms)
        return true
      }
      if (
        status === 503 &&
        headers['retry-after'] !== undefined &&
        text.includes('"code":"overloaded"')
      ) {
        tally.refused += 1
        ;(tally.refusedMs as number[]).push(ms)
        return false
      }
      tally.open += 1
      const mayBe = [202, 502, 503, 504].includes(status) && headers['retry-after'] !== undefined
      if (!mayBe) (tally.wrong as string[]).push(`${status} ${text}`)
    } catch {
      tally.open += 1
    }
    return false
  }

  /**
   * Runs so many clients for so long. A refused client comes back after about `pauseMs`, and one
   * that was served thinks for about `thinkMs`.
   */
  const run = async (
    clients: number,
    seconds: number,
    { pauseMs = 1_000, thinkMs = 0 }: Rhythm = {},
  ): Promise<Tally> => {
    await getTokens()
    const wire = createWire(baseUrl, patienceMs)
    const tally = {
      seconds,
      confirmed: 0,
      confirmedMs: [],
      refused: 0,
      refusedMs: [],
      open: 0,
      wrong: [],
    }
    const untilMs = performance.now() + seconds * 1_000
    const client = async () => {
      // The clients must not all start in the same millisecond.
      await sleep(Math.random() * Math.min(pauseMs, clients))
      let order = newOrder()
      while (performance.now() < untilMs) {
        const isServed = await attempt(wire, order, tally)
        if (isServed) order = newOrder()
        const aboutMs = isServed ? thinkMs : pauseMs
        if (aboutMs === 0) continue
        const leftMs = Math.max(untilMs - performance.now(), 0)
        await sleep(Math.min(aboutMs * (0.5 + Math.random()), leftMs))
      }
    }
    await Promise.all(Array.from({ length: clients }, client))
    wire.close()
    return tally
  }

  /** Repeats each order until it is decided. */
  const settle = async (
    withinMs: number,
  ): Promise<{ readonly settled: number; readonly wrong: readonly string[] }> => {
    await getTokens()
    const wire = createWire(baseUrl, patienceMs)
    const orders = [...unsettled.values()]
    const tally = {
      seconds: 0,
      confirmed: 0,
      confirmedMs: [],
      refused: 0,
      refusedMs: [],
      open: 0,
      wrong: [] as string[],
    }
    const untilMs = performance.now() + withinMs
    const queue = [...orders]
    const client = async () => {
      for (let order = queue.shift(); order; order = queue.shift()) {
        while (!(await attempt(wire, order, tally))) {
          if (performance.now() > untilMs) throw new Error(`order ${order.key} was never decided`)
          await sleep(200)
        }
      }
    }
    await Promise.all(Array.from({ length: 16 }, client))
    wire.close()
    return { settled: orders.length, wrong: tally.wrong }
  }

  return { run, settle, countTold: () => told.size }
}

export type Shoppers = Awaited<ReturnType<typeof createShoppers>>
