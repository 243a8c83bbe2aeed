import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Order } from '../../src/services/order/contract.ts'
import {
  cancel,
  createActor,
  deposit,
  newOrder,
  reprice,
  signUp,
  toldIn,
  withdrawal,
  type Actor,
  type Reply,
  type Request,
} from '../lab/actors.ts'
import type { UserFacts } from '../judge/facts.ts'
import { createHistory, type History } from '../judge/history.ts'
import { checkInvariants } from '../judge/invariants.ts'
import { startSystem, type System } from '../lab/system.ts'

vi.setConfig({ testTimeout: 120_000 })

let system: System
let history: History

const actorNamed = (name: string): Actor =>
  createActor({ baseUrl: system.urls.gateway, history, name })

/** Sends all requests at once, each by its own client, until each client knows the end. */
const allAtOnce = (requests: readonly Request[]): Promise<Reply<unknown>[]> =>
  Promise.all(requests.map((request, index) => actorNamed(`racer-${index}`).decided(request)))

const countOf = (replies: readonly { readonly status: number }[], status: number) =>
  replies.filter((reply) => reply.status === status).length

const factsOf = async (userId: string): Promise<UserFacts> => {
  const { users } = await checkInvariants(system, history)
  const found = users.find((user) => user.userId === userId)
  if (found === undefined) throw new Error(`nothing is known of user ${userId}`)
  return found
}

const startBalance = 10_000_000

const userWithOrder = async (price: number) => {
  const owner = actorNamed('owner')
  const user = await signUp(owner, startBalance)
  const { status, body } = await owner.decided<Order>(newOrder(user.id, price))
  expect(status).toBe(201)
  return { owner, user, order: body }
}

beforeAll(async () => {
  system = await startSystem()
})

beforeEach(() => {
  history = createHistory()
})

describe('changes of one order', () => {
  it.each([8, 32])(
    'may be %i new prices at once: all are settled, one after the other',
    async (racers) => {
      const { user, order } = await userWithOrder(500_009)
      const prices = Array.from({ length: racers }, (_, index) => 1_000 * 3 ** (index % 8) + index)
      const replies = await allAtOnce(prices.map((price) => reprice(order.id, price)))
      expect(countOf(replies, 200)).toBe(racers)
      const { account, orders } = await factsOf(user.id)
      const [now] = orders
      expect(prices).toContain(now?.price)
      expect(now?.changes).toHaveLength(racers)
      expect(account?.balance).toBe(startBalance - now!.price)
    },
  )

  it.each([8, 32])('may be %i cancellations at once: the money comes back once', async (racers) => {
    const { user, order } = await userWithOrder(700_001)
    const replies = await allAtOnce(Array.from({ length: racers }, () => cancel(order.id)))
    expect(countOf(replies, 200)).toBe(racers)
    expect(new Set(replies.map(({ body }) => JSON.stringify(body))).size).toBe(1)
    expect(replies.filter(({ replayed }) => !replayed)).toHaveLength(1)
    const { account, operations, letters } = await factsOf(user.id)
    expect(account?.balance).toBe(startBalance)
    expect(operations.filter(({ kind }) => kind === 'REFUND')).toHaveLength(1)
    expect(letters.filter(({ kind }) => kind === 'ORDER_CANCELLED')).toHaveLength(1)
  })

  it.each([8, 32])(
    'may be %i new prices and cancellations in a race: who loses it changes nothing',
    async (racers) => {
      const { owner, user, order } = await userWithOrder(300_007)
      const requests = Array.from({ length: racers }, (_, index) => {
        if (index % 4 === 3) return cancel(order.id)
        // Some cost more than the account holds, so refusals race as well.
        const price = index % 4 === 2 ? startBalance + 1_000_003 + index : 100_003 * (index + 1)
        return reprice(order.id, price)
      })
      // Each is sent twice at once, as by an impatient client that races with itself.
      const replies = await allAtOnce(requests.flatMap((request) => [request, request]))
      for (const [index, request] of requests.entries()) {
        const [one, other] = [replies[2 * index], replies[2 * index + 1]]
        expect({ request, status: one?.status }).toEqual({ request, status: other?.status })
      }
      expect(countOf(replies, 200)).toBeGreaterThanOrEqual(racers / 2)
      const { account } = await factsOf(user.id)
      expect((await owner.order(order.id)).status).toBe('CANCELLED')
      expect(account?.balance).toBe(startBalance)
    },
  )

  it('wait for each other with 409, and the one that was refused can be sent again', async () => {
    const { user, order } = await userWithOrder(900_001)
    const racer = actorNamed('hasty')
    const requests = Array.from({ length: 16 }, (_, index) => reprice(order.id, 50_021 + index))
    const attempts = await Promise.all(requests.map((request) => racer.attempt(request)))
    const told = attempts.map(toldIn)
    expect(countOf(told, 200)).toBeGreaterThan(0)
    for (const { status, comeBack, body } of told) {
      if (status === 200 || status === 202) continue
      const { code } = body as { code: string }
      expect({ status, comeBack, code }).toEqual({
        status: 409,
        comeBack: true,
        code: 'change-in-progress',
      })
    }
    const before = (await factsOf(user.id)).orders[0]?.changes.length
    expect(before).toBe(countOf(told, 200) + countOf(told, 202))
    const replies = await allAtOnce(requests)
    expect(countOf(replies, 200)).toBe(requests.length)
    expect((await factsOf(user.id)).orders[0]?.changes).toHaveLength(requests.length)
  })
})

describe('one account', () => {
  it('keeps every unit when 32 deposits, withdrawals and orders come at once, each three times', async () => {
    // Enough for every withdrawal (28,171) and any one order, but not for all requests (53,296),
    // even with all deposits (13,420). So in any order an order is paid and something is refused.
    const startBalance = 32_000
    const user = await signUp(actorNamed('owner'), startBalance)
    const requests = Array.from({ length: 32 }, (_, index) => {
      const amount = 1_009 + 97 * index
      if (index % 3 === 0) return deposit(user.id, 500 + 48 * index)
      return index % 3 === 1 ? withdrawal(user.id, amount) : newOrder(user.id, amount)
    })
    const replies = await allAtOnce(requests.flatMap((request) => [request, request, request]))
    const statuses = new Set<number>()
    let balance = startBalance
    for (const [index, { path, body }] of requests.entries()) {
      const [one, two, three] = replies.slice(3 * index, 3 * index + 3)
      expect([two?.status, three?.status]).toEqual([one?.status, one?.status])
      expect([two?.body, three?.body]).toEqual([one?.body, one?.body])
      statuses.add(one!.status)
      if (one!.status === 402) continue
      const { amount = 0, price = 0 } = body as { amount?: number; price?: number }
      balance += path.endsWith('/deposit') ? amount : -(amount + price)
    }
    expect(statuses).toContain(402)
    expect(statuses).toContain(201)
    const { account } = await factsOf(user.id)
    expect(account?.balance).toBe(balance)
  })

  it('is emptied once when 32 clients want all of it', async () => {
    const user = await signUp(actorNamed('owner'), 77_777)
    const requests = Array.from({ length: 32 }, (_, index) =>
      index % 2 === 0 ? withdrawal(user.id, 77_777) : newOrder(user.id, 77_777),
    )
    const replies = await allAtOnce(requests)
    expect(countOf(replies, 402)).toBe(31)
    const { account, operations } = await factsOf(user.id)
    expect(account?.balance).toBe(0)
    expect(operations).toHaveLength(2)
  })
})

describe('many accounts', () => {
  it('keep their money apart when all of them are busy at once', async () => {
    const owner = actorNamed('owner')
    const users = await Promise.all(Array.from({ length: 8 }, () => signUp(owner, 100_000)))
    const requests = users.flatMap(({ id }, user) =>
      Array.from({ length: 6 }, (_, index) => {
        const amount = 5_003 + 1_000 * user + 13 * index
        return index % 2 === 0 ? newOrder(id, amount) : deposit(id, amount)
      }),
    )
    const replies = await allAtOnce(requests)
    expect(countOf(replies, 200) + countOf(replies, 201)).toBe(requests.length)
    for (const [user, { id }] of users.entries()) {
      const added = [1, 3, 5].reduce((sum, index) => sum + 5_003 + 1_000 * user + 13 * index, 0)
      const spent = [0, 2, 4].reduce((sum, index) => sum + 5_003 + 1_000 * user + 13 * index, 0)
      expect((await owner.account(id)).balance).toBe(100_000 + added - spent)
    }
    await checkInvariants(system, history)
  })
})
