import { beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase } from '../../../test/lab/database.ts'
import { openTestDatabase } from '../../../test/lab/service.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { createOrderStore, type OrderStore } from './store.ts'

const requestId = 'r'
const firstPrice = 100
const entry = { at: new Date().toISOString(), step: 'test', attempt: 1, outcome: 'done', ms: 1 }

let store: OrderStore
beforeEach(async () => {
  const { url } = await createTestDatabase('order')
  store = createOrderStore(openTestDatabase('order', url), 60_000)
})

const placeOrder = async () => {
  const { id } = await store.insertOrder({
    userId: uuidv7(),
    price: firstPrice,
    description: null,
    idempotencyKey: null,
    requestId,
  })
  await store.decideOrder({ id, status: 'APPROVED', reason: null, email: 'a@example.org', entry })
  return id
}

const reprice = async (orderId: string, toPrice: number) => {
  const opened = await store.openChange({
    orderId,
    kind: 'REPRICE',
    toPrice,
    actor: uuidv7(),
    isOperator: true,
    idempotencyKey: null,
    actingKey: null,
    requestId,
  })
  if (opened.outcome !== 'opened') throw new Error(`the change is ${opened.outcome}`)
  await store.decideChange({ id: opened.id, status: 'DONE', reason: null, entry })
}

/** Reads the price that the order shows, and the price that its changes lead to. */
const readPrices = async (orderId: string) => {
  const found = await store.findOrder(orderId, { viewer: null, limit: 100 })
  const done = found?.changes.filter(({ status }) => status === 'DONE') ?? []
  return { shown: found?.order.presentPrice, byChanges: done[0]?.toPrice ?? firstPrice }
}

describe('an order that is read', () => {
  it('and the changes beside it belong to one moment, however fast changes are made', async () => {
    const orderId = await placeOrder()
    let isOver = false
    const reads: Awaited<ReturnType<typeof readPrices>>[] = []
    const read = async () => {
      while (!isOver) reads.push(await readPrices(orderId))
    }
    const reading = Promise.all(Array.from({ length: 4 }, read))
    for (let price = firstPrice + 1; price <= firstPrice + 80; price += 1) {
      await reprice(orderId, price)
    }
    isOver = true
    await reading
    expect(reads.filter(({ shown, byChanges }) => shown !== byChanges)).toStrictEqual([])
    expect(new Set(reads.map(({ shown }) => shown)).size).toBeGreaterThan(10)
  })
})
