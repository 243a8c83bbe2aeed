import { beforeEach, describe, expect, it } from 'vitest'
import {
  UnknownOutcomeError,
  createCaller,
  type TransportRequest,
} from '../platform/calls/client.ts'
import { createLog } from '../platform/base/telemetry.ts'
import { createBillingClient } from './billing.ts'
import { createNotificationClient } from './notification.ts'

type Withdrawals = { withdrawals: { userId: string; key: string; amount: number }[] }

/** What billing was sent, and what it answers to a request that calls share. */
let sent: TransportRequest[] = []
const callsIn = ({ body = '' }: TransportRequest) => (JSON.parse(body) as Withdrawals).withdrawals
let answerShared: (calls: Withdrawals['withdrawals']) => { status?: number; body: string } | Error
const answersTo = (calls: Withdrawals['withdrawals']) => ({
  body: JSON.stringify({ answers: calls.map(({ key }) => ({ status: 200, body: { key } })) }),
})
beforeEach(() => {
  sent = []
  answerShared = answersTo
})

const billing = createBillingClient({
  send: async (request) => {
    sent.push(request)
    const headers = { 'content-type': 'application/json' }
    const calls = callsIn(request)
    if (calls.length === 1) return { status: 200, headers, ...answersTo(calls) }
    const answer = answerShared(calls)
    if (answer instanceof Error) throw answer
    return { status: 200, headers, ...answer }
  },
})

const withdraw = async (key: string, options: { attempt?: number; timeoutMs?: number } = {}) => {
  const call = { userId: 'u', key, withdrawal: { amount: 5 }, requestId: `r-${key}`, ...options }
  const { status, data } = await billing.withdraw(call)
  return { status, data: data as unknown }
}
/** How many calls each request carried. */
const sizes = () => sent.map((request) => callsIn(request).length)

describe('calls that are made in one turn', () => {
  it('share a request, and each gets the answer to its own', async () => {
    const answers = await Promise.all(['a', 'b', 'c'].map((key) => withdraw(key)))
    expect(answers).toEqual(['a', 'b', 'c'].map((key) => ({ status: 200, data: { key } })))
    expect(sizes()).toEqual([3])
    expect(JSON.parse(sent[0]?.body ?? '')).toEqual({
      withdrawals: ['a', 'b', 'c'].map((key) => ({
        userId: 'u',
        key,
        amount: 5,
        requestId: `r-${key}`,
      })),
    })
  })

  it('are requests of their own when each is alone, or comes later', async () => {
    expect(await withdraw('a')).toEqual({ status: 200, data: { key: 'a' } })
    const first = withdraw('b')
    await new Promise((resolve) => setTimeout(resolve, 5))
    await Promise.all([first, withdraw('c')])
    expect(sizes()).toEqual([1, 1, 1])
    expect(sent[0]).toMatchObject({
      path: '/billing/withdrawals',
      headers: { 'x-request-id': 'r-a' },
    })
  })

  it('are no more than fit into one request', async () => {
    const keys = Array.from({ length: 130 }, (_, index) => `k${index}`)
    const answers = await Promise.all(keys.map((key) => withdraw(key)))
    expect(answers.map(({ data }) => data)).toEqual(keys.map((key) => ({ key })))
    expect(sizes()).toEqual([64, 64, 2])
  })

  it('go alone when they are repeats, whatever was wrong with those they went with', async () => {
    await Promise.all([withdraw('a', { attempt: 2 }), withdraw('b'), withdraw('c')])
    expect(sizes().toSorted((one, other) => one - other)).toEqual([1, 2])
  })

  it('wait no longer than the one that waits shortest', async () => {
    await Promise.all([withdraw('a', { timeoutMs: 90 }), withdraw('b', { timeoutMs: 20 })])
    expect(sent[0]?.timeoutMs).toBe(20)
  })

  it('are refused one by one: neighbours do not hear of it', async () => {
    answerShared = () => ({
      body: JSON.stringify({
        answers: [
          { status: 402, body: { code: 'insufficient-funds' } },
          { status: 200, body: { key: 'b' } },
        ],
      }),
    })
    expect(await Promise.all([withdraw('a'), withdraw('b')])).toEqual([
      { status: 402, data: { code: 'insufficient-funds' } },
      { status: 200, data: { key: 'b' } },
    ])
  })

  it.each([500, 502, 503, 504, 408, 429])(
    'leave open only that one whose part says %i',
    async (status) => {
      answerShared = () => ({
        body: JSON.stringify({
          answers: [
            { status, body: {} },
            { status: 200, body: { key: 'b' } },
          ],
        }),
      })
      const [first, second] = await Promise.allSettled([withdraw('a'), withdraw('b')])
      expect(first).toMatchObject({ status: 'rejected', reason: expect.any(UnknownOutcomeError) })
      expect(second).toMatchObject({ value: { data: { key: 'b' } } })
    },
  )

  it('are all left open when nobody knows what became of the request', async () => {
    answerShared = () => new UnknownOutcomeError('billing did not answer')
    const settled = await Promise.allSettled([withdraw('a'), withdraw('b')])
    for (const one of settled) {
      expect(one).toMatchObject({ status: 'rejected', reason: expect.any(UnknownOutcomeError) })
    }
    expect(sizes()).toEqual([2])
  })

  it.each([
    ['does not know the request', { status: 404, body: '{"code":"not-found"}' }],
    ['finds one of them not valid', { status: 400, body: '{"code":"validation-failed"}' }],
    ['answers fewer than were asked', { body: '{"answers":[{"status":200,"body":{}}]}' }],
    ['answers something else', { body: '{"ok":true}' }],
    ['answers with null', { body: 'null' }],
  ])('are each sent alone when the other side %s', async (_what, answer) => {
    answerShared = () => answer
    const answers = await Promise.all([withdraw('a'), withdraw('b')])
    expect(answers.map(({ data }) => data)).toEqual([{ key: 'a' }, { key: 'b' }])
    expect(sizes()).toEqual([2, 1, 1])
  })
})

describe('a shared request that is lost', () => {
  it('is one failure to the circuit breaker: each call is repeated alone, and answered', async () => {
    answerShared = () => new UnknownOutcomeError('billing did not answer')
    const call = createCaller({ upstream: 'billing', log: createLog('order', 'silent') })
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        call(2_000, (timeoutMs, attempt) => withdraw(`k${index}`, { timeoutMs, attempt })),
      ),
    )
    const answers = outcomes.map((one) => (one.kind === 'answered' ? one.answer.data : one.reason))
    expect(answers).toEqual(outcomes.map((_, index) => ({ key: `k${index}` })))
    expect(outcomes.map(({ attempts }) => attempts)).toEqual(outcomes.map(() => 2))
  })
})

describe('letters that become due in one turn', () => {
  it('share a request, each with its own key', async () => {
    const requests: TransportRequest[] = []
    const notification = createNotificationClient({
      send: async (request) => {
        requests.push(request)
        const { letters } = JSON.parse(request.body ?? '') as { letters: unknown[] }
        const body = JSON.stringify({ answers: letters.map(() => ({ status: 201, body: {} })) })
        return { status: 200, headers: { 'content-type': 'application/json' }, body }
      },
    })
    const letter = { userId: 'u', email: 'm@example.com', kind: 'DEPOSIT' as const, amount: 5 }
    const send = (key: string) =>
      notification.sendLetter({ letter: { ...letter, key }, requestId: `r-${key}` })
    const answers = await Promise.all([send('a'), send('b')])
    expect(answers.map(({ status }) => status)).toEqual([201, 201])
    expect(requests.map(({ path }) => path)).toEqual(['/notifications/many'])
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
      letters: ['a', 'b'].map((key) => ({ requestId: `r-${key}`, letter: { ...letter, key } })),
    })
  })
})
