import { beforeAll, describe, expect, it } from 'vitest'
import type { Api } from '../../../test/lab/http.ts'
import { openAccount, startBilling } from '../../../test/lab/service.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

type Billing = Awaited<ReturnType<typeof startBilling>>

let system: Billing
let api: Api
beforeAll(async () => {
  system = await startBilling()
  api = system.billing.api
})

const account = (balance?: number) => openAccount(system.billing, balance)
const balanceOf = async (userId: string): Promise<number> =>
  (await api.get(`/billing/accounts/${userId}`)).body.balance
const rowsOf = async (userId: string): Promise<number> =>
  (await system.database.sql`select 1 from operations where user_id = ${userId}`).length
const path = (userId: string, what: string) => `/billing/accounts/${userId}/${what}`
const maxAmount = Number.MAX_SAFE_INTEGER

describe('an account', () => {
  it('is opened empty, and a repeat answers the same although money came meanwhile', async () => {
    const body = { userId: uuidv7(), email: 'masha@example.com' }
    const first = await api.post('/billing/accounts', body)
    await api.post(path(body.userId, 'deposit'), { amount: 5 })
    const second = await api.post('/billing/accounts', body)
    expect([first.status, second.status]).toEqual([201, 200])
    expect(first.body).toMatchObject({ ...body, balance: 0 })
    expect(second.body).toEqual(first.body)
    expect(await balanceOf(body.userId)).toBe(5)
  })

  it('is not opened again with another address', async () => {
    const body = { userId: uuidv7(), email: 'masha@example.com' }
    await api.post('/billing/accounts', body)
    const other = await api.post('/billing/accounts', { ...body, email: 'pasha@example.com' })
    expect([other.status, other.body.code]).toEqual([409, 'account-differs'])
    const { body: found } = await api.get(`/billing/accounts/${body.userId}`)
    expect(found.email).toBe('masha@example.com')
  })

  it('is opened once when 16 ask at the same time', async () => {
    const body = { userId: uuidv7(), email: 'masha@example.com' }
    const ask = () => api.post('/billing/accounts', body)
    const answers = await Promise.all(Array.from({ length: 16 }, ask))
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1)
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1)
  })

  it('that does not exist is not found by any route', async () => {
    const userId = uuidv7()
    const answers = await Promise.all([
      api.get(`/billing/accounts/${userId}`),
      api.get(path(userId, 'operations')),
      api.post(path(userId, 'deposit'), { amount: 1 }),
      api.post(path(userId, 'withdraw'), { amount: 1 }),
      api.post(path(userId, 'refund'), { amount: 1, withdrawal: 'k' }),
    ])
    for (const { status, body } of answers) {
      expect([status, body.code]).toEqual([404, 'account-not-found'])
    }
  })

  it('is the same account, however its id is written', async () => {
    const userId = await account(10)
    const { status, body } = await api.get(`/billing/accounts/${userId.toUpperCase()}`)
    expect([status, body.userId, body.balance]).toEqual([200, userId, 10])
  })
})

describe('a deposit', () => {
  it('adds to the balance and answers with the operation and the account right after it', async () => {
    const userId = await account(100)
    const { status, body } = await api.post(path(userId, 'deposit'), { amount: 250 })
    expect(status).toBe(200)
    expect(body.operation).toMatchObject({
      userId,
      kind: 'DEPOSIT',
      amount: 250,
      status: 'DONE',
      reason: null,
      balanceAfter: 350,
    })
    expect(body.account).toMatchObject({ userId, balance: 350 })
    expect(await balanceOf(userId)).toBe(350)
  })

  it('writes a letter that is there when the answer comes', async () => {
    const userId = await account()
    await api.post(path(userId, 'deposit'), { amount: 123_456 })
    const { body } = await system.notification.api.get(`/notifications?userId=${userId}`)
    expect(body.items).toMatchObject([{ kind: 'DEPOSIT', amount: 123_456, orderId: null }])
    expect(body.items[0].email).toBe(`${userId}@example.com`)
  })

  it('may fill the account to 2^53 - 1 and no further, and that refusal is stored', async () => {
    const userId = await account(maxAmount - 1)
    const over = await api.post(path(userId, 'deposit'), { amount: 2 }, { key: 'over' })
    expect([over.status, over.body.code]).toEqual([409, 'balance-limit'])
    await api.post(path(userId, 'withdraw'), { amount: 1_000 })
    const again = await api.post(path(userId, 'deposit'), { amount: 2 }, { key: 'over' })
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(again.text).toBe(over.text)
    const exact = await api.post(path(userId, 'deposit'), { amount: 1_001 })
    expect(exact.body.account.balance).toBe(maxAmount)
    expect(await balanceOf(userId)).toBe(maxAmount)
  })
})

describe('a withdrawal', () => {
  it('takes what is there, to the last kopeck', async () => {
    const userId = await account(100)
    const { status, body } = await api.post(path(userId, 'withdraw'), { amount: 100 })
    expect([status, body.account.balance, body.operation.kind]).toEqual([200, 0, 'WITHDRAW'])
    expect(await balanceOf(userId)).toBe(0)
  })

  it('of more than there is takes nothing, and the answer shows the refusal and the account', async () => {
    const userId = await account(100)
    const { status, body } = await api.post(path(userId, 'withdraw'), { amount: 101 })
    expect([status, body.code]).toEqual([402, 'insufficient-funds'])
    expect(body.operation).toMatchObject({
      kind: 'WITHDRAW',
      amount: 101,
      status: 'REFUSED',
      reason: 'insufficient-funds',
      balanceAfter: 100,
    })
    expect(body.account).toMatchObject({ userId, balance: 100 })
    expect(await balanceOf(userId)).toBe(100)
  })

  it('of 2^53 - 1 passes when the account holds that much', async () => {
    const userId = await account(maxAmount)
    const { status } = await api.post(path(userId, 'withdraw'), { amount: maxAmount })
    expect([status, await balanceOf(userId)]).toEqual([200, 0])
  })

  it('without a key is a new one each time', async () => {
    const userId = await account(100)
    await api.post(path(userId, 'withdraw'), { amount: 30 })
    await api.post(path(userId, 'withdraw'), { amount: 30 })
    expect(await balanceOf(userId)).toBe(40)
  })
})

describe('a key', () => {
  it.each([
    ['deposit', 200, { amount: 7 }],
    ['withdraw', 200, { amount: 7 }],
    ['withdraw', 402, { amount: 5_000 }],
    ['refund', 200, { amount: 7, withdrawal: 'paid' }],
    ['refund', 409, { amount: 5_000, withdrawal: 'paid' }],
  ])('makes %s with %i the same answer for ever', async (what, status, body) => {
    const userId = await account(1_000)
    await api.post(path(userId, 'withdraw'), { amount: 500 }, { key: 'paid' })
    const first = await api.post(path(userId, what), body, { key: 'k' })
    await api.post(path(userId, 'deposit'), { amount: 100_000 })
    await api.post(path(userId, 'withdraw'), { amount: 3 })
    const balance = await balanceOf(userId)
    const second = await api.post(path(userId, what), body, { key: 'k' })
    expect(first.status).toBe(status)
    expect(first.headers['idempotency-replayed']).toBeUndefined()
    expect(second.status).toBe(status)
    expect(second.headers['idempotency-replayed']).toBe('true')
    expect(second.text).toBe(first.text)
    expect(await balanceOf(userId)).toBe(balance)
  })

  it('means the same with quotes around it, as the IETF draft writes it', async () => {
    const userId = await account()
    const first = await api.post(path(userId, 'deposit'), { amount: 7 }, { key: 'k-1' })
    const second = await api.post(path(userId, 'deposit'), { amount: 7 }, { key: '"k-1"' })
    expect([second.text, await balanceOf(userId)]).toEqual([first.text, 7])
  })

  it.each([
    ['another amount', 'withdraw', { amount: 8 }],
    ['another operation', 'deposit', { amount: 7 }],
    ['a refund', 'refund', { amount: 7, withdrawal: 'k' }],
  ])('with %s is refused and changes nothing', async (_what, other, body) => {
    const userId = await account(1_000)
    await api.post(path(userId, 'withdraw'), { amount: 7 }, { key: 'k' })
    const before = await rowsOf(userId)
    const answer = await api.post(path(userId, other), body, { key: 'k' })
    expect([answer.status, answer.body.code]).toEqual([422, 'idempotency-key-reused'])
    expect([await balanceOf(userId), await rowsOf(userId)]).toEqual([993, before])
  })

  it('belongs to its account: on another account it is new, and tells nothing about the first', async () => {
    const [masha, pasha] = [await account(1_000), await account(1_000)]
    const hers = await api.post(path(masha, 'withdraw'), { amount: 7 }, { key: 'k' })
    const his = await api.post(path(pasha, 'withdraw'), { amount: 900 }, { key: 'k' })
    expect([his.status, his.headers['idempotency-replayed']]).toEqual([200, undefined])
    expect(his.text).not.toContain(masha)
    expect(his.body.operation.id).not.toBe(hers.body.operation.id)
    expect([await balanceOf(masha), await balanceOf(pasha)]).toEqual([993, 100])
  })

  it('is also known to another replica, and after a restart', async () => {
    const userId = await account(1_000)
    const first = await api.post(path(userId, 'withdraw'), { amount: 7 }, { key: 'k' })
    const refused = await api.post(path(userId, 'withdraw'), { amount: 7_000 }, { key: 'r' })
    const replica = await system.startReplica()
    const again = await replica.api.post(path(userId, 'withdraw'), { amount: 7 }, { key: 'k' })
    const still = await replica.api.post(path(userId, 'withdraw'), { amount: 7_000 }, { key: 'r' })
    expect([again.text, still.text]).toEqual([first.text, refused.text])
    expect(await balanceOf(userId)).toBe(993)
  })
})

describe('a refusal', () => {
  it('of a withdrawal stays one for its late duplicate, although money came meanwhile', async () => {
    const userId = await account(10)
    const first = await api.post(path(userId, 'withdraw'), { amount: 50 }, { key: 'late' })
    await api.post(path(userId, 'deposit'), { amount: 1_000 })
    const late = await api.post(path(userId, 'withdraw'), { amount: 50 }, { key: 'late' })
    expect([first.status, late.status]).toEqual([402, 402])
    expect(late.text).toBe(first.text)
    expect(await balanceOf(userId)).toBe(1_010)
  })

  it('for want of an account stays one after the account was opened', async () => {
    const userId = uuidv7()
    const first = await api.post(path(userId, 'withdraw'), { amount: 5 }, { key: 'early' })
    await api.post('/billing/accounts', { userId, email: 'masha@example.com' })
    await api.post(path(userId, 'deposit'), { amount: 100 })
    const late = await api.post(path(userId, 'withdraw'), { amount: 5 }, { key: 'early' })
    expect([first.status, first.body.code]).toEqual([404, 'account-not-found'])
    expect(late.status).toBe(404)
    expect(late.headers['idempotency-replayed']).toBe('true')
    expect(late.text).toBe(first.text)
    const other = await api.post(path(userId, 'withdraw'), { amount: 6 }, { key: 'early' })
    expect(other.status).toBe(422)
    expect(await balanceOf(userId)).toBe(100)
  })

  it('without a key is not stored when there is no account, however often it is sent', async () => {
    const userId = uuidv7()
    for (const what of ['deposit', 'withdraw', 'withdraw']) {
      const { status, body } = await api.post(path(userId, what), { amount: 5 })
      expect([status, body.code]).toEqual([404, 'account-not-found'])
    }
    expect(await rowsOf(userId)).toBe(0)
    await api.post(path(userId, 'deposit'), { amount: 5 }, { key: 'k' })
    expect(await rowsOf(userId)).toBe(1)
  })

  it('is not on the statement, because it moved no money', async () => {
    const userId = await account(10)
    await api.post(path(userId, 'withdraw'), { amount: 50 }, { key: 'refused' })
    const { body } = await api.get(path(userId, 'operations'))
    expect(body.items.map((item: { kind: string }) => item.kind)).toEqual(['DEPOSIT'])
  })
})
