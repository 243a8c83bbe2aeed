import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createLanes } from '../../../test/lab/lanes.ts'
import { sharedBudgets, startWithUsers, type WithUsers } from '../../../test/lab/service.ts'
import type { Behaviour } from '../../../test/lab/upstream.ts'
import { eventually } from '../../../test/lab/wait.ts'

/** The user exists, but the account is still owed: billing was away and comes back. */
const openLane = () => startWithUsers(sharedBudgets)

/** A system for one test, with such a user, and what the tests ask of it. */
const prepare = async (system: WithUsers) => {
  const { people, service } = system
  const { api } = service
  const name = `user-${randomBytes(5).toString('hex')}`
  const createUser = () =>
    people.service.api.post(
      '/users',
      { username: name, email: `${name}@example.com` },
      { key: name },
    )
  system.toUser.behave('forward')
  people.toBilling.behave('refuse')
  const { status, body } = await createUser()
  if (status !== 202) throw new Error(`the user was answered ${status}`)
  const userId: string = body.id
  people.toBilling.behave('forward')
  return {
    system,
    /** Does what recovery of the user service would do: repeating the request does it too. */
    openAccount: () =>
      eventually(async () => expect((await createUser()).body.account).toBe('OPEN'), {
        withinMs: 30_000,
      }),
    deposit: (amount: number) =>
      people.billing.api.post(`/billing/accounts/${userId}/deposit`, { amount }),
    balance: async () => (await people.billing.api.get(`/billing/accounts/${userId}`)).body.balance,
    place: (price: number, key?: string) => api.post('/orders', { userId, price }, { key }),
    orderNow: async (id: string) => (await api.get(`/orders/${id}`)).body,
    lettersOf: async (id: string) =>
      (await people.notification.api.get(`/notifications?orderId=${id}`)).body.items,
    operations: async () =>
      people.billingDatabase.sql`select from operations where user_id = ${userId}`,
  }
}

const inLane = createLanes(openLane)
type Test = (lane: Awaited<ReturnType<typeof prepare>>) => Promise<void>
const inTurn = (test: Test) => inLane(async (system) => test(await prepare(system)))

describe.concurrent('an order of a user whose account is still owed', () => {
  it.each([undefined, 'k'])(
    'with the key %s waits for the account, and is then refused with a letter',
    (key) =>
      inTurn(async ({ openAccount, place, orderNow, lettersOf }) => {
        const placed = await place(300, key)
        expect([placed.status, placed.body.status]).toEqual([202, 'PENDING'])
        expect(placed.headers['location']).toBe(`/orders/${placed.body.id}`)
        await openAccount()
        await eventually(async () =>
          expect(await orderNow(placed.body.id)).toMatchObject({
            status: 'REJECTED',
            reason: 'insufficient-funds',
          }),
        )
        await eventually(async () =>
          expect(await lettersOf(placed.body.id)).toMatchObject([{ kind: 'ORDER_REJECTED' }]),
        )
      }),
  )

  it('is paid once when there is money by then, and a repeat is told so', () =>
    inTurn(async ({ system, openAccount, deposit, balance, place, orderNow, lettersOf }) => {
      // It must still wait when the money comes: its recovery calls billing through this link.
      const placed = await place(300, 'k')
      expect((await place(300, 'k')).status).toBe(202)
      system.toBilling.behave('refuse')
      await openAccount()
      await deposit(1_000)
      system.toBilling.behave('forward')
      await eventually(async () => expect((await orderNow(placed.body.id)).status).toBe('APPROVED'))
      expect(await balance()).toBe(700)
      await eventually(async () =>
        expect(await lettersOf(placed.body.id)).toMatchObject([{ kind: 'ORDER_APPROVED' }]),
      )
      const again = await place(300, 'k')
      expect([again.status, again.body.id]).toEqual([201, placed.body.id])
    }))

  it('shows that user was asked, and billing stores nothing for it', () =>
    inTurn(async ({ place, orderNow, operations }) => {
      const { body } = await place(300)
      // On a machine that is slow enough, billing may not have answered the first attempt in time.
      await eventually(async () =>
        expect((await orderNow(body.id)).timeline).toContainEqual(
          expect.objectContaining({
            step: 'ask-user',
            outcome: 'done',
            reason: 'the account is not open yet',
          }),
        ),
      )
      expect(await operations()).toHaveLength(0)
    }))
})

const noAnswers: [string, Behaviour][] = [
  ['is away', 'refuse'],
  ['does not answer in time', 'hang'],
  ['answers 500', { status: 500 }],
  ['answers 401, for it does not know our key yet', { status: 401 }],
  ['answers 404 with nothing', { status: 404 }],
  ['answers 404 with a page', { status: 404, type: 'text/html', body: '<h1>no</h1>' }],
  ['answers 404 for an address it does not know', { status: 404, body: '{"code":"not-found"}' }],
  ['answers 404 with a code alone', { status: 404, body: '{"code":"user-not-found"}' }],
  ['answers 200 with nothing', { status: 200 }],
  [
    'answers 200 with another user',
    { status: 200, body: '{"userId":"019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061","account":"OPEN"}' },
  ],
  ['answers 410', { status: 410, body: '{"code":"user-not-found"}' }],
]

describe.concurrent('when user', () => {
  it.each(noAnswers)(
    '%s, the order stays undecided, and is decided by itself',
    (_what, behaviour) =>
      inTurn(async ({ system, openAccount, place, orderNow }) => {
        system.toUser.behave(behaviour)
        const placed = await place(300)
        expect([placed.status, placed.body.status]).toEqual([202, 'PENDING'])
        await eventually(async () => {
          const { timeline } = await orderNow(placed.body.id)
          expect(timeline.length).toBeGreaterThan(1)
          expect(timeline).toContainEqual(
            expect.objectContaining({ step: 'ask-user', outcome: 'unknown' }),
          )
        })
        await openAccount()
        await eventually(async () =>
          expect(await orderNow(placed.body.id)).toMatchObject({ reason: 'insufficient-funds' }),
        )
      }),
  )
})
