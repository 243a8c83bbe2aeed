import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Api, RequestOptions } from '../../../test/lab/http.ts'
import { mintToken } from '../../../test/lab/issuer.ts'
import { ask, lines } from '../../../test/lab/raw-http.ts'
import { openAccount, startBilling, type RunningService } from '../../../test/lab/service.ts'
import { learn } from '../../../test/lab/strangers.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

let system: Awaited<ReturnType<typeof startBilling>>
/** A replica in which only tellers put money on accounts. */
let bank: RunningService
let api: Api
let owner: string
let stranger: string
let operator: { readonly id: string; readonly roles: readonly string[] }
let teller: typeof operator
beforeAll(async () => {
  system = await startBilling()
  bank = await system.startReplica({ DEPOSITS_BY: 'teller' })
  api = system.billing.api
  stranger = await openAccount(system.billing, 1_000)
})
beforeEach(async () => {
  operator = { id: uuidv7(), roles: ['operator'] }
  teller = { id: uuidv7(), roles: ['teller'] }
  owner = await openAccount(system.billing, 1_000)
})

const path = (userId: string, what: string) => `/billing/accounts/${userId}/${what}`
const move = (what: string, amount: number, options: RequestOptions, at: Api = api) =>
  at.post(path(owner, what), { amount }, options)
const balance = async () =>
  (await api.get(`/billing/accounts/${owner}`, { as: owner })).body.balance
/** Everything that a stranger could have changed. */
const kept = async () => ({
  accounts: await system.database.sql`select * from accounts order by user_id`,
  operations: await system.database.sql`select * from operations order by id`,
})
const keys = async () => {
  const rows = await system.database.sql`
    select key from operations where user_id = ${owner} and key is not null order by seq`
  return rows.map(({ key }) => key)
}

describe('an account of somebody else', () => {
  type Ask = (id: string, as: RequestOptions['as']) => ReturnType<Api['get']>
  const requests: [string, Ask][] = [
    ['read', (id, as) => api.get(`/billing/accounts/${id}`, { as })],
    ['listed', (id, as) => api.get(path(id, 'operations'), { as })],
    ['charged', (id, as) => api.post(path(id, 'withdraw'), { amount: 5 }, { as })],
    [
      'charged with a key of the owner',
      (id, as) => api.post(path(id, 'withdraw'), { amount: 7 }, { as, key: 'k' }),
    ],
    [
      'charged with a key of the owner, another amount',
      (id, as) => api.post(path(id, 'withdraw'), { amount: 8 }, { as, key: 'k' }),
    ],
    ['filled', (id, as) => api.post(path(id, 'deposit'), { amount: 5 }, { as, key: 'fresh' })],
    [
      'filled at a bank',
      (id, as) => bank.api.post(path(id, 'deposit'), { amount: 5 }, { as, key: 'fresh' }),
    ],
  ]

  it.each(requests)(
    'is answered as none that exists when it is %s, and stays',
    async (_, request) => {
      await move('withdraw', 7, { as: owner, key: 'k' })
      const before = await kept()
      const asStranger = (id: string) => request(id, stranger)
      const theirs = await learn(owner, asStranger)
      expect(theirs).toEqual(await learn(uuidv7(), asStranger))
      expect([theirs.status, theirs.statements]).toEqual([404, []])
      expect(theirs.text).toContain('account-not-found')
      expect(await kept()).toEqual(before)
    },
  )

  it.each(requests.filter(([what]) => what !== 'filled at a bank'))(
    'is out of reach of a teller, too, when it is %s',
    async (_, request) => {
      const asTeller = (id: string) => request(id, teller)
      expect(await learn(owner, asTeller)).toEqual(await learn(uuidv7(), asTeller))
      expect(await balance()).toBe(1_000)
    },
  )

  it('leaves no key behind: it is new for its owner', async () => {
    await move('deposit', 5, { as: stranger, key: 'k' })
    const { status, headers } = await move('withdraw', 6, { as: owner, key: 'k' })
    expect([status, headers['idempotency-replayed']]).toEqual([200, undefined])
  })
})

describe('a deposit', () => {
  it('at a bank is no owner’s to make, and that is stored under no key', async () => {
    for (const key of ['k', undefined]) {
      const { status, body } = await move(
        'deposit',
        5,
        { as: owner, ...(key && { key }) },
        bank.api,
      )
      expect([status, body.code]).toEqual([403, 'forbidden'])
    }
    expect([await balance(), await keys()]).toEqual([1_000, []])
    expect((await move('deposit', 5, { as: owner, key: 'k' })).status).toBe(200)
  })

  it('at a bank is a teller’s, on any account, and each teller has keys of their own', async () => {
    const first = await move('deposit', 5, { as: teller, key: 'k' }, bank.api)
    const again = await move('deposit', 5, { as: teller, key: 'k' }, bank.api)
    expect([first.status, again.text]).toEqual([200, first.text])
    const other = await move('deposit', 5, { as: { ...teller, id: uuidv7() }, key: 'k' }, bank.api)
    expect(other.headers['idempotency-replayed']).toBeUndefined()
    expect(await balance()).toBe(1_010)
  })

  it('at a bank is told to a teller as what it is when there is no such account', async () => {
    const answer = await bank.api.post(path(uuidv7(), 'deposit'), { amount: 5 }, { as: teller })
    expect([answer.status, answer.body.code]).toEqual([404, 'account-not-found'])
  })

  it('at a bank is written down when a teller makes it, and so is who and on what', async () => {
    const actsOf = async (id: string) =>
      (await bank.api.get(`/acts/billing?operator=${id}`, { as: operator })).body.items
    const requestId = 'a-deposit-of-a-teller'
    const request = { as: teller, headers: { 'x-request-id': requestId } }
    expect((await move('deposit', 5, request, bank.api)).status).toBe(200)
    expect(await actsOf(teller.id)).toMatchObject([
      {
        operator: teller.id,
        method: 'POST',
        route: '/billing/accounts/{userId}/deposit',
        target: path(owner, 'deposit'),
        subject: owner,
        requestId,
      },
    ])
    // By the role as well, for no owner may.
    const own = { id: owner, roles: ['teller'] }
    expect((await move('deposit', 5, { as: own }, bank.api)).status).toBe(200)
    expect(await actsOf(owner)).toHaveLength(1)
  })

  it('at a bank is not made when it cannot be written down', async () => {
    await system.database.admin`alter table operator_acts rename to lost_acts`
    try {
      expect((await move('deposit', 5, { as: teller }, bank.api)).status).toBe(503)
    } finally {
      await system.database.admin`alter table lost_acts rename to operator_acts`
    }
    expect(await balance()).toBe(1_000)
  })

  it('is a teller’s own matter where no role is needed, like all else that is theirs', async () => {
    const own = { id: owner, roles: ['teller'] }
    await move('deposit', 5, { as: own })
    await bank.api.get(`/billing/accounts/${owner}`, { as: own })
    await move('withdraw', 5, { as: own }, bank.api)
    expect(await balance()).toBe(1_000)
    const rows = await system.database.sql`select from operator_acts where operator = ${owner}`
    expect(rows).toHaveLength(0)
  })

  it.each([
    ['everywhere', () => api],
    ['at a bank', () => bank.api],
  ])('is an operator’s %s', async (_where, at) => {
    expect((await move('deposit', 5, { as: operator }, at())).status).toBe(200)
    expect(await balance()).toBe(1_005)
  })

  it('gives a teller no other right at a bank', async () => {
    const answers = [
      await move('withdraw', 5, { as: teller }, bank.api),
      await bank.api.get(`/billing/accounts/${owner}`, { as: teller }),
      await bank.api.get(path(owner, 'operations'), { as: teller }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404])
    expect((await bank.api.get('/acts/billing', { as: teller })).status).toBe(403)
  })
})

describe('an operator', () => {
  it('reads and charges the account of anybody', async () => {
    const read = await api.get(`/billing/accounts/${owner}`, { as: operator })
    expect([read.status, read.body.balance]).toEqual([200, 1_000])
    expect((await move('withdraw', 30, { as: operator })).status).toBe(200)
    const { body } = await api.get(path(owner, 'operations'), { as: operator })
    expect(body.items).toMatchObject([{ kind: 'WITHDRAW', amount: 30 }, { kind: 'DEPOSIT' }])
  })

  it('has keys of their own, which no owner’s answers', async () => {
    const theirs = await move('withdraw', 10, { as: owner, key: 'k' })
    const ours = await move('withdraw', 20, { as: operator, key: 'k' })
    const repeats = [
      await move('withdraw', 10, { as: owner, key: 'k' }),
      await move('withdraw', 20, { as: operator, key: 'k' }),
    ]
    expect(repeats.map(({ text }) => text)).toEqual([theirs.text, ours.text])
    expect(repeats.map(({ headers }) => headers['idempotency-replayed'])).toEqual(['true', 'true'])
    expect((await move('withdraw', 21, { as: operator, key: 'k' })).status).toBe(422)
    expect(await keys()).toEqual(['k', `${operator.id} k`])
    expect(await balance()).toBe(970)
  })

  it('with an account of their own keeps the keys of before', async () => {
    const first = await move('withdraw', 10, { as: owner, key: 'k' })
    const again = await move('withdraw', 10, { as: { id: owner, roles: ['operator'] }, key: 'k' })
    expect([again.text, again.headers['idempotency-replayed']]).toEqual([first.text, 'true'])
  })

  it('may use the longest key, also for a refusal and for an account that there is not', async () => {
    const key = 'k'.repeat(255)
    const refused = await move('withdraw', 5_000, { as: operator, key })
    expect([refused.status, (await move('withdraw', 5_000, { as: operator, key })).text]).toEqual([
      402,
      refused.text,
    ])
    const nobody = path(uuidv7(), 'withdraw')
    const first = await api.post(nobody, { amount: 5 }, { as: operator, key })
    const again = await api.post(nobody, { amount: 5 }, { as: operator, key })
    expect([first.status, again.text]).toEqual([404, first.text])
    expect(again.headers['idempotency-replayed']).toBe('true')
  })
})

describe('a token that was refreshed', () => {
  it('gets the answers of the one before', async () => {
    const as = async () => ({ token: mintToken({ sub: owner }) })
    const first = await move('withdraw', 10, { as: await as(), key: 'k' })
    const again = await move('withdraw', 10, { as: await as(), key: 'k' })
    expect([again.text, again.headers['idempotency-replayed']]).toEqual([first.text, 'true'])
  })
})

describe('the routes of services', () => {
  const refund = { amount: 5, withdrawal: 'paid' }
  const requests: [string, string, string, () => object][] = [
    [
      'opens an account',
      'user',
      '/billing/accounts',
      () => ({ userId: uuidv7(), email: 'm@example.com' }),
    ],
    [
      'takes the price of orders',
      'order',
      '/billing/withdrawals',
      () => ({ withdrawals: [{ userId: owner, key: 'saga:1', amount: 5, requestId: 'r' }] }),
    ],
  ]
  const others = (caller: string): RequestOptions['as'][] => [
    'nobody',
    owner,
    operator,
    teller,
    { service: caller === 'user' ? 'order' : 'user' },
  ]

  it.each(requests)('let only the one service in that %s: %s', async (_, caller, to, body) => {
    for (const as of others(caller)) {
      const before = await kept()
      const { status, body: problem } = await api.post(to, body(), { as })
      expect([as, status, problem.code]).toEqual([as, 401, 'unauthenticated'])
      expect(await kept()).toEqual(before)
    }
  })

  it.each([
    ['/%62illing/accounts', 404],
    ['/billing/%61ccounts', 404],
    ['/billing/./accounts', 404],
    ['/x/../billing/accounts', 404],
    ['/billing/accounts/', 404],
    ['//billing/accounts', 404],
    ['/billing/accounts?', 401],
    ['http://localhost/billing/accounts', 401],
  ])('cannot be reached by another spelling: %s', async (target, status) => {
    const body = JSON.stringify({ userId: uuidv7(), email: 'm@example.com' })
    const before = await kept()
    const answer = await ask(
      Number(new URL(system.billing.url).port),
      lines(
        `POST ${target} HTTP/1.1`,
        'Host: localhost',
        'Content-Type: application/json',
        `Content-Length: ${body.length}`,
        'Connection: close',
      ) + body,
    )
    expect([answer.status, await kept()]).toEqual([status, before])
  })

  it('let only order give money back', async () => {
    await move('withdraw', 5, { as: owner, key: 'paid' })
    for (const as of others('order')) {
      const { status } = await api.post(path(owner, 'refund'), refund, { as, key: 'back' })
      expect([as, status]).toEqual([as, 401])
    }
    expect(await balance()).toBe(995)
    const back = { as: { service: 'order' as const }, key: 'back' }
    expect((await api.post(path(owner, 'refund'), refund, back)).status).toBe(200)
    expect(await keys()).toEqual(['paid', 'back'])
  })
})

describe('what an operator asks billing for', () => {
  it('is written down with the account that it is about, and listed', async () => {
    await api.get(`/billing/accounts/${owner}`, { as: operator })
    await move('withdraw', 5, { as: operator })
    const { body } = await api.get(`/acts/billing?subject=${owner}`, { as: operator })
    expect(body.items).toMatchObject([
      {
        operator: operator.id,
        method: 'POST',
        route: '/billing/accounts/{userId}/withdraw',
        target: path(owner, 'withdraw'),
        subject: owner,
      },
      { method: 'GET', route: '/billing/accounts/{userId}' },
    ])
  })

  it('is not done when it cannot be written down', async () => {
    const { sql, asService } = system.database
    const [role] = await asService`select current_user as name`
    await sql`revoke insert on operator_acts from ${sql(role?.['name'])}`
    const refused = await move('withdraw', 5, { as: operator })
    await sql`grant insert on operator_acts to ${sql(role?.['name'])}`
    expect([refused.status, await balance()]).toEqual([503, 1_000])
  })
})
