import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  openAccount,
  sharedBudgets,
  startWithBilling,
  type WithBilling,
} from '../../../test/lab/service.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

let system: WithBilling
let userId: string
let operator: { readonly id: string; readonly roles: readonly string[] }
beforeAll(async () => {
  system = await startWithBilling('order', sharedBudgets)
})
beforeEach(async () => {
  system.toBilling.behave('forward')
  system.toNotification.behave('forward')
  operator = { id: uuidv7(), roles: ['operator'] }
  userId = await openAccount(system.billing, 1_000)
  // An earlier test may have opened the circuit.
  await eventually(async () => {
    const [{ status }, items] = [await place(1), await owed()]
    if (status !== 201 || items.length > 0) throw new Error('it is not quiet yet')
  })
})

const place = (price: number, headers: Readonly<Record<string, string>> = {}, key?: string) =>
  system.service.api.post(
    '/orders',
    { userId, price },
    { as: userId, headers, ...(key && { key }) },
  )
const asOperator = (path: string) => system.service.api.get(path, { as: operator })
const owed = async (query = '') => (await asOperator(`/owed/order${query}`)).body.items
const retry = (id: string, key: string = uuidv7()) =>
  system.service.api.send('POST', `/owed/order/${id}/retry`, undefined, { as: operator, key })
const orderNow = async (id: string) => (await system.service.api.get(`/orders/${id}`)).body

/** An order that billing did not decide, and that recovery looks at only in an hour. */
const stuck = async (key?: string) => {
  system.toBilling.behave({ status: 503 })
  const requestId = uuidv7()
  const { body } = await place(5, { 'x-request-id': requestId }, key)
  const { sql } = system.database
  await eventually(async () => {
    const [row] = await sql`
      update orders set due_at = now() + interval '1 hour' where id = ${body.id}
        and timeline -> -1 ->> 'attempt' = (attempts + 1)::text returning id`
    expect(row).toBeDefined()
  })
  return { id: body.id as string, requestId }
}

describe('what order owes', () => {
  it('is shown to operators, with the step and the reason of its last failure', async () => {
    const { id, requestId } = await stuck()
    expect(await owed()).toMatchObject([
      {
        kind: 'order',
        id,
        about: id,
        userId,
        state: 'PENDING',
        isAtWork: false,
        lastStep: 'withdraw',
        lastReason: 'billing answered 503',
        requestId,
      },
    ])
    const [{ timeline, attempts }] = await owed()
    expect(timeline.at(-1)).toMatchObject({ attempt: attempts + 1, outcome: 'unknown' })
    await retry(id)
  })

  it('is listed by age over orders and changes, page by page, without gaps or repeats', async () => {
    const paid = await Promise.all([1, 2, 3].map(async () => (await place(5)).body.id))
    await eventually(async () => expect(await owed()).toEqual([]))
    system.toBilling.behave({ status: 503 })
    const ids: string[] = []
    for (const orderId of paid) {
      await system.service.api.delete(`/orders/${orderId}`, { as: userId })
      ids.push(orderId, (await place(5)).body.id)
    }
    const about: string[] = []
    for (let query = '?limit=2'; ;) {
      const { items, next, isAll } = (await asOperator(`/owed/order${query}`)).body
      about.push(...items.map((item: { about: string }) => item.about))
      expect([items.length, isAll]).toEqual([2, true])
      if (next === null) break
      query = `?limit=2&cursor=${next}`
    }
    expect(about).toEqual(ids)
  })

  it('looks at no more than two thousand rows, and says so', async () => {
    const { sql } = system.database
    await sql`
      insert into orders (id, user_id, price, present_price, request_id, due_at)
      select gen_random_uuid(), ${userId}, 1, 1, 'many', now() + interval '1 hour'
      from generate_series(1, 2001)`
    const { items, isAll } = (await asOperator('/owed/order')).body
    expect([items.length, isAll]).toEqual([20, false])
    await sql`
      update orders set due_at = null, status = 'REJECTED', decision = 'REJECTED',
        decided_at = now(), reason = 'user-not-found' where request_id = 'many'`
  })
})

describe('a retry', () => {
  it('makes a row due that waits, and recovery finishes it at once', async () => {
    const { id } = await stuck()
    system.toBilling.behave('forward')
    const { status, body } = await retry(id)
    expect([status, body.owedId]).toEqual([200, id])
    await eventually(async () => expect((await orderNow(id)).status).toBe('APPROVED'))
  })

  it('does the same for a change of an order', async () => {
    const { id } = (await place(5)).body
    system.toBilling.behave({ status: 503 })
    await system.service.api.delete(`/orders/${id}`, { as: userId })
    const { sql } = system.database
    await eventually(async () => {
      const rows = await sql`
        update order_changes set due_at = now() + interval '1 hour' where order_id = ${id}
          and timeline -> -1 ->> 'attempt' = (attempts + 1)::text returning id`
      expect(rows).toHaveLength(1)
    })
    system.toBilling.behave('forward')
    const [{ id: changeId, kind }] = await owed()
    expect([kind, (await retry(changeId)).status]).toEqual(['change', 200])
    await eventually(async () => expect((await orderNow(id)).status).toBe('CANCELLED'))
  })

  it('is answered the same when it is repeated, and does nothing more', async () => {
    const { id } = await stuck()
    const first = await retry(id, 'k')
    await system.database.sql`
      update orders set due_at = now() + interval '1 hour' where id = ${id}`
    const again = await retry(id, 'k')
    expect([again.status, again.body]).toEqual([200, first.body])
    expect(again.headers['idempotency-replayed']).toBe('true')
    const [row] = await system.database.sql`
      select due_at > now() + interval '1 minute' as waits from orders where id = ${id}`
    expect(row?.['waits']).toBe(true)
    const other = await stuck()
    expect((await retry(other.id, 'k')).body.code).toBe('idempotency-key-reused')
    system.toBilling.behave('forward')
    expect([(await retry(id)).status, (await retry(other.id)).status]).toEqual([200, 200])
  })

  it('with one key at once is one retry', async () => {
    const { id } = await stuck()
    const answers = await Promise.all(Array.from({ length: 8 }, () => retry(id, 'once')))
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    const rows = await system.database.sql`select operator from retries where owed_id = ${id}`
    expect(rows).toEqual([{ operator: operator.id }])
    system.toBilling.behave('forward')
    await retry(id)
  })

  it('is written down as an act', async () => {
    const { id } = await stuck()
    system.toBilling.behave('forward')
    await retry(id)
    const { body } = await asOperator(`/acts/order?operator=${operator.id}`)
    expect(body.items[0]).toBeDefined()
    expect(body.items).toContainEqual(
      expect.objectContaining({
        method: 'POST',
        route: '/owed/order/{owedId}/retry',
        target: `/owed/order/${id}/retry`,
      }),
    )
  })

  it('of a row that somebody works on is refused, and takes nothing from them', async () => {
    system.toBilling.behave('hang')
    const answer = place(5)
    await eventually(async () => expect(await owed()).toMatchObject([{ isAtWork: true }]))
    const [{ id }] = await owed()
    const { status, body, headers } = await retry(id)
    expect([status, body.code, headers['retry-after']]).toEqual([409, 'work-in-progress', '1'])
    system.toBilling.behave('forward')
    expect((await answer).body.id).toBe(id)
  })

  it('of a row whose letter is on its way is refused', async () => {
    system.toNotification.behave('hang')
    const answer = place(5)
    await eventually(async () =>
      expect(await owed()).toMatchObject([{ state: 'APPROVED', isAtWork: true }]),
    )
    const [{ id }] = await owed()
    expect((await retry(id)).body.code).toBe('work-in-progress')
    system.toNotification.behave('forward')
    expect((await answer).body.id).toBe(id)
  })

  it('of a row whose letter is on its way is refused, although its money had to be tried again', async () => {
    const { id } = await stuck()
    system.toBilling.behave('forward')
    system.toNotification.behave('hang')
    await retry(id)
    await eventually(async () =>
      expect(await owed()).toMatchObject([{ state: 'APPROVED', isAtWork: true }]),
    )
    expect((await retry(id)).body.code).toBe('work-in-progress')
  })

  it('of what is finished or never was says so', async () => {
    const { id } = (await place(5)).body
    await eventually(async () => expect((await orderNow(id)).owes).toBe(false))
    const finished = await retry(id)
    expect([finished.status, finished.body.code]).toEqual([409, 'nothing-owed'])
    const nothing = await retry(uuidv7())
    expect([nothing.status, nothing.body.code]).toEqual([404, 'owed-not-found'])
    expect(await system.database.sql`select from retries where owed_id = ${id}`).toEqual([])
  })
})

describe('the search', () => {
  const find = async (what: string) =>
    (await asOperator(`/search/order?q=${encodeURIComponent(what)}`)).body.items

  it('is written down with an id that was looked for, and without words: they may name somebody', async () => {
    const id = uuidv7()
    await find(id)
    await find('masha@example.com')
    await find(`${id} and masha`)
    const { body } = await asOperator(`/acts/order?operator=${operator.id}&limit=4`)
    const targets = body.items.map(({ target }: { readonly target: string }) => target)
    expect(targets.slice(1)).toEqual([
      '/search/order?q=…',
      '/search/order?q=…',
      `/search/order?q=${id}`,
    ])
  })

  it('finds an order by its id, its key and its request, and a change likewise', async () => {
    const [key, requestId] = [`key-${uuidv7()}`, uuidv7()]
    const { id } = (await place(5, { 'x-request-id': requestId }, key)).body
    const order = { service: 'order', kind: 'order', id, userId }
    for (const what of [id, id.toUpperCase(), key, requestId]) {
      expect(await find(what), what).toEqual([order])
    }
    const [changeKey, changeRequest] = [`key-${uuidv7()}`, uuidv7()]
    const headers = { 'x-request-id': changeRequest }
    const options = { as: userId, key: changeKey, headers }
    expect((await system.service.api.patch(`/orders/${id}`, { price: 6 }, options)).status).toBe(
      200,
    )
    const [change] = (await orderNow(id)).changes
    for (const what of [change.id, changeKey, changeRequest]) {
      expect(await find(what), what).toEqual([{ ...order, kind: 'change', id: change.id }])
    }
  })

  it('finds nothing by what is nobody’s, and by a part of a key', async () => {
    await place(5, {}, 'a-whole-key')
    for (const what of [uuidv7(), 'a-whole', '%', "'", 'a-whole-key%']) {
      expect(await find(what), what).toEqual([])
    }
    expect(await find('a-whole-key')).toHaveLength(1)
  })
})
