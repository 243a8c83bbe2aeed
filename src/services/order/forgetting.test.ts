import { beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/lab/database.ts'
import { openTestDatabase } from '../../../test/lab/service.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { createOrderStore, type OrderStore } from './store.ts'

/** An order of an unknown user is deleted while another request may still work on it. */
let database: TestDatabase
let store: OrderStore
let other: OrderStore
beforeEach(async () => {
  database = await createTestDatabase('order')
  store = createOrderStore(openTestDatabase('order', database.url), 60_000)
  other = createOrderStore(openTestDatabase('order', database.url), 60_000)
})

const entry = { at: new Date().toISOString(), step: 'late', attempt: 1, outcome: 'done', ms: 1 }

const place = async (idempotencyKey: string | null = null) => {
  const order = { userId: uuidv7(), price: 5, description: null, requestId: 'r' }
  return (await store.insertOrder({ ...order, idempotencyKey })).id
}
const approve = (id: string) =>
  other.decideOrder({ id, status: 'APPROVED', reason: null, email: 'a@example.org', entry })
const rows = async () => (await database.sql`select from orders`).length

describe('an order that is forgotten', () => {
  it('is gone, and a later worker finds nothing and ends without an error', async () => {
    const id = await place()
    expect(await store.forgetOrder(id)).toBeUndefined()
    expect(await rows()).toBe(0)
    expect(await other.forgetOrder(id)).toBeUndefined()
    expect(await approve(id)).toBeUndefined()
    expect(await other.dueOrders.postpone({ id, delayMs: 1, entry })).toMatchObject({
      postponed: false,
    })
    expect(await other.dueOrders.settle({ id, entry })).toMatchObject({ settled: false })
    expect(await other.dueOrders.claim(8)).toEqual([])
    expect(
      await other.openChange({
        orderId: id,
        kind: 'CANCEL',
        toPrice: null,
        actor: uuidv7(),
        isOperator: true,
        idempotencyKey: null,
        actingKey: null,
        requestId: 'r',
      }),
    ).toMatchObject({ outcome: 'missing' })
  })

  it('stays when another worker decided it first, and its decision is told', async () => {
    const id = await place()
    await approve(id)
    expect(await store.forgetOrder(id)).toMatchObject({ id, status: 'APPROVED' })
    expect(await rows()).toBe(1)
  })

  it('is either decided or forgotten when two workers come at once', async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, () => place()))
    const outcomes = await Promise.all(ids.flatMap((id) => [store.forgetOrder(id), approve(id)]))
    for (const [place, id] of ids.entries()) {
      const [row] = await database.sql`select status from orders where id = ${id}`
      const [forgotten, decided] = outcomes.slice(place * 2, place * 2 + 2)
      expect([forgotten?.status, decided?.status]).toEqual([row?.['status'], row?.['status']])
    }
  })
})

describe('the database', () => {
  it.each([
    ['has a key', () => place('k')],
    [
      'is decided',
      async () => {
        const id = await place()
        await approve(id)
        return id
      },
    ],
  ])('keeps an order that %s', async (_what, make) => {
    const id = await make()
    await expect(database.sql`delete from orders where id = ${id}`).rejects.toThrow(/forbidden/)
    expect(await rows()).toBe(1)
  })
})
