import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { uuidv7 } from '../../src/platform/base/ids.ts'
import { pictured, upTo, type Step } from '../lab/picture-steps.ts'
import { startRecordedSystem } from '../lab/recorded-flow.ts'
import { eventually } from '../lab/wait.ts'

/**
 * The pictures of style 1 show what the product does: each flow runs with the real services, and
 * its messages and commits are compared with the picture, in their order. The costs in the
 * comparison are counted from the same pictures.
 */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const services = ['identity', 'user', 'billing', 'order', 'notification'] as const

type Recorded = Awaited<ReturnType<typeof startRecordedSystem<(typeof services)[number]>>>

let run: Recorded

/** Users with this much money, made together before the recordings begin: alone each takes a second. */
const usersWith: Record<number, string[]> = {}
const needed = [0, 0, 20_000, 20_000, 20_000, 20_000, 20_000, 1_000]

beforeAll(async () => {
  run = await startRecordedSystem(services)
  const made = await Promise.all(
    needed.map(async (amount) => {
      const { body } = await run.api.user.post('/users', newUser())
      const userId: string = body.id
      if (amount > 0) await pay(userId, amount)
      return { amount, userId }
    }),
  )
  for (const { amount, userId } of made) (usersWith[amount] ??= []).push(userId)
  await run.untilAtRest()
})

const expectPictured = (steps: readonly Step[]) => run.expectPictured(steps)

const newUser = () => {
  const username = `u${uuidv7().replaceAll('-', '')}`
  return { username, email: `${username}@example.com` }
}

const newKey = () => uuidv7()

/** Nobody else has used them. */
const userWith = (amount: number): string => {
  const userId = usersWith[amount]?.pop()
  if (userId === undefined) throw new Error(`all users with ${amount} are taken`)
  return userId
}

const placeOrder = (userId: string, price: number, key = newKey()) =>
  run.api.order.post('/orders', { userId, price }, { key })

const pay = (userId: string, amount: number, key = newKey()) =>
  run.api.billing.post(`/billing/accounts/${userId}/deposit`, { amount }, { key })

/** The reads are recorded too, so it starts only when the end is near. */
const decidedIn = (word: string) =>
  eventually(() => expect(run.count((line) => line.includes(word))).toBeGreaterThan(0))

// A test ends when nothing more comes, so the next one begins at rest.
beforeEach(() => run.begin())

describe('creating a user', () => {
  const { main, frame } = pictured('1-create-user')

  it('goes as drawn', async () => {
    await run.api.user.post('/users', newUser(), { key: newKey() })
    await expectPictured(main)
  })

  it('goes as drawn when billing does not answer in time', async () => {
    run.linkBetween('user', 'billing').loseNext('the request')
    const { body } = await run.api.user.post('/users', newUser(), { key: newKey() })
    await decidedIn('OPEN')
    await run.api.user.get(`/users/${body.id}`)
    await expectPictured([...upTo(main, 'user', 'billing'), ...frame('time-out')])
  })

  it('goes as drawn when the client asks again with its key', async () => {
    const [wanted, key] = [newUser(), newKey()]
    const first = await run.api.user.post('/users', wanted, { key })
    await run.untilAtRest()
    run.begin()
    const again = await run.api.user.post('/users', wanted, { key })
    expect(again.text).toBe(first.text)
    await expectPictured(frame('duplicate'))
  })

  it('goes as drawn when the name is taken', async () => {
    const taken = newUser()
    await run.api.user.post('/users', taken)
    run.begin()
    await run.api.user.post('/users', { ...newUser(), username: taken.username }, { key: newKey() })
    await expectPictured(frame('refusal'))
  })
})

describe('a deposit', () => {
  const { main, frame } = pictured('1-deposit')

  it('goes as drawn', async () => {
    const userId = userWith(0)
    await pay(userId, 10_000)
    await expectPictured(main)
  })

  it('goes as drawn when its answer is lost and the client asks again', async () => {
    const userId = userWith(0)
    const key = newKey()
    run.linkBetween('client', 'billing').loseNext('the answer')
    await expect(
      run.api.billing.post(
        `/billing/accounts/${userId}/deposit`,
        { amount: 10_000 },
        { key, timeoutMs: 3_000 },
      ),
    ).rejects.toThrow()
    const again = await pay(userId, 10_000, key)
    expect(again.body.operation.balanceAfter).toBe(10_000)
    await pay(userId, 10_001, key)
    await expectPictured([...upTo(main, 'billing', 'client', '-->>'), ...frame('duplicate')])
  })
})

describe('an order that is paid', () => {
  const { main, frame } = pictured('1-order-paid')

  it('goes as drawn', async () => {
    const userId = userWith(20_000)
    await placeOrder(userId, 15_000)
    await expectPictured(main)
  })

  it('goes as drawn while notification is down', async () => {
    const userId = userWith(20_000)
    run.linkBetween('order', 'notification').loseNext('the request')
    await placeOrder(userId, 15_000)
    await expectPictured([...upTo(main, 'order', 'notification'), ...frame('notification')])
  })
})

describe('an order that is refused', () => {
  const { main, frame } = pictured('1-order-refused')

  it('goes as drawn, and so does a late copy of the refused call', async () => {
    const userId = userWith(1_000)
    await placeOrder(userId, 15_000)
    await expectPictured(main)

    await pay(userId, 50_000)
    await run.untilAtRest()
    run.begin()
    await run.linkBetween('order', 'billing').lastAgain()
    await expectPictured(frame('late duplicate'))
  })
})

describe('time-out, crash and duplicate', () => {
  const { frame } = pictured('1-order-faults')

  it('go as drawn: the money was taken, and the answer is lost', async () => {
    const userId = userWith(20_000)
    run.linkBetween('order', 'billing').loseNext('the answer')
    const { body } = await placeOrder(userId, 15_000)
    await decidedIn('nothing is due')
    await run.api.order.get(`/orders/${body.id}`)
    await expectPictured(frame('time-out'))
  })

  it('go as drawn: order dies after billing’s answer', async () => {
    const userId = userWith(20_000)
    const isDead = new Promise<void>((resolve) => {
      const killCaller = () => run.system.kill('order').then(resolve)
      run.linkBetween('order', 'billing').loseNext({ killCaller })
    })
    await expect(placeOrder(userId, 15_000)).rejects.toThrow()
    await isDead
    await run.system.start('order')
    await expectPictured(frame('crash'))
  })

  it('go as drawn: the client asks again with its key', async () => {
    const userId = userWith(20_000)
    const key = newKey()
    const first = await placeOrder(userId, 15_000, key)
    await run.untilAtRest()
    run.begin()
    const again = await placeOrder(userId, 15_000, key)
    expect(again.text).toBe(first.text)
    await expectPictured(frame('duplicate'))
  })
})
