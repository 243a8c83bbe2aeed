import { beforeEach, describe, expect, it } from 'vitest'
import { createFakeUpstream, type SentCall } from '../../test/lab/fake-upstream.ts'
import { problemDocument } from '../platform/base/errors.ts'
import type { Answer } from '../platform/calls/client.ts'
import { createSharedCalls } from '../platform/calls/shared.ts'
import { UnknownOutcomeError } from '../platform/calls/transport.ts'
import { createBillingClient, type BillingClient } from './billing.ts'

type Withdrawals = { withdrawals: { userId: string; key: string; amount: number }[] }

const callsIn = ({ body = '' }: SentCall) => (JSON.parse(body) as Withdrawals).withdrawals
/** The address shows to which call an answer belongs. */
const resultOf = (key: string) => ({
  operation: { userId: 'u', kind: 'WITHDRAW', amount: 5, status: 'DONE' },
  account: { userId: 'u', email: `${key}@example.com` },
})
const done = (key: string, attempts = 1) => ({
  outcome: 'done',
  email: `${key}@example.com`,
  attempts,
  ms: expect.any(Number),
})

/** The answer of billing to a request that several calls share. */
let answerShared: (calls: Withdrawals['withdrawals']) => Answer
const answersTo = (calls: Withdrawals['withdrawals']) => ({
  status: 200,
  data: { answers: calls.map(({ key }) => ({ status: 200, body: resultOf(key) })) },
})
let sent: SentCall[]
let billing: BillingClient
beforeEach(() => {
  answerShared = answersTo
  const upstream = createFakeUpstream((call) => {
    const calls = callsIn(call)
    return calls.length === 1 ? answersTo(calls) : answerShared(calls)
  })
  sent = upstream.sent
  billing = createBillingClient(upstream)
})

const withdraw = (key: string, timeoutMs = 2_000) =>
  billing.withdraw({ userId: 'u', key, requestId: `r-${key}`, amount: 5, timeoutMs })
/** The number of calls in each request. */
const sizes = () => sent.map((call) => callsIn(call).length)

describe('calls that are made in one turn', () => {
  it('share a request, and each gets the answer to its own', async () => {
    const outcomes = await Promise.all(['a', 'b', 'c'].map((key) => withdraw(key)))
    expect(outcomes).toEqual(['a', 'b', 'c'].map((key) => done(key)))
    expect(sizes()).toEqual([3])
    expect(JSON.parse(sent[0]?.body ?? '')).toEqual({
      withdrawals: ['a', 'b', 'c'].map((key) => ({
        userId: 'u',
        key,
        amount: 5,
        requestId: `r-${key}`,
      })),
    })
    // The shared request belongs to no caller: each part names its own request.
    expect(sent[0]?.requestId).toBeUndefined()
  })

  it('are requests of their own when each is alone, or comes later', async () => {
    expect(await withdraw('a')).toEqual(done('a'))
    const first = withdraw('b')
    await new Promise((resolve) => setTimeout(resolve, 5))
    await Promise.all([first, withdraw('c')])
    expect(sizes()).toEqual([1, 1, 1])
    expect(sent[0]).toMatchObject({ path: '/billing/withdrawals', requestId: 'r-a' })
    expect(sent[0]?.key).toBeUndefined()
  })

  it('are no more than fit into one request', async () => {
    const keys = Array.from({ length: 130 }, (_, index) => `k${index}`)
    const outcomes = await Promise.all(keys.map((key) => withdraw(key)))
    expect(outcomes).toEqual(keys.map((key) => done(key)))
    expect(sizes()).toEqual([64, 64, 2])
  })

  it('go alone when they are repeats, whatever was wrong with those they went with', async () => {
    const requests: string[][] = []
    const answer = { status: 200 }
    const share = createSharedCalls<string, Answer>({
      alone: async (call) => {
        requests.push([call])
        return answer
      },
      together: async (calls) => {
        requests.push([...calls])
        return calls.map(() => ({ ...answer, body: {} }))
      },
      maxTogether: 64,
    })
    const timeoutMs = 1_000
    await Promise.all([
      share('a', { timeoutMs, attempt: 2 }),
      share('b', { timeoutMs, attempt: 1 }),
      share('c', { timeoutMs, attempt: 1 }),
    ])
    expect(requests).toEqual([['a'], ['b', 'c']])
  })

  it('wait no longer than the one that waits shortest', async () => {
    await Promise.all([withdraw('a', 900), withdraw('b', 200)])
    expect(sent[0]?.timeoutMs).toBeLessThanOrEqual(200)
    expect(sent[0]?.timeoutMs).toBeGreaterThan(0)
  })

  it('are refused one by one: neighbours do not hear of it', async () => {
    const refusal = problemDocument('withdrawal-refunded', 'd', 'r-a')
    answerShared = () => ({
      status: 200,
      data: {
        answers: [
          { status: 409, body: refusal },
          { status: 200, body: resultOf('b') },
        ],
      },
    })
    expect(await Promise.all([withdraw('a'), withdraw('b')])).toEqual([
      expect.objectContaining({ outcome: 'refused', code: 'withdrawal-refunded', attempts: 1 }),
      done('b'),
    ])
  })

  it.each([500, 502, 503, 504, 408, 429])(
    'leave open only that one whose part says %i, which is repeated',
    async (status) => {
      answerShared = () => ({
        status: 200,
        data: {
          answers: [
            { status, body: resultOf('a') },
            { status: 200, body: resultOf('b') },
          ],
        },
      })
      expect(await Promise.all([withdraw('a'), withdraw('b')])).toEqual([done('a', 2), done('b')])
      expect(sizes()).toEqual([2, 1])
    },
  )

  it.each<[string, Answer]>([
    ['does not know the request', { status: 404, data: { code: 'not-found' } }],
    ['finds one of them not valid', { status: 400, data: { code: 'validation-failed' } }],
    [
      'answers fewer than were asked',
      { status: 200, data: { answers: [{ status: 200, body: {} }] } },
    ],
    ['answers something else', { status: 200, data: { ok: true } }],
    ['answers with null', { status: 200, data: null }],
  ])('are each sent alone when the other side %s', async (_what, answer) => {
    answerShared = () => answer
    expect(await Promise.all([withdraw('a'), withdraw('b')])).toEqual([done('a'), done('b')])
    expect(sizes()).toEqual([2, 1, 1])
  })
})

describe('a shared request that is lost', () => {
  const loseShared = () => {
    answerShared = () => {
      throw new UnknownOutcomeError('billing did not answer')
    }
  }

  it('leaves all of its calls open', async () => {
    loseShared()
    const outcomes = await Promise.all([withdraw('a', 0), withdraw('b', 0)])
    const reason = 'billing did not answer'
    for (const one of outcomes) {
      expect(one).toMatchObject({ outcome: 'unknown', reason, attempts: 1 })
    }
    expect(sizes()).toEqual([2])
  })

  it('is one failure to the circuit breaker: each call is repeated alone, and answered', async () => {
    loseShared()
    const keys = Array.from({ length: 30 }, (_, index) => `k${index}`)
    expect(await Promise.all(keys.map((key) => withdraw(key)))).toEqual(
      keys.map((key) => done(key, 2)),
    )
  })
})
