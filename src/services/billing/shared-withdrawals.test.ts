import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Api } from '../../../test/lab/http.ts'
import { openAccount, startBilling } from '../../../test/lab/service.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

type Billing = Awaited<ReturnType<typeof startBilling>>

let system: Billing
let api: Api
let rich: string
let poor: string
beforeAll(async () => {
  system = await startBilling()
  api = system.billing.api
})
beforeEach(async () => {
  rich = await openAccount(system.billing, 1_000)
  poor = await openAccount(system.billing, 10)
})

interface Wanted {
  readonly userId: string
  readonly key: string
  readonly amount: number
  readonly reference?: string
}

const requestId = 'r-1'
const together = (wanted: readonly Wanted[]) =>
  api.post('/billing/withdrawals', {
    withdrawals: wanted.map((one) => ({ ...one, requestId })),
  })
const alone = ({ userId, key, amount }: Wanted) =>
  api.post(
    `/billing/accounts/${userId}/withdraw`,
    { amount },
    { key, headers: { 'x-request-id': requestId } },
  )
const balanceOf = async (userId: string): Promise<number> =>
  (await api.get(`/billing/accounts/${userId}`)).body.balance

describe('withdrawals that share a request', () => {
  it('are each answered as if they had come alone, and can be repeated alone', async () => {
    const wanted = [
      { userId: rich, key: uuidv7(), amount: 300 },
      { userId: poor, key: uuidv7(), amount: 300 },
      { userId: rich, key: uuidv7(), amount: 700 },
      { userId: poor, key: uuidv7(), amount: 10 },
    ]
    const { status, body } = await together(wanted)
    expect(status).toBe(200)
    const statuses = body.answers.map((answer: { status: number }) => answer.status)
    expect(statuses).toEqual([200, 402, 200, 200])
    expect([await balanceOf(rich), await balanceOf(poor)]).toEqual([0, 0])
    for (const [index, one] of wanted.entries()) {
      const repeat = await alone(one)
      expect({ status: repeat.status, body: repeat.body }).toEqual(body.answers[index])
      expect(repeat.headers['idempotency-replayed']).toBe('true')
    }
  })

  it('for an account that may still come are refused, and done when it was opened meanwhile', async () => {
    const one = { userId: uuidv7(), key: `saga:${uuidv7()}`, amount: 30 }
    const { body: early } = await together([one, one])
    for (const { status, body } of early.answers) {
      expect([status, body.code, body.requestId]).toEqual([404, 'account-not-found', requestId])
    }
    const { sql } = system.database
    expect(await sql`select from operations where user_id = ${one.userId}`).toHaveLength(0)
    await api.post('/billing/accounts', { userId: one.userId, email: 'masha@example.com' })
    await api.post(`/billing/accounts/${one.userId}/deposit`, { amount: 100 })
    expect((await together([one])).body.answers[0].status).toBe(200)
    expect(await balanceOf(one.userId)).toBe(70)
  })

  it('say with refunds which order they belong to, in the answer and on the account', async () => {
    const [orderId, changeId] = [uuidv7(), uuidv7()]
    const reference = `saga:${orderId}`
    const { body } = await together([
      { userId: rich, key: reference, amount: 30 },
      { userId: rich, key: `saga:${changeId}`, amount: 20, reference },
      { userId: rich, key: 'no-order', amount: 1 },
    ])
    const refunded = await api.post(
      `/billing/accounts/${rich}/refund`,
      { amount: 50, withdrawal: reference },
      { key: `saga:${uuidv7()}` },
    )
    const told = [...body.answers, refunded].map((answer) => answer.body.operation.orderId)
    expect(told).toEqual([orderId, orderId, null, orderId])
    const { body: page } = await api.get(`/billing/accounts/${rich}/operations`)
    const listed = page.items.map((item: { orderId: string | null }) => item.orderId)
    expect(listed).toHaveLength(told.length + 1)
    expect(listed.filter((id: string | null) => id === orderId)).toHaveLength(3)
  })

  it('are answered the same when all are sent once more', async () => {
    const wanted = [rich, poor].map((userId) => ({ userId, key: uuidv7(), amount: 100 }))
    const first = await together(wanted)
    const second = await together(wanted)
    expect(second.body).toEqual(first.body)
    expect([await balanceOf(rich), await balanceOf(poor)]).toEqual([900, 10])
  })

  it('are one withdrawal when they have one key, and a fault when they have one key and two prices', async () => {
    const one = { userId: rich, key: uuidv7(), amount: 100 }
    const { body } = await together([one, one, { ...one, amount: 101 }])
    const [first, second, third] = body.answers
    expect([first.status, second.status, third.status]).toEqual([200, 200, 422])
    expect(second.body).toEqual(first.body)
    expect(third.body).toMatchObject({ code: 'idempotency-key-reused', requestId })
    expect(await balanceOf(rich)).toBe(900)
  })

  it('empty a busy account exactly, and take no more', async () => {
    const wanted = Array.from({ length: 64 }, () => ({ userId: rich, key: uuidv7(), amount: 30 }))
    const { body } = await together(wanted)
    const statuses: number[] = body.answers.map((answer: { status: number }) => answer.status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(33)
    expect(statuses.filter((status) => status === 402)).toHaveLength(31)
    expect(await balanceOf(rich)).toBe(10)
  })

  const good = () => ({ userId: rich, key: uuidv7(), amount: 1, requestId })
  it.each([
    ['none at all', () => []],
    ['too many', () => Array.from({ length: 65 }, good)],
    ['one with a wrong amount', () => [good(), { ...good(), amount: 0 }]],
    ['one without a key', () => [good(), { ...good(), key: undefined }]],
    ['one with a key that is none', () => [good(), { ...good(), key: 'a b' }]],
    ['one with an unknown field', () => [good(), { ...good(), currency: 'RUB' }]],
    ['one for nobody', () => [good(), { ...good(), userId: 'masha' }]],
  ])('are refused as a whole when there is %s, and nothing is done', async (_what, withdrawals) => {
    const { status, body } = await api.post('/billing/withdrawals', { withdrawals: withdrawals() })
    expect([status, body.code]).toEqual([400, 'validation-failed'])
    expect(await balanceOf(rich)).toBe(1_000)
  })

  it('are refused when one of them has a field twice', async () => {
    const text = `{"withdrawals":[{"userId":"${rich}","key":"k","amount":1,"amount":2,"requestId":"r"}]}`
    const { status, body } = await api.send('POST', '/billing/withdrawals', text)
    expect([status, body.errors]).toEqual([400, [{ field: 'amount', message: 'is there twice' }]])
    expect(await balanceOf(rich)).toBe(1_000)
  })
})
