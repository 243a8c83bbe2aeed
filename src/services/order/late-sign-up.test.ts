import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Api } from '../../../test/lab/http.ts'
import { issuerVariables } from '../../../test/lab/issuer.ts'
import { startWithUsers, type WithUsers } from '../../../test/lab/service.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { sagaKey } from '../../platform/saga/saga.ts'

/**
 * Another issuer makes the ids of people, so somebody may order before they sign up here, and sign
 * up a moment later. Their order is decided once all the same, and a payment that was refused for
 * want of a user never happens, however late a copy of it comes.
 */
let system: WithUsers
let api: Api
let userId: string
beforeAll(async () => {
  const { PUBLIC_URL } = await issuerVariables()
  system = await startWithUsers({ ISSUER_URL: `${PUBLIC_URL}/identity` })
  api = system.service.api
})
beforeEach(() => {
  system.toUser.behave('forward')
  system.toBilling.behave('forward')
  userId = uuidv7()
})

const place = (key?: string) => api.post('/orders', { price: 30 }, { as: userId, key })
const billing = () => system.people.billing.api
/** The committed contract is that of our own issuer, whose people send a password. */
const signUp = async () => {
  const name = `late-${userId.slice(-8)}`
  const text = JSON.stringify({ username: name, email: `${name}@example.com` })
  const { status } = await system.people.service.api.send('POST', '/users', text, {
    as: userId,
    check: false,
  })
  expect(status).toBe(201)
  await billing().post(`/billing/accounts/${userId}/deposit`, { amount: 100 })
}
const balance = async () => (await billing().get(`/billing/accounts/${userId}`)).body.balance
const orderNow = async (id: string) => (await api.get(`/orders/${id}`, { as: userId })).body

/** A copy of the first call for the order, which was on its way all the time. */
const lateCopy = async (orderId: string) => {
  const one = { userId, key: sagaKey(orderId), amount: 30, requestId: 'late' }
  const { body } = await billing().post('/billing/withdrawals', { withdrawals: [one] })
  return body.answers[0]
}
const lastOrderAsked = () => {
  const call = system.toBilling.seen.findLast(({ body }) => body.includes(userId))
  return JSON.parse(call?.body ?? '').withdrawals[0].key.replace(/^saga:/, '') as string
}

describe('an order before its user signed up', () => {
  it.each([undefined, 'k'])('is refused, and is never paid later, with key %s', async (key) => {
    const placed = await place(key)
    expect([placed.status, placed.body.code]).toEqual([404, 'user-not-found'])
    const orderId = lastOrderAsked()
    await signUp()
    expect(await lateCopy(orderId)).toMatchObject({
      status: 404,
      body: { code: 'account-not-found' },
    })
    expect(await balance()).toBe(100)
  })

  it('is told so for ever with its key, and another order is another one', async () => {
    const placed = await place('k')
    await signUp()
    const again = await place('k')
    expect([again.status, again.text]).toEqual([404, placed.text])
    expect((await place('l')).status).toBe(201)
  })

  it('is paid when they sign up while we ask', async () => {
    system.toUser.behave(async (_request, pass) => {
      const answer = await pass()
      await signUp()
      return answer
    })
    const placed = await place('k')
    expect([placed.status, placed.body.status]).toEqual([201, 'APPROVED'])
    expect(await balance()).toBe(70)
    expect(await lateCopy(placed.body.id)).toMatchObject({ status: 200 })
    expect(await balance()).toBe(70)
  })

  it('is refused for good when the last answer of billing got lost, and they signed up then', async () => {
    system.toBilling.behave('forward', 'drop-answer', 'drop-answer', 'refuse')
    const placed = await place()
    expect(placed.status).toBe(202)
    await signUp()
    system.toBilling.behave('forward')
    await eventually(async () =>
      expect(await orderNow(placed.body.id)).toMatchObject({
        status: 'REJECTED',
        reason: 'user-not-found',
      }),
    )
    expect(await balance()).toBe(100)
  })
})
