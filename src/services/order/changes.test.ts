import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Api } from '../../../test/lab/http.ts'
import { openAccount, startWithBilling, type WithBilling } from '../../../test/lab/service.ts'
import { eventually } from '../../../test/lab/wait.ts'

let system: WithBilling
let api: Api
let userId: string
let orderId: string
beforeAll(async () => {
  system = await startWithBilling('order')
  api = system.service.api
})
beforeEach(async () => {
  system.toBilling.behave('forward')
  system.toNotification.behave('forward')
  userId = await openAccount(system.billing, 1_000)
  orderId = (await api.post('/orders', { userId, price: 300 })).body.id
})

const balance = async (): Promise<number> =>
  (await system.billing.api.get(`/billing/accounts/${userId}`)).body.balance
const order = async () => (await api.get(`/orders/${orderId}`)).body
const reprice = (price: number, key?: string) => api.patch(`/orders/${orderId}`, { price }, { key })
const cancel = () => api.delete(`/orders/${orderId}`)
const letterKinds = async (): Promise<string[]> => {
  const { body } = await system.notification.api.get(`/notifications?orderId=${orderId}`)
  return body.items.map((letter: { kind: string }) => letter.kind).toSorted()
}

describe('re-pricing', () => {
  it.each([
    ['up charges the difference', 450, 550],
    ['down refunds the difference', 100, 900],
  ])('%s, and a letter names the new price', async (_what, price, left) => {
    const { status, body } = await reprice(price)
    expect(status).toBe(200)
    expect(body).toMatchObject({ id: orderId, price, status: 'APPROVED', reason: null })
    expect(await balance()).toBe(left)
    expect((await order()).price).toBe(price)
    const { body: letters } = await system.notification.api.get(`/notifications?orderId=${orderId}`)
    expect(letters.items[0]).toMatchObject({ kind: 'ORDER_REPRICED', amount: price })
  })

  it('to the same price moves no money, writes no letter, and is shown in the history', async () => {
    const asked = system.toBilling.seen.length
    const { status, body } = await reprice(300)
    expect([status, body]).toMatchObject([200, { id: orderId, price: 300, status: 'APPROVED' }])
    expect((await order()).changes).toMatchObject([
      {
        fromPrice: 300,
        toPrice: 300,
        status: 'DONE',
        timeline: [{ step: 'nothing-to-move', attempt: 1, outcome: 'done' }],
      },
    ])
    expect([await balance(), system.toBilling.seen.length]).toEqual([700, asked])
    const { sql } = system.database
    expect(
      await sql`select from order_changes where order_id = ${orderId} and due_at is not null`,
    ).toHaveLength(0)
    expect(await letterKinds()).toEqual(['ORDER_APPROVED'])
  })

  it('to the same price answers a repeat with its key the same, although the price changed since', async () => {
    const first = await reprice(300, 'k')
    await reprice(450)
    const again = await reprice(300, 'k')
    expect([again.status, again.text]).toEqual([200, first.text])
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect((await order()).price).toBe(450)
  })

  it('to more than the account holds changes neither order nor balance, for ever with its key', async () => {
    const refused = await reprice(1_301, 'k')
    expect([refused.status, refused.body.code]).toEqual([402, 'insufficient-funds'])
    expect(refused.body.order).toMatchObject({ id: orderId, price: 300, status: 'APPROVED' })
    expect([await balance(), (await order()).price]).toEqual([700, 300])
    expect(await letterKinds()).toEqual(['ORDER_APPROVED'])
    await system.billing.api.post(`/billing/accounts/${userId}/deposit`, { amount: 9_000 })
    const again = await reprice(1_301, 'k')
    expect([again.status, again.text]).toEqual([402, refused.text])
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect([await balance(), (await order()).price]).toEqual([9_700, 300])
  })

  it('answers a repeat with its key the same for ever, although the price changed again', async () => {
    const first = await reprice(400, 'k')
    await reprice(200, 'other')
    const again = await reprice(400, 'k')
    await cancel()
    const late = await reprice(400, 'k')
    expect([again.text, late.text]).toEqual([first.text, first.text])
    expect([again.status, late.status]).toEqual([200, 200])
    expect(late.headers['idempotency-replayed']).toBe('true')
    expect(await balance()).toBe(1_000)
  })

  it('refuses its key with another price', async () => {
    await reprice(400, 'k')
    const { status, body } = await reprice(401, 'k')
    expect([status, body.code]).toEqual([422, 'idempotency-key-reused'])
    expect([(await order()).price, await balance()]).toEqual([400, 600])
  })

  it('uses the same key on another order as a new one', async () => {
    await reprice(400, 'k')
    const { body: other } = await api.post('/orders', { userId, price: 100 })
    const answer = await api.patch(`/orders/${other.id}`, { price: 150 }, { key: 'k' })
    expect([answer.status, answer.body.price]).toEqual([200, 150])
  })

  it('makes 16 at once on one key and two replicas one change', async () => {
    const replica = await system.startReplica()
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        (index % 2 ? api : replica.api).patch(`/orders/${orderId}`, { price: 500 }, { key: 'k' }),
      ),
    )
    const done = answers.filter(({ status }) => status === 200)
    expect(answers.every(({ status }) => status === 200 || status === 202)).toBe(true)
    expect(new Set(done.map(({ text }) => text)).size).toBe(1)
    expect(await balance()).toBe(500)
    expect((await order()).changes).toHaveLength(1)
  })

  it('is shown in the order’s history, with each step', async () => {
    await reprice(400)
    await reprice(5_000)
    const { changes } = await order()
    expect(changes).toMatchObject([
      { kind: 'REPRICE', fromPrice: 400, toPrice: 5_000, status: 'REFUSED' },
      { kind: 'REPRICE', fromPrice: 300, toPrice: 400, status: 'DONE' },
    ])
    expect(changes[0].timeline[0]).toMatchObject({ step: 'settle-difference', outcome: 'refused' })
    expect(changes[1].timeline[0]).toMatchObject({ step: 'settle-difference', outcome: 'done' })
  })

  it('more than a hundred times hides nothing: the newest are shown, and where the others are', async () => {
    await system.database.sql`
      insert into order_changes (id, order_id, user_id, kind, from_price, to_price, status,
        request_id)
      select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, ${orderId}, ${userId},
        'REPRICE', 300 + n - 1, 300 + n, 'DONE', 'r' from generate_series(1, 130) n`
    const shown = await order()
    const rest = await api.get(`/orders/${orderId}/changes?limit=25&cursor=${shown.nextChanges}`)
    const last = await api.get(`/orders/${orderId}/changes?cursor=${rest.body.next}`)
    const prices = [...shown.changes, ...rest.body.items, ...last.body.items].map(
      (change: { toPrice: number }) => change.toPrice,
    )
    expect(prices).toEqual(Array.from({ length: 130 }, (_, index) => 430 - index))
    expect([shown.changes.length, rest.body.items.length]).toEqual([100, 25])
    expect(last.body.next).toBeNull()
  })

  it.each([['CANCELLED'], ['REJECTED']])('is refused when the order is %s', async (status) => {
    if (status === 'CANCELLED') await cancel()
    else orderId = (await api.post('/orders', { userId, price: 5_000 })).body.order.id
    const before = await balance()
    const answer = await reprice(100)
    expect([answer.status, answer.body.code]).toEqual([409, 'order-not-approved'])
    expect([(await order()).status, await balance()]).toEqual([status, before])
  })
})

describe('cancelling', () => {
  it('refunds all, the later charges too, sends one letter, and is the same when repeated', async () => {
    await reprice(450)
    const first = await cancel()
    expect(first.status).toBe(200)
    expect(first.body).toMatchObject({ id: orderId, status: 'CANCELLED', price: 450 })
    expect(await balance()).toBe(1_000)
    const again = await cancel()
    expect([again.status, again.text]).toEqual([200, first.text])
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(await balance()).toBe(1_000)
    await eventually(async () =>
      expect(await letterKinds()).toEqual(['ORDER_APPROVED', 'ORDER_CANCELLED', 'ORDER_REPRICED']),
    )
  })

  it('after a lower price refunds only what is left', async () => {
    await reprice(100)
    await cancel()
    expect(await balance()).toBe(1_000)
  })

  it('is refused for an order that was rejected', async () => {
    orderId = (await api.post('/orders', { userId, price: 5_000 })).body.order.id
    const { status, body } = await cancel()
    expect([status, body.code]).toEqual([409, 'order-not-approved'])
  })

  it('by 16 requests at once on two replicas refunds once', async () => {
    const replica = await system.startReplica()
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        (index % 2 ? api : replica.api).delete(`/orders/${orderId}`),
      ),
    )
    const statuses = new Set(answers.map(({ status }) => status))
    expect([...statuses].every((status) => [200, 202, 409].includes(status))).toBe(true)
    expect((await cancel()).body.status).toBe('CANCELLED')
    expect(await balance()).toBe(1_000)
    expect((await order()).changes).toHaveLength(1)
  })
})

describe('changes while another one is open', () => {
  it('are refused with Retry-After, and possible again once it is finished', async () => {
    system.toBilling.behave('hang')
    const pending = await reprice(400, 'k')
    expect(pending.status).toBe(202)
    expect(pending.headers['retry-after']).toBe('1')
    expect(pending.headers['location']).toBe(`/orders/${orderId}`)
    const [other, cancelled] = [await reprice(500), await cancel()]
    for (const answer of [other, cancelled]) {
      expect([answer.status, answer.body.code]).toEqual([409, 'change-in-progress'])
      expect(answer.headers['retry-after']).toBe('1')
    }
    system.toBilling.behave('forward')
    await eventually(async () => expect((await order()).price).toBe(400))
    const settled = await reprice(400, 'k')
    expect([settled.status, settled.body.price]).toEqual([200, 400])
    expect((await cancel()).status).toBe(200)
    expect(await balance()).toBe(1_000)
  })

  it('are refused with Retry-After also while the order itself is undecided', async () => {
    system.toBilling.behave('hang')
    const placed = await api.post('/orders', { userId, price: 50 })
    expect([placed.status, placed.body.status]).toEqual([202, 'PENDING'])
    orderId = placed.body.id
    for (const answer of [await reprice(60), await cancel()]) {
      expect([answer.status, answer.body.code]).toEqual([409, 'order-undecided'])
      expect(answer.headers['retry-after']).toBe('1')
    }
    system.toBilling.behave('forward')
    await eventually(async () => expect((await order()).status).toBe('APPROVED'))
    expect((await cancel()).status).toBe(200)
  })

  it('wait while one is being finished, because the price that it leaves is theirs to begin at', async () => {
    const { sql, admin } = system.database
    const finishing = await sql.reserve()
    await finishing`begin`
    await finishing`set local idle_in_transaction_session_timeout = 0`
    // As the statement that finishes a change: others may still refer to the order.
    await finishing`select from orders where id = ${orderId} for no key update`
    const begun = reprice(400)
    let early: unknown
    void begun.then(({ status, body }) => {
      early = { status, body }
    })
    await eventually(async () => {
      expect(early).toBeUndefined()
      const waiting = await admin`
        select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
      expect(waiting).toHaveLength(1)
    })
    expect(await admin`select from order_changes where order_id = ${orderId}`).toEqual([])
    await finishing`commit`
    finishing.release()
    expect((await begun).status).toBe(200)
  })

  it('race for one order without losing a unit: re-prices, cancels and repeats on two replicas', async () => {
    const replica = await system.startReplica()
    const clients = [api, replica.api]
    await Promise.all(
      Array.from({ length: 24 }, async (_, index) => {
        const client = clients[index % 2] as Api
        for (let attempt = 0; attempt < 4; attempt += 1) {
          const answer =
            index % 8 === 7
              ? await client.delete(`/orders/${orderId}`)
              : await client.patch(
                  `/orders/${orderId}`,
                  { price: 200 + index },
                  { key: `${index}` },
                )
          if (answer.body?.code !== 'change-in-progress') break
        }
      }),
    )
    await eventually(async () => {
      const now = await order()
      expect(now.changes.every((change: { status: string }) => change.status !== 'PENDING')).toBe(
        true,
      )
      expect(await balance()).toBe(now.status === 'CANCELLED' ? 1_000 : 1_000 - now.price)
    })
  })
})
