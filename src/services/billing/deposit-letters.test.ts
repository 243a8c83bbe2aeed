import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Api } from '../../../test/lab/http.ts'
import { recoveredIn } from '../../../test/lab/recovered.ts'
import { openAccount, shortBudgets, startBilling } from '../../../test/lab/service.ts'
import type { Behaviour } from '../../../test/lab/upstream.ts'
import { eventually } from '../../../test/lab/wait.ts'

let system: Awaited<ReturnType<typeof startBilling>>
let api: Api
let userId: string
beforeAll(async () => {
  system = await startBilling(shortBudgets)
  api = system.billing.api
})
beforeEach(async () => {
  system.toNotification.behave('forward')
  userId = await openAccount(system.billing)
})

const deposit = (amount: number, key?: string) =>
  api.post(`/billing/accounts/${userId}/deposit`, { amount }, { key })
const letters = async () =>
  (await system.notification.api.get(`/notifications?userId=${userId}`)).body.items
const owed = async () =>
  (await system.database.sql`select from deposit_letters where due_at is not null`).length

describe('when notification', () => {
  it.each<[string, Behaviour]>([
    ['cuts the connection', 'refuse'],
    ['does the work and its answer is lost', 'drop-answer'],
    ['hangs', 'hang'],
    ['answers 503', { status: 503 }],
    ['answers 400', { status: 400, body: '{}' }],
    ['answers 401, for it does not know our key yet', { status: 401, body: '{}' }],
    ['answers 200 with other JSON', { status: 200, body: '{}' }],
    ['answers 200 with a page', { status: 200, type: 'text/html', body: '<h1>ok</h1>' }],
  ])('%s, a deposit is answered as usual, and its one letter follows', async (_what, behaviour) => {
    system.toNotification.behave(behaviour)
    const startedAtMs = performance.now()
    const { status, body } = await deposit(500)
    expect(performance.now() - startedAtMs).toBeLessThan(2_500)
    expect([status, body.account.balance]).toEqual([200, 500])
    system.toNotification.behave('forward')
    await eventually(async () => expect(await owed()).toBe(0))
    expect(await letters()).toMatchObject([{ kind: 'DEPOSIT', amount: 500 }])
  })
})

describe('a deposit', () => {
  it('owes one letter however often it is repeated, and none when it is refused', async () => {
    await Promise.all(Array.from({ length: 8 }, () => deposit(500, 'k')))
    await deposit(Number.MAX_SAFE_INTEGER)
    await api.post(`/billing/accounts/${userId}/withdraw`, { amount: 100 })
    await eventually(async () => expect(await owed()).toBe(0))
    expect(await letters()).toMatchObject([{ amount: 500 }])
  })

  it('owes its letter as soon as it is done: when the service dies then, the next one sends it', async () => {
    system.toNotification.behave('hang')
    const first = await system.startReplica()
    const answer = first.api.post(`/billing/accounts/${userId}/deposit`, { amount: 7 })
    await eventually(async () => expect(await owed()).toBe(1))
    system.toNotification.behave('forward')
    expect((await answer).status).toBe(200)
    await first.stop()
    await eventually(async () => expect(await letters()).toMatchObject([{ amount: 7 }]))
  })
})

describe('what recovery counts', () => {
  it('is postponed letters while notification is away, and one finished when it is back', async () => {
    const counts = async () => {
      const { finished = 0, postponed = 0 } = await recoveredIn(
        system.billing.metrics,
        'deposit_letters',
      )
      return { finished, postponed }
    }
    await eventually(async () => expect(await owed()).toBe(0))
    const before = await counts()
    system.toNotification.behave('refuse')
    await deposit(500)
    await eventually(async () =>
      expect((await counts()).postponed).toBeGreaterThan(before.postponed + 1),
    )
    expect((await counts()).finished).toBe(before.finished)
    system.toNotification.behave('forward')
    await eventually(async () => expect((await counts()).finished).toBe(before.finished + 1))
  })
})
