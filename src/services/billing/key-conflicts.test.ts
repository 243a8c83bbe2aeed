import { describe, expect, it } from 'vitest'
import { openAccount, startBilling } from '../../../test/lab/service.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

describe('a key that another replica is just storing', () => {
  it('is waited for, and its answer is given, whatever changed on the account meanwhile', async () => {
    const { billing, database } = await startBilling()
    const userId = await openAccount(billing, 1_000)
    // The other replica saw no account yet, and its refusal is not committed when we read.
    const other = await database.sql.reserve()
    await other`start transaction`
    await other`
      insert into operations (id, user_id, key, kind, amount, effect, status, reason, request_id)
      values (${uuidv7()}, ${userId}, 'k', 'WITHDRAW', 5, 0, 'REFUSED', 'account-not-found', 'r')`
    const asked = billing.api.post(
      `/billing/accounts/${userId}/withdraw`,
      { amount: 5 },
      { key: 'k' },
    )
    await eventually(async () => {
      const waiting = await database.admin`
        select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
      expect(waiting).toHaveLength(1)
    })
    await other`commit`
    other.release()
    const answer = await asked
    expect(answer).toMatchObject({
      status: 404,
      body: { code: 'account-not-found', requestId: 'r' },
    })
    expect(answer.headers['idempotency-replayed']).toBe('true')
    expect((await billing.api.get(`/billing/accounts/${userId}`)).body.balance).toBe(1_000)
  })
})
