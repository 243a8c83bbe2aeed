import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openAccount, startBilling } from '../../../test/lab/service.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

/** Tries what a bug or a person with psql could do with the role that owns the tables. */
let system: Awaited<ReturnType<typeof startBilling>>
let userId: string
beforeAll(async () => {
  system = await startBilling()
})
beforeEach(async () => {
  userId = await openAccount(system.billing, 100)
})

const rows = async () => {
  const { sql } = system.database
  const operations = await sql`select * from operations order by id`
  const accounts = await sql`select * from accounts order by user_id`
  return JSON.stringify([operations, accounts])
}

const expectRefused = async (text: string, parameters: (string | number | null)[], why: RegExp) => {
  const before = await rows()
  await expect(system.database.sql.unsafe(text, parameters)).rejects.toThrow(why)
  expect(await rows()).toBe(before)
}

const insertOperation = `insert into operations
  (id, user_id, seq, key, kind, amount, effect, status, reason, balance_after, request_id)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'r')`

interface Tried {
  readonly [column: string]: string | number | null
}
const operation = (tried: Tried) => {
  const good = { seq: 50, key: null, kind: 'DEPOSIT', amount: 5, effect: 5, status: 'DONE' }
  const row: Tried = { ...good, reason: null, balance: 105, ...tried }
  const names = ['seq', 'key', 'kind', 'amount', 'effect', 'status', 'reason', 'balance']
  return [uuidv7(), userId, ...names.map((name) => row[name] ?? null)]
}

describe('the database itself, asked with the role that owns the tables, refuses', () => {
  it('a negative balance', async () => {
    const text = 'update accounts set balance = -1 where user_id = $1'
    await expectRefused(text, [userId], /accounts_balance/)
    const less = 'update accounts set balance = balance - 101 where user_id = $1'
    await expectRefused(less, [userId], /accounts_balance/)
  })

  it('a balance above 2^53 - 1', async () => {
    const text = 'update accounts set balance = 9007199254740992 where user_id = $1'
    await expectRefused(text, [userId], /accounts_balance/)
  })

  it('a second operation with the same key on the same account', async () => {
    const { sql } = system.database
    await sql.unsafe(insertOperation, operation({ seq: 40, key: 'k' }))
    await expectRefused(insertOperation, operation({ seq: 41, key: 'k' }), /operations_key/)
  })

  it('a second operation with the same place in the account', async () => {
    await expectRefused(insertOperation, operation({ seq: 1 }), /operations_seq/)
  })

  it.each([
    ['an unknown kind', { kind: 'GIFT' }, /operations_(kind|effect)/],
    ['an unknown status', { status: 'MAYBE' }, /operations_(status|reason|effect)/],
    ['an amount of nothing', { amount: 0, effect: 0 }, /operations_amount/],
    ['a negative amount', { amount: -5, effect: -5 }, /operations_amount/],
    ['an effect that is not the amount', { effect: 6 }, /operations_effect/],
    ['a withdrawal that adds', { kind: 'WITHDRAW', effect: 5 }, /operations_effect/],
    [
      'a refusal that moves money',
      { status: 'REFUSED', reason: 'x', effect: 5 },
      /operations_effect/,
    ],
    ['an unknown reason', { status: 'REFUSED', effect: 0, reason: 'x' }, /operations_known_reason/],
    ['a refusal without a reason', { status: 'REFUSED', effect: 0 }, /operations_reason/],
    ['a negative balance after it', { balance: -1 }, /operations_balance/],
    ['no place in its account', { seq: null }, /operations_balance/],
  ])('an operation with %s', async (_what, tried, why) => {
    await expectRefused(insertOperation, operation(tried), why)
  })

  it.each([
    ['a change of', 'update operations set amount = 1, effect = 1'],
    ['a change of nothing in', 'update operations set amount = amount'],
    ['the deletion of', 'delete from operations'],
    ['emptying', 'truncate operations'],
    ['emptying the accounts with', 'truncate accounts, operations'],
  ])('%s the operations', async (_what, text) => {
    await expectRefused(text, [], /forbidden|cannot truncate/)
  })

  it('the deletion of an account', async () => {
    await expectRefused('delete from accounts where user_id = $1', [userId], /forbidden/)
    await expectRefused('delete from accounts', [], /forbidden/)
  })

  it('the deletion of a letter that a deposit owes', async () => {
    const letter = [uuidv7(), userId, 'masha@example.com', 5]
    const insert =
      'insert into deposit_letters (id, user_id, email, amount) values ($1, $2, $3, $4)'
    await system.database.sql.unsafe(insert, letter)
    await expectRefused('delete from deposit_letters', [], /forbidden/)
    await expectRefused('truncate deposit_letters', [], /forbidden/)
  })

  it.each([
    ['another address', `email = 'x@example.com'`],
    ['another age', `created_at = created_at + interval '1 ms'`],
    ['another owner', 'user_id = gen_random_uuid()'],
  ])('%s of an account', async (_what, set) => {
    await expectRefused(`update accounts set ${set} where user_id = $1`, [userId], /forbidden/)
  })

  it('emptying the accounts', async () => {
    await expectRefused('truncate accounts', [], /forbidden/)
  })
})
