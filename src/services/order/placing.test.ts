import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Api } from '../../../test/lab/http.ts'
import { openAccount, startWithBilling, type WithBilling } from '../../../test/lab/service.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

let system: WithBilling
let api: Api
let userId: string
beforeAll(async () => {
  system = await startWithBilling('order')
  api = system.service.api
})
beforeEach(async () => {
  system.toBilling.behave('forward')
  system.toNotification.behave('forward')
  userId = await openAccount(system.billing, 1_000)
})

const balance = async (): Promise<number> =>
  (await system.billing.api.get(`/billing/accounts/${userId}`)).body.balance
const lettersOf = async (orderId: string) =>
  (await system.notification.api.get(`/notifications?orderId=${orderId}`)).body.items
const orderRows = async () => (await system.database.sql`select from orders`).length
const place = (price: number, key?: string, more: object = {}) =>
  api.post('/orders', { userId, price, ...more }, { key })

describe('an order that can be paid', () => {
  it('is approved, costs its price once, and its letter is there when the answer comes', async () => {
    const { status, body, headers } = await place(300, undefined, { description: 'Два билета' })
    expect(status).toBe(201)
    expect(headers['location']).toBe(`/orders/${body.id}`)
    expect(body).toMatchObject({
      userId,
      price: 300,
      description: 'Два билета',
      status: 'APPROVED',
      reason: null,
    })
    expect(await balance()).toBe(700)
    const letters = await lettersOf(body.id)
    expect(letters).toMatchObject([{ kind: 'ORDER_APPROVED', amount: 300, userId }])
  })

  it('shows its steps when it is read', async () => {
    const { body: placed } = await place(300)
    await eventually(async () => {
      const { status, body } = await api.get(`/orders/${placed.id}`)
      expect(status).toBe(200)
      const { timeline, owes, changes, nextChanges, ...order } = body
      expect(order).toEqual(placed)
      expect([changes, nextChanges]).toEqual([[], null])
      expect(timeline).toMatchObject([
        { step: 'withdraw', attempt: 1, outcome: 'done' },
        { step: 'letter', attempt: 1, outcome: 'done' },
      ])
      expect(owes).toBe(false)
    })
  })

  it('is stored before any money moves, under the key of the withdrawal', async () => {
    system.toBilling.seen.length = 0
    const { body } = await place(5)
    expect(system.toBilling.seen).toMatchObject([{ method: 'POST', path: '/billing/withdrawals' }])
    expect(JSON.parse(system.toBilling.seen[0]!.body)).toMatchObject({
      withdrawals: [{ userId, key: `saga:${body.id}`, amount: 5 }],
    })
  })

  it('may cost all that the account holds, up to 2^53 - 1', async () => {
    userId = await openAccount(system.billing, Number.MAX_SAFE_INTEGER)
    const { status, body } = await place(Number.MAX_SAFE_INTEGER)
    expect([status, body.price, await balance()]).toEqual([201, Number.MAX_SAFE_INTEGER, 0])
  })
})

describe('an order that cannot be paid', () => {
  it('is rejected, takes nothing, is stored, and a letter tells it', async () => {
    const { status, body, headers } = await place(1_001)
    expect([status, body.code]).toEqual([402, 'insufficient-funds'])
    expect(body.order).toMatchObject({
      userId,
      price: 1_001,
      status: 'REJECTED',
      reason: 'insufficient-funds',
    })
    expect(headers['location']).toBe(`/orders/${body.order.id}`)
    expect(await balance()).toBe(1_000)
    const letters = await lettersOf(body.order.id)
    expect(letters).toMatchObject([{ kind: 'ORDER_REJECTED', amount: 1_001 }])
    const { body: kept } = await api.get(`/orders/${body.order.id}`)
    expect(kept).toMatchObject(body.order)
  })
})

describe('the key of an order', () => {
  it.each([
    ['an approval', 300, 201],
    ['a refusal', 5_000, 402],
  ])('gives %s again, also after a restart', async (_what, price, status) => {
    const first = await place(price, 'k')
    await system.billing.api.post(`/billing/accounts/${userId}/deposit`, { amount: 50_000 })
    const before = await balance()
    const again = await place(price, 'k')
    const replica = await system.startReplica()
    const elsewhere = await replica.api.post('/orders', { userId, price }, { key: '"k"' })
    expect(first.headers['idempotency-replayed']).toBeUndefined()
    for (const answer of [again, elsewhere]) {
      expect(answer.status).toBe(status)
      expect(answer.text).toBe(first.text)
      expect(answer.headers['idempotency-replayed']).toBe('true')
      expect(answer.headers['location']).toBe(first.headers['location'])
    }
    expect(await balance()).toBe(before)
  })

  it('gives the first answer also after the order was re-priced and cancelled', async () => {
    const first = await place(300, 'k')
    await api.patch(`/orders/${first.body.id}`, { price: 400 })
    const repriced = await place(300, 'k')
    await api.delete(`/orders/${first.body.id}`)
    const cancelled = await place(300, 'k')
    expect([repriced.text, cancelled.text]).toEqual([first.text, first.text])
    expect([repriced.status, cancelled.status]).toEqual([201, 201])
    const { body } = await api.get(`/orders/${first.body.id}`)
    expect([body.status, body.price]).toEqual(['CANCELLED', 400])
  })

  it.each([
    ['another price', 301, {}],
    ['another description', 300, { description: 'other' }],
  ])('with %s is refused and changes nothing', async (_what, price, more) => {
    await place(300, 'k')
    const before = await orderRows()
    const { status, body } = await place(price, 'k', more)
    expect([status, body.code]).toEqual([422, 'idempotency-key-reused'])
    expect([await balance(), await orderRows()]).toEqual([700, before])
  })

  it('belongs to the user: another user’s is new and tells nothing about the first', async () => {
    const first = await place(300, 'k')
    userId = await openAccount(system.billing, 1_000)
    const second = await place(700, 'k')
    expect([second.status, second.headers['idempotency-replayed']]).toEqual([201, undefined])
    expect(second.text).not.toContain(first.body.id)
  })

  it('makes 32 at once on two replicas one order, one payment, one letter, one answer', async () => {
    const replica = await system.startReplica()
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_, index) => {
        const client = index % 2 ? api : replica.api
        return client.post('/orders', { userId, price: 60 }, { key: 'one' })
      }),
    )
    const decided = answers.filter(({ status }) => status !== 202)
    expect(new Set(decided.map(({ status }) => status))).toEqual(new Set([201]))
    expect(new Set(decided.map(({ text }) => text)).size).toBe(1)
    const fresh = answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined)
    expect(fresh).toHaveLength(1)
    expect(await balance()).toBe(940)
    await eventually(async () => expect(await lettersOf(answers[0]!.body.id)).toHaveLength(1))
  })

  it('may be missing: then each request makes an order of its own', async () => {
    const [one, other] = [await place(10), await place(10)]
    expect(one.body.id).not.toBe(other.body.id)
    expect(await balance()).toBe(980)
  })
})

describe('a list of orders', () => {
  it('shows each once, newest first, in its present state, over pages of any size', async () => {
    const ids: string[] = []
    for (const price of [1, 2, 3, 4, 5, 6, 7]) ids.push((await place(price)).body.id)
    await api.delete(`/orders/${ids[6]}`)
    await api.patch(`/orders/${ids[5]}`, { price: 60 })
    const first = (await api.get(`/orders?userId=${userId}&limit=4`)).body
    await place(99)
    const second = (await api.get(`/orders?userId=${userId}&limit=4&cursor=${first.next}`)).body
    const shown = [...first.items, ...second.items]
    expect(shown.map((order) => order.id)).toEqual(ids.toReversed())
    expect(shown.map((order) => order.price)).toEqual([7, 60, 5, 4, 3, 2, 1])
    expect(shown[0].status).toBe('CANCELLED')
    expect([first.items.length, second.items.length, second.next]).toEqual([4, 3, null])
  })

  it('is empty for a user without orders, and never shows those of another user', async () => {
    await place(1)
    const other = await openAccount(system.billing)
    const { body } = await api.get(`/orders?userId=${other}`)
    expect(body).toEqual({ items: [], next: null })
  })
})

describe('an order that does not exist', () => {
  it('is not found by any route', async () => {
    const path = `/orders/${uuidv7()}`
    const answers = [
      await api.get(path),
      await api.get(`${path}/changes`),
      await api.patch(path, { price: 5 }),
      await api.delete(path),
    ]
    for (const { status, body } of answers) {
      expect([status, body.code]).toEqual([404, 'order-not-found'])
    }
  })
})
