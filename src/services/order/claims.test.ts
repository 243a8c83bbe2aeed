import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createTestDatabase } from '../../../test/lab/database.ts'
import { openTestDatabase } from '../../../test/lab/service.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { createOrderStore, type OrderStore } from './store.ts'

const longLeaseMs = 60_000

/** Makes orders whose request died: they are due at once. */
const leaveOrders = async (url: string, count: number): Promise<string[]> => {
  const store = createOrderStore(openTestDatabase('order', url), 1)
  const orders = await Promise.all(
    Array.from({ length: count }, () =>
      store.insertOrder({
        userId: uuidv7(),
        price: 100,
        description: null,
        idempotencyKey: null,
        requestId: 'r',
      }),
    ),
  )
  await sleep(20)
  return orders.map(({ id }) => id)
}

const openStore = (url: string): OrderStore =>
  createOrderStore(openTestDatabase('order', url), longLeaseMs)

describe('orders that are due', () => {
  it('go to one worker each, and to no other before the lease is over', async () => {
    const { url } = await createTestDatabase('order')
    const ids = await leaveOrders(url, 60)
    const workers = [openStore(url), openStore(url)]
    const looks = Array.from({ length: 12 }, (_, index) => workers[index % 2]!.dueOrders.claim(8))
    const claimed = (await Promise.all(looks)).flat().map(({ id }) => id)
    // A worker skips a row that another one has locked. What no worker took is there the next time.
    for (let more = 1; more > 0;) {
      const rows = await workers[0]!.dueOrders.claim(8)
      claimed.push(...rows.map(({ id }) => id))
      more = rows.length
      if (claimed.length > ids.length) break
    }
    expect(claimed.toSorted()).toStrictEqual(ids.toSorted())
  })

  it('and are just being claimed do not hold up a worker that looks for others', async () => {
    const { url, sql } = await createTestDatabase('order')
    const ids = await leaveOrders(url, 5)
    const other = await sql.reserve()
    await other`start transaction`
    await other`select from orders where id = any (${ids.slice(0, 3)}::uuid[]) for update`
    const claimed = await openStore(url).dueOrders.claim(5)
    await other`rollback`
    other.release()
    expect(claimed.map(({ id }) => id).toSorted()).toStrictEqual(ids.slice(3).toSorted())
  })
})
