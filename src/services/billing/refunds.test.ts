import { beforeAll, describe, expect, it } from 'vitest'
import type { Api } from '../../../test/lab/http.ts'
import { openAccount, startBilling } from '../../../test/lab/service.ts'

let system: Awaited<ReturnType<typeof startBilling>>
let api: Api
beforeAll(async () => {
  system = await startBilling()
  api = system.billing.api
})

const balanceOf = async (userId: string): Promise<number> =>
  (await api.get(`/billing/accounts/${userId}`)).body.balance

/** Withdraws as the order service does: only that service may name an earlier withdrawal. */
const withdraw = async (userId: string, amount: number, key: string, reference?: string) => {
  const { body } = await api.post('/billing/withdrawals', {
    withdrawals: [{ userId, amount, key, reference, requestId: 'r' }],
  })
  return body.answers[0] as { status: number; body: { code: string } }
}

const refund = (userId: string, amount: number, withdrawal: string, key: string) =>
  api.post(`/billing/accounts/${userId}/refund`, { amount, withdrawal }, { key })

describe('a refund', () => {
  it('returns what the withdrawal took, also in parts, and not more', async () => {
    const userId = await openAccount(system.billing, 1_000)
    await withdraw(userId, 600, 'order')
    const first = await refund(userId, 200, 'order', 'r1')
    expect(first.status).toBe(200)
    expect(first.body.operation).toMatchObject({ kind: 'REFUND', amount: 200, status: 'DONE' })
    expect((await refund(userId, 400, 'order', 'r2')).status).toBe(200)
    const third = await refund(userId, 1, 'order', 'r3')
    expect([third.status, third.body.code]).toEqual([409, 'refund-exceeds-withdrawal'])
    expect(await balanceOf(userId)).toBe(1_000)
  })

  it('covers withdrawals that refer to the first one, as a re-priced order needs', async () => {
    const userId = await openAccount(system.billing, 1_000)
    await withdraw(userId, 100, 'order')
    await withdraw(userId, 50, 'dearer', 'order')
    expect((await refund(userId, 151, 'order', 'too-much')).status).toBe(409)
    expect((await refund(userId, 150, 'order', 'all')).status).toBe(200)
    expect(await balanceOf(userId)).toBe(1_000)
  })

  it('that comes before its withdrawal moves nothing and stops that withdrawal for ever', async () => {
    const userId = await openAccount(system.billing, 1_000)
    const early = await refund(userId, 70, 'order', 'cancel')
    expect(early.status).toBe(200)
    expect(early.body.operation).toMatchObject({
      status: 'REFUSED',
      reason: 'nothing-withdrawn',
      balanceAfter: 1_000,
    })
    const late = await withdraw(userId, 70, 'order')
    expect([late.status, late.body.code]).toEqual([409, 'withdrawal-refunded'])
    const again = await withdraw(userId, 70, 'order')
    expect(again).toEqual(late)
    expect((await withdraw(userId, 99, 'order')).status).toBe(409)
    expect(await balanceOf(userId)).toBe(1_000)
    expect((await refund(userId, 70, 'order', 'cancel')).text).toBe(early.text)
  })

  it('of a refused withdrawal moves nothing, and the withdrawal stays refused', async () => {
    const userId = await openAccount(system.billing, 10)
    const refused = await withdraw(userId, 500, 'order')
    const answer = await refund(userId, 500, 'order', 'cancel')
    expect([answer.status, answer.body.operation.reason]).toEqual([200, 'nothing-withdrawn'])
    await api.post(`/billing/accounts/${userId}/deposit`, { amount: 1_000 })
    expect(await withdraw(userId, 500, 'order')).toEqual(refused)
    expect(await balanceOf(userId)).toBe(1_010)
  })

  it('never takes back a deposit that has the key of the withdrawal', async () => {
    const userId = await openAccount(system.billing)
    await api.post(`/billing/accounts/${userId}/deposit`, { amount: 100 }, { key: 'mixed' })
    const answer = await refund(userId, 100, 'mixed', 'r')
    expect([answer.status, answer.body.operation.reason]).toEqual([200, 'nothing-withdrawn'])
    expect(await balanceOf(userId)).toBe(100)
  })

  it('reaches only withdrawals of its own account', async () => {
    const masha = await openAccount(system.billing, 100)
    const pasha = await openAccount(system.billing, 100)
    await withdraw(masha, 60, 'order')
    const answer = await refund(pasha, 60, 'order', 'r')
    expect(answer.body.operation.reason).toBe('nothing-withdrawn')
    expect([await balanceOf(masha), await balanceOf(pasha)]).toEqual([40, 100])
  })

  it('and its withdrawal at the same time, in any order, leave nothing withdrawn or nothing refundable', async () => {
    for (let round = 0; round < 12; round += 1) {
      const userId = await openAccount(system.billing, 100)
      const [took, gave] = await Promise.all([
        withdraw(userId, 100, 'order'),
        refund(userId, 100, 'order', 'cancel'),
      ])
      expect(gave.status).toBe(200)
      expect(took.status).toBe(gave.body.operation.status === 'DONE' ? 200 : 409)
      expect(await balanceOf(userId)).toBe(100)
    }
  })
})
