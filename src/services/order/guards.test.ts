import { beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/lab/database.ts'
import { outcomeOf, waysBetween } from '../../../test/lab/edges.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { changeEdges, changeStatuses, orderEdges, orderStatuses } from './states.ts'

/** Tries what a bug or a person with psql could do with the role that owns the tables. */
let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase('order')
})

/** A refused row must have a reason. */
const reasonOf = (status: string) =>
  ['REJECTED', 'REFUSED'].includes(status) ? 'insufficient-funds' : null

const insertOrder = async (status: string) => {
  const id = uuidv7()
  const decision = status === 'PENDING' ? null : status === 'REJECTED' ? 'REJECTED' : 'APPROVED'
  await database.sql`
    insert into orders (id, user_id, price, present_price, idempotency_key, status, decision,
      reason, request_id, due_at)
    values (${id}, ${uuidv7()}, 100, 100, 'k', ${status}, ${decision}, ${reasonOf(status)}, 'r',
      now() + interval '1 day')`
  return id
}

const insertChange = async (status: string, orderId?: string, kind = 'REPRICE') => {
  const id = uuidv7()
  const order = orderId ?? (await insertOrder('APPROVED'))
  await database.sql`
    insert into order_changes (id, order_id, user_id, kind, from_price, to_price, status, reason,
      request_id, due_at, idempotency_key)
    values (${id}, ${order}, ${uuidv7()}, ${kind}, 100, ${kind === 'CANCEL' ? null : 200}, ${status},
      ${reasonOf(status)}, 'r', now() + interval '1 day', ${kind === 'CANCEL' ? null : id})`
  return id
}

const setOrder = (id: string, status: string) => {
  const decided = status === 'REJECTED' ? 'REJECTED' : 'APPROVED'
  return database.sql`
    update orders set status = ${status}, reason = ${reasonOf(status)},
      decision = ${status === 'PENDING' ? null : database.sql`coalesce(decision, ${decided})`}
    where id = ${id}`
}

describe('the database itself, asked with the role that owns the tables', () => {
  it.each(waysBetween(orderStatuses, orderEdges))(
    'knows whether an order may go from %s to %s: %s',
    async (from, to, isEdge) => {
      const id = await insertOrder(from)
      const outcome = await outcomeOf(setOrder(id, to))
      expect(outcome).toMatch(isEdge ? /^done$/ : /cannot become|forbidden|orders_decision/)
      const [row] = await database.sql`select status from orders where id = ${id}`
      expect(row?.['status']).toBe(isEdge ? to : from)
    },
  )

  it.each(waysBetween(changeStatuses, changeEdges))(
    'knows whether a change may go from %s to %s: %s',
    async (from, to, isEdge) => {
      const id = await insertChange(from)
      const outcome = await outcomeOf(
        database.sql`
          update order_changes set status = ${to}, reason = ${reasonOf(to)} where id = ${id}`,
      )
      expect(outcome).toMatch(isEdge ? /^done$/ : /cannot become|forbidden/)
      const [row] = await database.sql`select status from order_changes where id = ${id}`
      expect(row?.['status']).toBe(isEdge ? to : from)
    },
  )

  it.each([
    ['price', 'price = 1'],
    ['user', 'user_id = gen_random_uuid()'],
    ['key', `idempotency_key = 'other'`],
    ['description', `description = 'other'`],
    ['time', "created_at = now() + interval '1 day'"],
    ['request id', `request_id = 'other'`],
    ['decision', `decision = 'REJECTED'`],
    ['reason', `reason = 'other'`],
    ['status to none that is known', `status = 'LOST'`],
    ['present price to nothing', 'present_price = 0'],
  ])('refuses to change the %s of a decided order', async (_what, set) => {
    const id = await insertOrder('APPROVED')
    const attempt = database.sql.unsafe(`update orders set ${set} where id = $1`, [id])
    await expect(attempt).rejects.toThrow(/forbidden|cannot become|orders_/)
  })

  it.each([
    ['new price', 'to_price = 1'],
    ['old price', 'from_price = 1'],
    ['key', `idempotency_key = 'other'`],
    ['reason', `reason = 'other'`],
    ['order', 'order_id = gen_random_uuid()'],
  ])('refuses to change the %s of a finished change', async (_what, set) => {
    const id = await insertChange('DONE')
    const attempt = database.sql.unsafe(`update order_changes set ${set} where id = $1`, [id])
    await expect(attempt).rejects.toThrow(/forbidden/)
  })

  it.each([
    ['orders', `status = 'APPROVED', decision = 'MAYBE'`, /orders_known_decision/],
    ['orders', `status = 'REJECTED', decision = 'REJECTED'`, /orders_reason/],
    ['orders', `reason = 'insufficient-funds'`, /orders_reason/],
    ['orders', `status = 'REJECTED', decision = 'REJECTED', reason = 'x'`, /orders_known_reason/],
    ['order_changes', `status = 'REFUSED'`, /order_changes_reason/],
    ['order_changes', `reason = 'insufficient-funds'`, /order_changes_reason/],
    ['order_changes', `status = 'REFUSED', reason = 'x'`, /order_changes_known_reason/],
  ])('refuses of undecided %s: %s', async (table, set, why) => {
    const id = table === 'orders' ? await insertOrder('PENDING') : await insertChange('PENDING')
    const attempt = database.sql.unsafe(`update ${table} set ${set} where id = $1`, [id])
    await expect(attempt).rejects.toThrow(why)
  })

  it('refuses an undecided order that recovery would never find', async () => {
    const id = await insertOrder('PENDING')
    await expect(database.sql`update orders set due_at = null where id = ${id}`).rejects.toThrow(
      /orders_pending_due/,
    )
  })

  it('refuses a second open change, and a second cancellation, of one order', async () => {
    const orderId = await insertOrder('APPROVED')
    await insertChange('PENDING', orderId)
    await expect(insertChange('PENDING', orderId)).rejects.toThrow(/one_open/)
    await insertChange('DONE', orderId, 'CANCEL')
    await expect(insertChange('DONE', orderId, 'CANCEL')).rejects.toThrow(/one_cancel/)
  })

  it('refuses a second order of one user under one key', async () => {
    const id = await insertOrder('APPROVED')
    const copy = database.sql`
      insert into orders (id, user_id, price, present_price, idempotency_key, request_id, due_at)
      select ${uuidv7()}, user_id, 1, 1, idempotency_key, 'r', now() from orders where id = ${id}`
    await expect(copy).rejects.toThrow(/orders_key/)
  })

  it.each([
    'delete from orders',
    'delete from order_changes',
    'truncate order_changes',
    'truncate orders cascade',
  ])('refuses to %s', async (text) => {
    await insertChange('DONE')
    await expect(database.sql.unsafe(text)).rejects.toThrow(/forbidden/)
  })
})
