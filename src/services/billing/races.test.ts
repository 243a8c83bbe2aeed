import { beforeAll, describe, expect, it } from 'vitest'
import { openAccount, startBilling, type RunningService } from '../../../test/lab/service.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

let system: Awaited<ReturnType<typeof startBilling>>
let replicas: RunningService[]
beforeAll(async () => {
  system = await startBilling()
  replicas = [system.billing, await system.startReplica()]
})

const replica = (index: number) => replicas[index % replicas.length]!.api

interface Entry {
  readonly seq: string
  readonly effect: string
  readonly balance_after: string
  readonly status: string
}

/** The balance must be the sum of the account's rows, and none of the sums may be negative. */
const expectConsistent = async (userId: string) => {
  const { sql } = system.database
  const entries = await sql<Entry[]>`
    select seq, effect, balance_after, status from operations
    where user_id = ${userId} and seq is not null order by seq`
  let balance = 0
  entries.forEach((entry, index) => {
    balance += Number(entry.effect)
    expect(Number(entry.seq)).toBe(index + 1)
    expect(balance).toBeGreaterThanOrEqual(0)
    expect(Number(entry.balance_after)).toBe(balance)
  })
  const [account] = await sql`select balance, version from accounts where user_id = ${userId}`
  expect(Number(account?.['balance'])).toBe(balance)
  expect(Number(account?.['version'])).toBe(entries.length)
  return { balance, entries }
}

const times = <Result>(count: number, make: (index: number) => Promise<Result>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)))

describe('two replicas of billing', () => {
  it.each([
    ['a withdrawal that passes', 'withdraw', 10, 200],
    ['a withdrawal that is refused', 'withdraw', 5_000, 402],
    ['a deposit', 'deposit', 10, 200],
  ])(
    'make one operation and 32 identical answers of 32 times %s at once on one key',
    async (_what, what, amount, status) => {
      const userId = await openAccount(system.billing, 1_000)
      const answers = await times(32, (index) =>
        replica(index).post(`/billing/accounts/${userId}/${what}`, { amount }, { key: 'one' }),
      )
      expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => status))
      expect(new Set(answers.map((answer) => answer.text)).size).toBe(1)
      const replayed = answers.filter((answer) => answer.headers['idempotency-replayed'] === 'true')
      expect(replayed).toHaveLength(31)
      const { entries } = await expectConsistent(userId)
      expect(entries).toHaveLength(2)
    },
  )

  it('take from one busy account exactly what they answered, and never more than it holds', async () => {
    const userId = await openAccount(system.billing, 1_000)
    const answers = await times(120, (index) =>
      replica(index).post(`/billing/accounts/${userId}/withdraw`, { amount: 30 }),
    )
    const taken = answers.filter((answer) => answer.status === 200)
    const refused = answers.filter((answer) => answer.status === 402)
    expect([taken.length, refused.length]).toEqual([33, 87])
    const { balance, entries } = await expectConsistent(userId)
    expect([balance, entries.length]).toEqual([10, 121])
    const balances = taken.map((answer) => answer.body.account.balance)
    expect(new Set(balances).size).toBe(33)
  })

  it('lose nothing when deposits and withdrawals come at once on one account', async () => {
    const userId = await openAccount(system.billing, 500)
    const answers = await times(200, (index) => {
      const [what, amount] = index % 2 ? ['deposit', 3] : ['withdraw', 7]
      return replica(index >> 1).post(`/billing/accounts/${userId}/${what}`, { amount })
    })
    const told = answers
      .filter((answer) => answer.status === 200)
      .map(({ body }) => (body.operation.kind === 'DEPOSIT' ? 3 : -7))
      .reduce((sum, effect) => sum + effect, 500)
    const { balance } = await expectConsistent(userId)
    expect(balance).toBe(told)
  })

  it('accept one key on different accounts without waiting for each other', async () => {
    const users = await times(16, () => openAccount(system.billing, 100))
    const answers = await times(64, (index) =>
      replica(index).post(
        `/billing/accounts/${users[index % 16]}/withdraw`,
        { amount: 60 },
        { key: 'same-for-all' },
      ),
    )
    expect(answers.every((answer) => answer.status === 200)).toBe(true)
    for (const userId of users) expect((await expectConsistent(userId)).balance).toBe(40)
  })

  it('know an account by its id in capitals too, also when both spellings come at once', async () => {
    const users = await times(20, () => openAccount(system.billing, 1_000))
    const answers = await times(80, (index) => {
      const userId = users[index % 20] as string
      const spelled = index < 40 ? userId : userId.toUpperCase()
      const path = `/billing/accounts/${spelled}/withdraw`
      return replica(0).post(path, { amount: 10 }, { key: 'one' })
    })
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 200))
    for (const userId of users) expect((await expectConsistent(userId)).balance).toBe(990)
  })

  it('refund once when many refunds of the same withdrawal come at once', async () => {
    const userId = await openAccount(system.billing, 100)
    await replica(0).post(`/billing/accounts/${userId}/withdraw`, { amount: 80 }, { key: 'w' })
    const answers = await times(16, (index) =>
      replica(index).post(
        `/billing/accounts/${userId}/refund`,
        { amount: 80, withdrawal: 'w' },
        { key: `r-${index}` },
      ),
    )
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(1)
    expect(answers.filter((answer) => answer.status === 409)).toHaveLength(15)
    expect((await expectConsistent(userId)).balance).toBe(100)
  })

  it('refuse with one stored answer when the account is opened while many withdraw by one key', async () => {
    const userId = uuidv7()
    const ask = (index: number) =>
      replica(index).post(`/billing/accounts/${userId}/withdraw`, { amount: 5 }, { key: 'w' })
    const [answers] = await Promise.all([
      times(16, ask),
      replica(0).post('/billing/accounts', { userId, email: 'masha@example.com' }),
    ])
    const [late] = await times(1, ask)
    expect([402, 404]).toContain(late?.status)
    expect(new Set(answers.map((answer) => answer.text))).toEqual(new Set([late?.text]))
  })
})
