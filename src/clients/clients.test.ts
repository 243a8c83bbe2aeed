import { describe, expect, it } from 'vitest'
import { createFakeUpstream } from '../../test/lab/fake-upstream.ts'
import { problemDocument, problemTable, type ProblemCode } from '../platform/base/errors.ts'
import type { Answer } from '../platform/calls/client.ts'
import { createBillingClient } from './billing.ts'
import { createUserClient } from './user.ts'

const options = { requestId: 'r-7', timeoutMs: 60 }
const refunded = { userId: 'u-1', withdrawal: 'saga:0', amount: 5, key: 'saga:1', ...options }
const withdrawn = { userId: 'u-1', amount: 5, key: 'saga:1', ...options }
const account = { userId: 'u-1', email: 'm@example.com' }

const problem = (code: ProblemCode, members: object = {}): Answer => ({
  status: problemTable[code].status,
  data: { ...problemDocument(code, 'd', 'r-1'), ...members },
})

const operation = { userId: 'u-1', kind: 'WITHDRAW', amount: 5, status: 'DONE', reason: null }
const refusal = { operation: { ...operation, status: 'REFUSED' }, account }

/** A client of billing that gets the same answer to each call. */
const answeredBy = (answer: Answer) => {
  const upstream = createFakeUpstream(() => answer)
  return { ...upstream, ...createBillingClient(upstream) }
}
/** The answer to a withdrawal, which is sent like the calls that share a request. */
const partOf = ({ status, data }: Answer): Answer => ({
  status: 200,
  data: { answers: [{ status, body: data }] },
})

describe('a client', () => {
  it('sends nothing but what was asked for, with the key of the caller', async () => {
    const { refund, sent } = answeredBy({ status: 200, data: {} })
    await refund(refunded)
    expect(sent).toEqual([
      {
        method: 'POST',
        path: '/billing/accounts/u-1/refund',
        headers: { 'Content-Type': 'application/json' },
        body: '{"withdrawal":"saga:0","amount":5}',
        key: 'saga:1',
        requestId: 'r-7',
        timeoutMs: 60,
        attempt: 1,
      },
    ])
  })

  it('cannot be led to another address by what is in a parameter', async () => {
    const { refund, sent } = answeredBy({ status: 200, data: {} })
    await refund({ ...refunded, userId: '../accounts/x?y=#' })
    expect(sent[0]?.path).toBe('/billing/accounts/..%2Faccounts%2Fx%3Fy%3D%23/refund')
  })

  it('knows no service before a way to it is given', async () => {
    const one = answeredBy({ status: 200 })
    const other = answeredBy({ status: 200 })
    await other.refund(refunded)
    expect([one.sent.length, other.sent.length]).toEqual([0, 1])
  })

  it.each([{}, null, { answers: [] }, { answers: [null] }, { answers: 'a' }])(
    'leaves a withdrawal unknown that was answered with %j',
    async (data) => {
      const { withdraw } = answeredBy({ status: 200, data })
      expect(await withdraw(withdrawn)).toMatchObject({ outcome: 'unknown' })
    },
  )
})

describe('what billing says of money', () => {
  it.each<[string, Answer, object]>([
    [
      'that it was taken',
      { status: 200, data: { operation, account } },
      { outcome: 'done', email: account.email },
    ],
    [
      'that there was too little',
      problem('insufficient-funds', refusal),
      { outcome: 'refused', code: 'insufficient-funds', email: account.email },
    ],
    [
      'that its refund came first',
      problem('withdrawal-refunded'),
      { outcome: 'refused', code: 'withdrawal-refunded', email: null },
    ],
    [
      'that there is no account',
      problem('account-not-found'),
      { outcome: 'refused', code: 'account-not-found' },
    ],
  ])('is taken at its word: %s', async (_what, answer, word) => {
    const { withdraw, logged } = answeredBy(partOf(answer))
    expect(await withdraw(withdrawn)).toEqual({ ...word, attempts: 1, ms: expect.any(Number) })
    expect(logged).toEqual([])
  })

  it.each<[string, Answer]>([
    ['no address', { status: 200, data: { operation, account: { userId: 'u-1' } } }],
    ['an empty address', { status: 200, data: { operation, account: { ...account, email: '' } } }],
    ['a refusal without an account', problem('insufficient-funds')],
    [
      'a refusal of another amount',
      problem('insufficient-funds', { ...refusal, operation: { ...refusal.operation, amount: 4 } }),
    ],
    ['a refusal of what was done', problem('insufficient-funds', { operation, account })],
    ['a code alone', { status: 409, data: { code: 'withdrawal-refunded' } }],
    ['a problem of another status', { ...problem('withdrawal-refunded'), status: 404 }],
    ['a refusal that is not final', problem('idempotency-key-reused')],
    ['an address that it does not know', problem('not-found')],
  ])('is unknown and logged when it shows %s', async (_what, answer) => {
    const { withdraw, logged, sent } = answeredBy(partOf(answer))
    expect(await withdraw(withdrawn)).toMatchObject({ outcome: 'unknown', attempts: 1 })
    expect(sent).toHaveLength(1)
    expect(logged).toHaveLength(1)
    expect(logged[0]).toContain('billing gave an answer that the saga does not know')
    expect(logged[0]).not.toContain('@')
  })
})

describe('what user says', () => {
  it.each<[string, Answer, string, number]>([
    ['its user', { status: 200, data: { userId: 'u-1', account: 'OPEN' } }, 'done', 0],
    ['a user without an account', { status: 200, data: { userId: 'u-1' } }, 'unknown', 1],
    ['that there is nobody', problem('user-not-found'), 'refused', 0],
    ['another user', { status: 200, data: { userId: 'u-2', account: 'OPEN' } }, 'unknown', 1],
    ['nothing', { status: 200 }, 'unknown', 1],
    ['a code alone', { status: 404, data: { code: 'user-not-found' } }, 'unknown', 1],
    ['an address that it does not know', problem('not-found'), 'unknown', 1],
  ])('when it shows %s', async (_what, answer, outcome, complaints) => {
    const upstream = createFakeUpstream(() => answer)
    const { accountOf } = createUserClient(upstream)
    const said = await accountOf({ userId: 'u-1', ...options })
    expect(said).toMatchObject({ outcome, ...(outcome === 'done' ? { account: 'OPEN' } : {}) })
    expect(upstream.logged).toHaveLength(complaints)
  })
})
