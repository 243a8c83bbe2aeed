import { beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase } from '../../../test/lab/database.ts'
import { openTestDatabase } from '../../../test/lab/service.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { createOrderStore, type OrderStore } from './store.ts'

/**
 * A worker stops past its lease and then continues with billing's answer, long after another worker
 * decided with the same answer and the order changed again.
 */
const requestId = 'r'
const firstPage = { viewer: null, limit: 100 }
const operator = { actor: uuidv7(), isOperator: true, idempotencyKey: null, actingKey: null }
const entry = { at: new Date().toISOString(), step: 'late', attempt: 9, outcome: 'done', ms: 1 }

let store: OrderStore
beforeEach(async () => {
  const { url } = await createTestDatabase('order')
  store = createOrderStore(openTestDatabase('order', url), 60_000)
})

const approve = (id: string) =>
  store.decideOrder({ id, status: 'APPROVED', reason: null, email: 'a@example.org', entry })

const finish = (id: string) => store.decideChange({ id, status: 'DONE', reason: null, entry })

const placeOrder = async (price: number) => {
  const userId = uuidv7()
  const { id } = await store.insertOrder({
    userId,
    price,
    description: null,
    idempotencyKey: null,
    requestId,
  })
  await approve(id)
  return id
}

const open = async (orderId: string, kind: 'REPRICE' | 'CANCEL', toPrice: number | null) => {
  const opened = await store.openChange({ orderId, kind, toPrice, ...operator, requestId })
  if (opened.outcome !== 'opened') throw new Error(`the change is ${opened.outcome}`)
  return opened.id
}

const timelineOf = async (orderId: string, changeId: string) => {
  const found = await store.findOrder(orderId, firstPage)
  return found?.changes.find(({ id }) => id === changeId)?.timeline
}

describe('a decision that comes a second time, late', () => {
  it('does not bring an order back that was cancelled meanwhile', async () => {
    const orderId = await placeOrder(500)
    await finish(await open(orderId, 'CANCEL', null))
    const late = await approve(orderId)
    expect(late).toMatchObject({ changed: false, status: 'CANCELLED' })
    expect(await store.findOrder(orderId, firstPage)).toMatchObject({
      order: { status: 'CANCELLED' },
    })
  })

  it('is not added to the order’s history, and owes no second letter', async () => {
    const orderId = await placeOrder(500)
    await store.dueOrders.settle({ id: orderId, entry })
    const before = await store.findOrder(orderId, firstPage)
    expect(await approve(orderId)).toMatchObject({ changed: false })
    expect(await store.findOrder(orderId, firstPage)).toStrictEqual(before)
  })

  it('does not put an older price back', async () => {
    const orderId = await placeOrder(500)
    const first = await open(orderId, 'REPRICE', 700)
    await finish(first)
    await finish(await open(orderId, 'REPRICE', 300))
    expect(await finish(first)).toMatchObject({ changed: false, status: 'DONE' })
    expect(await store.findOrder(orderId, firstPage)).toMatchObject({
      order: { presentPrice: 300 },
    })
  })

  it('of a change is not added to its history, and owes no second letter', async () => {
    const orderId = await placeOrder(500)
    const change = await open(orderId, 'REPRICE', 700)
    await finish(change)
    await store.dueChanges.settle({ id: change, entry })
    const before = await timelineOf(orderId, change)
    expect(await finish(change)).toMatchObject({ changed: false, dueAt: null })
    expect(await timelineOf(orderId, change)).toStrictEqual(before)
  })
})
