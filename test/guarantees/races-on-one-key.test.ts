import fc from 'fast-check'
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Account, Operation } from '../../src/services/billing/contract-schemas.ts'
import type { Order, OrderDetails } from '../../src/services/order/contract.ts'
import type { Api, ApiResponse } from '../lab/http.ts'
import { openAccount, startWithBilling, type WithBilling } from '../lab/service.ts'
import type { Behaviour } from '../lab/upstream.ts'
import { eventually } from '../lab/wait.ts'

/**
 * Sends the same request 2, 8, 32 and 128 times at once to two replicas whose link to billing loses
 * answers, while recovery takes up what requests leave. The judge is the simplest ledger: a number
 * in memory.
 */
vi.setConfig({ testTimeout: 120_000 })

/** Leases end while requests still work, so that recovery races with them. */
const shortLeases = {
  CALL_TIMEOUT_MS: '400',
  REQUEST_BUDGET_MS: '500',
  LETTER_BUDGET_MS: '100',
  LEASE_MS: '601',
  RECOVERY_INTERVAL_MS: '20',
}
const crowds = [2, 8, 32, 128]
const startBalance = 1_000_000
/** Billing does its work, but every third answer of it is lost. */
const lossy: readonly [Behaviour, ...Behaviour[]] = ['forward', 'forward', 'drop-answer']

let system: WithBilling
let orderReplicas: Api[]
let billing: Api
let userId: string

beforeAll(async () => {
  system = await startWithBilling('order', shortLeases)
  orderReplicas = [system.service.api, (await system.startReplica()).api]
  billing = system.billing.api
})

beforeEach(async () => {
  system.toBilling.behave('forward')
  userId = await openAccount(system.billing, startBalance)
})

const orders = (index: number) => orderReplicas[index % 2]!
const times = <Result>(count: number, make: (index: number) => Promise<Result>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)))

const loseAnswers = (count: number) => {
  const plan = Array.from({ length: count }, () => lossy).flat()
  system.toBilling.behave(plan[0]!, ...plan.slice(1), 'forward')
}

/** Repeats a request until it is told how it ended, like a client that keeps its key. */
const repeatUntilTold = async (send: () => Promise<ApiResponse>): Promise<ApiResponse> =>
  eventually(
    async () => {
      const answer = await send()
      if (answer.status >= 500 || answer.headers['retry-after'] !== undefined) {
        throw new Error(`still ${answer.status}: ${answer.text}`)
      }
      return answer
    },
    { withinMs: 60_000, everyMs: 30 },
  )

const detailsOf = async (id: string) => (await orders(0).get<OrderDetails>(`/orders/${id}`)).body

const atRest = (id: string): Promise<OrderDetails> =>
  eventually(async () => {
    const order = await detailsOf(id)
    const open = order.changes.filter(({ status }) => status === 'PENDING').length
    expect([order.status === 'PENDING', open]).toEqual([false, 0])
    return order
  })

/** Reads all pages of the statement, oldest operation first. */
const statement = async (): Promise<Operation[]> => {
  const found: Operation[] = []
  let cursor = ''
  for (;;) {
    const path = `/billing/accounts/${userId}/operations?limit=100${cursor}`
    const { body } = await billing.get<{ items: Operation[]; next: string | null }>(path)
    found.push(...body.items)
    if (body.next === null) return found.toReversed()
    cursor = `&cursor=${body.next}`
  }
}

/** Replays the statement into the ledger in memory: the sum must be the account's balance. */
const expectLedger = async (): Promise<number> => {
  let balance = 0
  for (const { kind, amount, balanceAfter } of await statement()) {
    balance += kind === 'WITHDRAW' ? -amount : amount
    expect(balance).toBeGreaterThanOrEqual(0)
    expect(balanceAfter).toBe(balance)
  }
  const { body } = await billing.get<Account>(`/billing/accounts/${userId}`)
  expect(body.balance).toBe(balance)
  return balance
}

const placeOrder = async (price: number): Promise<Order> =>
  (
    await repeatUntilTold(() =>
      orders(0).post('/orders', { userId, price }, { key: `first-${price}` }),
    )
  ).body

const lettersAbout = async (id: string, kind: string): Promise<number> => {
  const { body } = await system.notification.api.get(`/notifications?orderId=${id}&limit=100`)
  return body.items.filter((letter: { kind: string }) => letter.kind === kind).length
}

describe.each(crowds)('%i at once', (count) => {
  it('on one key place one order, take one payment, write one letter, and hear one answer', async () => {
    loseAnswers(count)
    const answers = await times(count, (index) =>
      repeatUntilTold(() =>
        orders(index).post('/orders', { userId, price: 4_321 }, { key: 'one' }),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    const [{ body }] = answers as [ApiResponse<Order>]
    expect(await expectLedger()).toBe(startBalance - 4_321)
    await eventually(async () => {
      expect(await lettersAbout(body.id, 'ORDER_APPROVED')).toBe(1)
    })
  })

  it('on one key with different payloads do what exactly one of them asked for', async () => {
    const answers = await times(count, (index) =>
      repeatUntilTold(() =>
        orders(index).post('/orders', { userId, price: 100 + (index % 5) }, { key: 'one' }),
      ),
    )
    const placed = answers.filter(({ status }) => status === 201)
    expect(new Set(placed.map(({ text }) => text)).size).toBe(1)
    expect(answers.every(({ status }) => status === 201 || status === 422)).toBe(true)
    expect(await expectLedger()).toBe(startBalance - placed[0]!.body.price)
  })

  it('on one account, deposits against withdrawals, come to what a ledger in memory comes to', async () => {
    const poor = await openAccount(system.billing, 50)
    userId = poor
    const answers = await times(count, (index) => {
      const what = index % 3 === 0 ? 'deposit' : 'withdraw'
      const path = `/billing/accounts/${poor}/${what}`
      return repeatUntilTold(() =>
        billing.post(path, { amount: 7 + (index % 11) }, { key: `k${index}` }),
      )
    })
    const operations = answers.map(({ body }) => body.operation as Operation)
    const passed = operations.filter((each) => each.status === 'DONE')
    const refused = operations.filter((each) => each.status !== 'DONE')
    expect(answers.every(({ status }) => status === 200 || status === 402)).toBe(true)
    // Each refusal told a balance that was really too small.
    expect(refused.filter(({ balanceAfter, amount }) => balanceAfter! >= amount)).toEqual([])
    const told = passed.reduce(
      (sum, { kind, amount }) => sum + (kind === 'DEPOSIT' ? amount : -amount),
      50,
    )
    expect(await expectLedger()).toBe(told)
  })

  it('on one order, cancellation against new prices against recovery, leave what was paid back', async () => {
    const { id } = await placeOrder(60_000)
    loseAnswers(count)
    const answers = await times(count, (index) => {
      if (index === Math.floor(count / 2))
        return repeatUntilTold(() => orders(index).delete(`/orders/${id}`))
      // When there are many, several carry the same key, so they also race with their own copies.
      const price = 1_000 + 700 * (index % 20)
      const key = `p${index % 20}`
      return repeatUntilTold(() => orders(index).patch(`/orders/${id}`, { price }, { key }))
    })
    const order = await atRest(id)
    const done = order.changes.filter(({ status }) => status === 'DONE')
    expect(order.status).toBe('CANCELLED')
    const told = new Set(answers.filter(({ status }) => status === 200).map(({ text }) => text))
    expect(told.size).toBe(done.length)
    expect(await expectLedger()).toBe(startBalance)
    const repriced = done.filter(({ kind }) => kind === 'REPRICE').length
    await eventually(async () => {
      const letters = [
        await lettersAbout(id, 'ORDER_CANCELLED'),
        await lettersAbout(id, 'ORDER_REPRICED'),
      ]
      expect(letters).toEqual([1, repriced])
    })
  })
})

type Act =
  | {
      readonly kind: 'deposit' | 'withdraw' | 'order'
      readonly amount: number
      readonly copies: number
    }
  | {
      readonly kind: 'reprice'
      readonly order: number
      readonly amount: number
      readonly copies: number
    }
  | { readonly kind: 'cancel'; readonly order: number; readonly copies: number }

const amounts = fc.integer({ min: 1, max: 400 })
const copies = fc.integer({ min: 1, max: 3 })
const order = fc.nat({ max: 5 })
const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ kind: fc.constantFrom('deposit', 'withdraw'), amount: amounts, copies }),
  fc.record({ kind: fc.constant('order' as const), amount: amounts, copies }),
  fc.record({ kind: fc.constant('reprice' as const), order, amount: amounts, copies }),
  fc.record({ kind: fc.constant('cancel' as const), order, copies }),
)
const runs = fc.array(fc.array(acts, { minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 4,
})

let keysMade = 0

/** Sends one request in several copies at once. All copies must be told the same. */
const perform = async (act: Act, placed: readonly string[]): Promise<ApiResponse | undefined> => {
  keysMade += 1
  const key = `act-${keysMade}`
  const id = 'order' in act ? placed[act.order % Math.max(placed.length, 1)] : undefined
  if ('order' in act && id === undefined) return undefined
  const send = (index: number) => {
    if (act.kind === 'cancel') return orders(index).delete(`/orders/${id}`)
    if (act.kind === 'reprice')
      return orders(index).patch(`/orders/${id}`, { price: act.amount }, { key })
    if (act.kind === 'order')
      return orders(index).post('/orders', { userId, price: act.amount }, { key })
    return billing.post(`/billing/accounts/${userId}/${act.kind}`, { amount: act.amount }, { key })
  }
  const answers = await times(act.copies, (index) => repeatUntilTold(() => send(index)))
  // A conflict is true only for a moment and is not stored. All other answers must be equal.
  const kept = answers.filter(({ status }) => status !== 409)
  expect(new Set(kept.map(({ text }) => text)).size).toBeLessThanOrEqual(1)
  return answers.find(({ status }) => status < 400) ?? answers[0]
}

describe('any acts of one user, in any crowd', () => {
  it('come to the balance of a ledger in memory that applied what each was told', async () => {
    await fc.assert(
      fc.asyncProperty(runs, fc.boolean(), async (crowdsOfActs, isLossy) => {
        userId = await openAccount(system.billing, 500)
        let told = 500
        const prices = new Map<string, number>()
        for (const crowd of crowdsOfActs) {
          if (isLossy) loseAnswers(4)
          const placed = [...prices.keys()]
          const answers = await Promise.all(crowd.map((act) => perform(act, placed)))
          for (const [index, act] of crowd.entries()) {
            const answer = answers[index]
            if (answer === undefined || answer.status >= 400) continue
            if (act.kind === 'deposit') told += act.amount
            if (act.kind === 'withdraw') told -= act.amount
            if (act.kind === 'order') prices.set(answer.body.id, act.amount)
          }
          // No answer tells which of two racing prices came last, but the order shows its price.
          for (const id of prices.keys()) {
            const { status, price } = await atRest(id)
            prices.set(id, status === 'APPROVED' ? price : 0)
          }
        }
        const spent = [...prices.values()].reduce((sum, price) => sum + price, 0)
        expect(await expectLedger()).toBe(told - spent)
      }),
      { numRuns: 12, endOnFailure: true },
    )
  })
})
