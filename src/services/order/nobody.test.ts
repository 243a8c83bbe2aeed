import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Api } from '../../../test/lab/http.ts'
import { shortBudgets, startWithUsers, type WithUsers } from '../../../test/lab/service.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

/**
 * Orders with an id of no user. The user service makes the ids of users, so this id never becomes
 * one. Nothing is slow on purpose here: a busy machine must not look like an outage.
 */
const patience = {
  REQUEST_BUDGET_MS: '6000',
  CALL_TIMEOUT_MS: '6000',
  LETTER_BUDGET_MS: '6000',
  LEASE_MS: '13000',
}

let system: WithUsers
let api: Api
let userId: string
beforeAll(async () => {
  system = await startWithUsers(patience)
  api = system.service.api
})
beforeEach(() => {
  system.toUser.behave('forward')
  system.toBilling.behave('forward')
  userId = uuidv7()
})

const place = (price: number, key?: string) => api.post('/orders', { userId, price }, { key })
const orderRows = () => system.database.sql`select * from orders where user_id = ${userId}`
const letters = async () =>
  (await system.people.notification.api.get(`/notifications?userId=${userId}`)).body.items
const operations = async () =>
  system.people.billingDatabase.sql`select from operations where user_id = ${userId}`

describe('an order of nobody', () => {
  it('without a key is answered 404, and nothing about it is stored anywhere', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => place(10)))
    for (const { status, body, headers } of answers) {
      expect([status, body.code]).toEqual([404, 'user-not-found'])
      expect(body).not.toHaveProperty('order')
      expect(headers).not.toHaveProperty('location')
    }
    expect([await orderRows(), await operations(), await letters()]).toEqual([[], [], []])
  })

  it('with a key is stored, told with its answer, and told again for ever', async () => {
    const first = await place(10, 'k')
    expect([first.status, first.body.code]).toEqual([404, 'user-not-found'])
    expect(first.body.order).toMatchObject({
      userId,
      price: 10,
      status: 'REJECTED',
      reason: 'user-not-found',
    })
    expect(first.headers['location']).toBe(`/orders/${first.body.order.id}`)
    const { body: kept } = await api.get(`/orders/${first.body.order.id}`)
    expect(kept).toMatchObject(first.body.order)
    expect(kept.timeline).toMatchObject([{ step: 'ask-user', attempt: 1, outcome: 'refused' }])
    // This must hold even if an account is opened in a way that is not foreseen.
    await system.people.billing.api.post('/billing/accounts', { userId, email: 'm@example.com' })
    const again = await place(10, 'k')
    expect([again.status, again.text]).toEqual([404, first.text])
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(again.headers['location']).toBe(first.headers['location'])
    expect(await letters()).toEqual([])
  })

  it('that was told as undecided is stored, although it has no key', async () => {
    const hasty = await system.startReplica(shortBudgets)
    system.toUser.behave('refuse')
    const placed = await hasty.api.post('/orders', { userId, price: 10 })
    expect(placed.status).toBe(202)
    system.toUser.behave('forward')
    await eventually(async () => {
      const { status, body } = await api.get(String(placed.headers['location']))
      expect([status, body.status, body.reason]).toEqual([200, 'REJECTED', 'user-not-found'])
    })
  })

  it('by 16 requests at once on one key and two replicas is one order with one answer', async () => {
    const replica = await system.startReplica()
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        (index % 2 ? api : replica.api).post('/orders', { userId, price: 5 }, { key: 'one' }),
      ),
    )
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]))
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(await orderRows()).toHaveLength(1)
  })
})
