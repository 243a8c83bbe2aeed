import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Api, RequestOptions } from '../../../test/lab/http.ts'
import { mintToken } from '../../../test/lab/issuer.ts'
import { openAccount, startWithBilling, type WithBilling } from '../../../test/lab/service.ts'
import { learn } from '../../../test/lab/strangers.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

let system: WithBilling
let api: Api
let owner: string
let stranger: string
let operator: { readonly id: string; readonly roles: readonly string[] }
let orderId: string
beforeAll(async () => {
  system = await startWithBilling('order')
  api = system.service.api
  stranger = await openAccount(system.billing, 1_000)
})
beforeEach(async () => {
  operator = { id: uuidv7(), roles: ['operator'] }
  owner = await openAccount(system.billing, 1_000)
  orderId = (await place(300, { key: 'first' })).body.id
})

const place = (price: number, options?: RequestOptions) =>
  api.post('/orders', { userId: owner, price }, options)
const balance = async () =>
  (await system.billing.api.get(`/billing/accounts/${owner}`, { as: owner })).body.balance
/** Waits until the last letter is noted: that happens after the answer. */
const quiet = () =>
  eventually(async () => {
    const due = await system.database.sql`
      select from orders where due_at is not null
      union all select from order_changes where due_at is not null`
    expect(due).toHaveLength(0)
  })
/** Everything that a stranger could have changed. */
const kept = async () => {
  await quiet()
  return {
    orders: await system.database.sql`select * from orders order by id`,
    changes: await system.database.sql`select * from order_changes order by id`,
  }
}
const keys = async (table: 'orders' | 'order_changes') => {
  const rows = await system.database.sql`
    select idempotency_key as key from ${system.database.sql(table)} where user_id = ${owner}
    order by id`
  return rows.map(({ key }) => key)
}

describe('an order of somebody else', () => {
  const requests: [string, (id: string) => ReturnType<Api['get']>][] = [
    ['is read', (id) => api.get(`/orders/${id}`, { as: stranger })],
    ['shows its changes', (id) => api.get(`/orders/${id}/changes`, { as: stranger })],
    [
      'shows a page of its changes',
      (id) => api.get(`/orders/${id}/changes?cursor=${uuidv7()}`, { as: stranger }),
    ],
    ['is re-priced', (id) => api.patch(`/orders/${id}`, { price: 5 }, { as: stranger })],
    [
      'is re-priced with a key of the owner',
      (id) => api.patch(`/orders/${id}`, { price: 400 }, { as: stranger, key: 'reprice' }),
    ],
    [
      'is re-priced with a key of the owner, to another price',
      (id) => api.patch(`/orders/${id}`, { price: 401 }, { as: stranger, key: 'reprice' }),
    ],
    ['is cancelled', (id) => api.delete(`/orders/${id}`, { as: stranger })],
  ]

  it.each(requests)('is answered as none that exists when it %s, and stays', async (_, ask) => {
    await api.patch(`/orders/${orderId}`, { price: 400 }, { as: owner, key: 'reprice' })
    const before = await kept()
    const theirs = await learn(orderId, ask)
    expect(theirs).toEqual(await learn(uuidv7(), ask))
    expect([theirs.status, theirs.statements.length]).toEqual([404, 1])
    expect(await kept()).toEqual(before)
  })

  it.each(requests.slice(0, 2))(
    'that is cancelled is answered so too when it %s',
    async (_, ask) => {
      await api.delete(`/orders/${orderId}`, { as: owner })
      await quiet()
      expect(await learn(orderId, ask)).toEqual(await learn(uuidv7(), ask))
    },
  )

  it('that is cancelled cannot be cancelled again by a stranger to see its answer', async () => {
    await api.delete(`/orders/${orderId}`, { as: owner })
    await quiet()
    const ask = (id: string) => api.delete(`/orders/${id}`, { as: stranger })
    expect(await learn(orderId, ask)).toEqual(await learn(uuidv7(), ask))
  })

  it('keeps nobody waiting: a stranger locks nothing, and waits for no lock', async () => {
    const other = await system.database.sql.reserve()
    await other`start transaction`
    await other`select from orders where id = ${orderId} for update`
    const { status } = await api.delete(`/orders/${orderId}`, { as: stranger, timeoutMs: 1_000 })
    await other`rollback`
    other.release()
    expect(status).toBe(404)
  })
})

describe('an order for somebody else', () => {
  it.each([undefined, 'k'])(
    'is answered as for nobody, and nothing is stored, with key %s',
    async (key) => {
      const before = await kept()
      const ask = (userId: string) =>
        api.post('/orders', { userId, price: 5 }, { as: stranger, ...(key ? { key } : {}) })
      const theirs = await learn(owner, ask)
      expect(theirs).toEqual(await learn(uuidv7(), ask))
      expect([theirs.status, theirs.statements]).toEqual([404, []])
      expect(theirs.text).toContain('user-not-found')
      expect([await kept(), await balance()]).toEqual([before, 700])
    },
  )

  it('leaves its key free, for the stranger and for the owner', async () => {
    await place(5, { as: stranger, key: 'k' })
    const own = await api.post(
      '/orders',
      { userId: stranger, price: 6 },
      { as: stranger, key: 'k' },
    )
    const theirs = await place(7, { as: owner, key: 'k' })
    expect([own.status, theirs.status]).toEqual([201, 201])
    expect(await keys('orders')).toEqual(['first', 'k'])
  })
})

describe('an order without a user', () => {
  it.each([
    ['a person', () => ({ id: owner, roles: [] })],
    ['an operator', () => ({ id: owner, roles: ['operator'] })],
  ])('is that of who asks: %s', async (_who, as) => {
    const { status, body } = await api.post('/orders', { price: 30 }, { as: as() })
    expect([status, body.userId]).toEqual([201, owner])
    expect(await balance()).toBe(670)
  })
})

describe('an operator', () => {
  it('reads, re-prices and cancels the order of anybody', async () => {
    const read = await api.get(`/orders/${orderId}`, { as: operator })
    expect([read.status, read.body.userId]).toEqual([200, owner])
    const repriced = await api.patch(`/orders/${orderId}`, { price: 400 }, { as: operator })
    expect([repriced.status, await balance()]).toEqual([200, 600])
    const changes = await api.get(`/orders/${orderId}/changes`, { as: operator })
    expect(changes.body.items).toHaveLength(1)
    const cancelled = await api.delete(`/orders/${orderId}`, { as: operator })
    expect([cancelled.status, await balance()]).toEqual([200, 1_000])
    const again = await api.delete(`/orders/${orderId}`, { as: owner })
    expect(again.text).toBe(cancelled.text)
  })

  it('orders for anybody, and their key is not the owner’s', async () => {
    const theirs = await place(100, { as: owner, key: 'k' })
    const ours = await place(200, { as: operator, key: 'k' })
    expect([theirs.status, ours.status]).toEqual([201, 201])
    expect(ours.body).toMatchObject({ userId: owner, price: 200 })
    const repeats = [
      await place(100, { as: owner, key: 'k' }),
      await place(200, { as: operator, key: 'k' }),
    ]
    expect(repeats.map(({ text }) => text)).toEqual([theirs.text, ours.text])
    expect(repeats.map(({ headers }) => headers['idempotency-replayed'])).toEqual(['true', 'true'])
    const other = await place(100, { as: { id: uuidv7(), roles: ['operator'] }, key: 'k' })
    expect(other.headers['idempotency-replayed']).toBeUndefined()
    expect(await keys('orders')).toEqual(['first', 'k', `${operator.id} k`, expect.any(String)])
    expect(await balance()).toBe(300)
  })

  it('re-prices with a key that is not the owner’s', async () => {
    const reprice = (price: number, as: RequestOptions['as']) =>
      api.patch(`/orders/${orderId}`, { price }, { as, key: 'k' })
    const theirs = await reprice(400, owner)
    const ours = await reprice(500, operator)
    expect([theirs.status, ours.status]).toEqual([200, 200])
    const repeats = [await reprice(400, owner), await reprice(500, operator)]
    expect(repeats.map(({ text }) => text)).toEqual([theirs.text, ours.text])
    expect((await reprice(501, operator)).body.code).toBe('idempotency-key-reused')
    expect(await keys('order_changes')).toEqual(['k', `${operator.id} k`])
    expect(await balance()).toBe(500)
  })

  it('who owns an order keeps the keys of before', async () => {
    const promoted = { id: owner, roles: ['operator'] }
    const price = { price: 400 }
    const first = await api.patch(`/orders/${orderId}`, price, { as: owner, key: 'k' })
    const again = await api.patch(`/orders/${orderId}`, price, { as: promoted, key: 'k' })
    expect([again.text, again.headers['idempotency-replayed']]).toEqual([first.text, 'true'])
    const placed = await place(300, { as: promoted, key: 'first' })
    expect([placed.body.id, placed.headers['idempotency-replayed']]).toEqual([orderId, 'true'])
  })

  it('may use the longest key, for an order and for a change', async () => {
    const key = 'k'.repeat(255)
    const first = await place(10, { as: operator, key })
    const again = await place(10, { as: operator, key })
    expect([first.status, again.text]).toEqual([201, first.text])
    const path = `/orders/${first.body.id}`
    const changed = await api.patch(path, { price: 20 }, { as: operator, key })
    const repeated = await api.patch(path, { price: 20 }, { as: operator, key })
    expect([changed.status, repeated.text]).toEqual([200, changed.text])
  })
})

describe('a token that was refreshed', () => {
  it('gets the answers of the one before', async () => {
    const as = async () => ({ token: mintToken({ sub: owner }) })
    const [before, after] = [await as(), await as()]
    expect(after.token).not.toBe(before.token)
    const first = await place(10, { as: before, key: 'k' })
    const again = await place(10, { as: after, key: 'k' })
    expect([again.text, again.headers['idempotency-replayed']]).toEqual([first.text, 'true'])
  })
})

describe('a list of orders', () => {
  const list = async (query: string, as: RequestOptions['as']) =>
    (await api.get(`/orders?${query}`, { as })).body
  const idsIn = ({ items }: { items: { id: string }[] }) => items.map(({ id }) => id)

  it('without a user is the caller’s own', async () => {
    expect(idsIn(await list('', owner))).toEqual([orderId])
    expect(await list('', owner)).toEqual(await list(`userId=${owner}`, owner))
  })

  it('of somebody else is as empty as that of nobody', async () => {
    await quiet()
    const ask = (userId: string) => api.get(`/orders?userId=${userId}`, { as: stranger })
    const theirs = await learn(owner, ask)
    expect(theirs).toEqual(await learn(uuidv7(), ask))
    expect([theirs.text, theirs.statements]).toEqual(['{"items":[],"next":null}', ['list orders']])
  })

  it('shows nobody else’s orders to who takes a cursor from elsewhere', async () => {
    const later = (await place(5, { as: owner })).body.id
    expect(idsIn(await list(`cursor=${later}`, stranger))).not.toContain(orderId)
  })

  it('shows an operator those of one user, or everybody’s, page by page', async () => {
    const other = await api.post('/orders', { userId: stranger, price: 5 }, { as: stranger })
    expect(idsIn(await list(`userId=${owner}`, operator))).toEqual([orderId])
    const first = await list('limit=1', operator)
    expect([idsIn(first), first.next]).toEqual([[other.body.id], other.body.id])
    expect(idsIn(await list(`limit=1&cursor=${first.next}`, operator))).toEqual([orderId])
  })
})

describe('what an operator asks order for', () => {
  const acts = async (query: string) =>
    (await api.get(`/acts/order?${query}`, { as: operator })).body

  it('is written down, also what is only read or refused, and listed for operators', async () => {
    await api.get(`/orders?userId=${owner}`, { as: operator })
    await api.delete(`/orders/${uuidv7()}`, { as: operator })
    await place(5, { as: operator })
    const { items } = await acts(`operator=${operator.id}`)
    expect(items.map(({ method, route }: Record<string, string>) => [method, route])).toEqual([
      ['GET', '/acts/order'],
      ['POST', '/orders'],
      ['DELETE', '/orders/{orderId}'],
      ['GET', '/orders'],
    ])
    const about = await acts(`operator=${operator.id}&subject=${owner}`)
    expect(about.items).toMatchObject([
      { operator: operator.id, method: 'POST', subject: owner, target: '/orders' },
      { method: 'GET', subject: owner, target: `/orders?userId=${owner}` },
    ])
  })

  it('is not done when it cannot be written down', async () => {
    const { sql, asService } = system.database
    const [role] = await asService`select current_user as name`
    await sql`revoke insert on operator_acts from ${sql(role?.['name'])}`
    const refused = await api.delete(`/orders/${orderId}`, { as: operator })
    await sql`grant insert on operator_acts to ${sql(role?.['name'])}`
    expect([refused.status, refused.body.code]).toEqual([503, 'unavailable'])
    expect((await api.get(`/orders/${orderId}`, { as: owner })).body.status).toBe('APPROVED')
  })

  it('stays written down, whoever wants it otherwise', async () => {
    await api.get(`/orders/${orderId}`, { as: operator })
    const { sql } = system.database
    await expect(sql`delete from operator_acts`).rejects.toThrow(/forbidden/)
    await expect(sql`update operator_acts set method = 'GET'`).rejects.toThrow(/forbidden/)
    await expect(sql`truncate operator_acts`).rejects.toThrow(/forbidden/)
  })

  it('is nothing that a person asks for, and nothing for a person to read', async () => {
    await api.get(`/orders/${orderId}`, { as: owner })
    expect((await acts(`operator=${owner}`)).items).toEqual([])
    const { status, body } = await api.get('/acts/order', { as: owner })
    expect([status, body.code]).toEqual([403, 'forbidden'])
  })
})
