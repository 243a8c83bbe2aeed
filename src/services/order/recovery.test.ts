import { beforeAll, describe, expect, it } from 'vitest'
import { createLanes } from '../../../test/lab/lanes.ts'
import { recoveredIn } from '../../../test/lab/recovered.ts'
import {
  openAccount,
  patientBudgets,
  sharedBudgets,
  startBehind,
  startWithBilling,
  type Behind,
  type WithBilling,
} from '../../../test/lab/service.ts'
import type { Behaviour } from '../../../test/lab/upstream.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { problemDocument } from '../../platform/base/errors.ts'

let behind: Behind
beforeAll(async () => {
  behind = await startBehind('order')
})

const openLane = () => startWithBilling('order', sharedBudgets, behind)

/** A system for one test, with a user who has money, and what the tests ask of it. */
const prepare = async (system: WithBilling) => {
  const { api } = system.service
  system.toBilling.behave('forward')
  system.toNotification.behave('forward')
  const userId = await openAccount(system.billing, 1_000)
  // An earlier test may have opened the circuit. It closes with the next call that is answered.
  const another = await openAccount(system.billing, 1_000)
  await eventually(async () => {
    const { status } = await api.post('/orders', { userId: another, price: 1 })
    if (status !== 201) throw new Error(`an order was answered ${status}`)
  })
  return {
    system,
    api,
    userId,
    balance: async (): Promise<number> =>
      (await system.billing.api.get(`/billing/accounts/${userId}`)).body.balance,
    place: (price: number, key?: string) => api.post('/orders', { userId, price }, { key }),
    orderNow: async (id: string) => (await api.get(`/orders/${id}`)).body,
    lettersOf: async (id: string) =>
      (await system.notification.api.get(`/notifications?orderId=${id}`)).body.items,
  }
}

const inLane = createLanes(openLane)
type Test = (lane: Awaited<ReturnType<typeof prepare>>) => Promise<void>
const inTurn = (test: Test) => inLane(async (system) => test(await prepare(system)))
const inPatientLane = createLanes(() => startWithBilling('order', patientBudgets, behind))
/** It may try for longer than the others, because it succeeds in the end. */
const withPatience = (test: Test) => inPatientLane(async (system) => test(await prepare(system)))
/** Nobody was here before, so everything that is counted belongs to the test. */
const inNewLane = async (test: Test) => {
  const system = await openLane()
  const lane = await prepare(system)
  await eventually(async () =>
    expect(await system.database.sql`select from orders where due_at is not null`).toEqual([]),
  )
  await test(lane)
}

interface MoneyCall {
  readonly amount: number
  readonly withdrawals?: readonly { readonly userId: string; readonly amount: number }[]
}

/** Billing's answer to one withdrawal, inside an answer that calls share. */
const answered = (status: number, body: unknown) => ({
  status: 200,
  body: JSON.stringify({ answers: [{ status, body }] }),
})

/** A valid answer to a call that moves money, with the part that a test makes wrong. */
const moved =
  (kind: string, wrong: object, wrongAccount: object = {}): Behaviour =>
  async ({ path, body }) => {
    const { withdrawals, ...single } = JSON.parse(body) as MoneyCall
    const { amount, userId: owner } = withdrawals?.[0] ?? { ...single, userId: path.split('/')[3] }
    const operation = {
      userId: owner,
      kind,
      amount,
      status: 'DONE',
      reason: null,
      balanceAfter: 700,
    }
    const account = { userId: owner, email: 'masha@example.com', balance: 700, ...wrongAccount }
    const result = { operation: { ...operation, ...wrong }, account }
    return withdrawals ? answered(200, result) : { status: 200, body: JSON.stringify(result) }
  }

const somebodyElse = { userId: '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061' }

/** A valid acknowledgement of a letter, with the part that a test makes wrong. */
const acknowledged =
  (wrong: object): Behaviour =>
  async ({ body }) => {
    const { key: _key, ...letter } = JSON.parse(body) as Record<string, unknown>
    return { status: 201, body: JSON.stringify({ ...letter, ...wrong }) }
  }

/** A whole problem, but none that billing stores under a key. */
const unknownAddress = problemDocument('not-found', 'There is nothing here.', 'r-1')

/** Billing has not judged the call of whom it does not know: that is no refusal. */
const notKnown = JSON.stringify(problemDocument('unauthenticated', 'Who calls?', 'r-1'))
const notOurs = JSON.stringify(problemDocument('forbidden', 'Not yours.', 'r-1'))

const noAnswers: [string, Behaviour][] = [
  ['cuts the connection', 'refuse'],
  ['does the work and the answer is lost', 'drop-answer'],
  ['does not answer in time', 'hang'],
  ['answers 500', { status: 500 }],
  ['answers 503', { status: 503 }],
  ['answers 408', { status: 408 }],
  ['answers 401, for it does not know our key yet', { status: 401, body: notKnown }],
  ['answers 403', { status: 403, body: notOurs }],
  ['answers 429', { status: 429 }],
  ['answers 200 with a page', { status: 200, type: 'text/html', body: '<h1>ok</h1>' }],
  ['answers 200 with nothing', { status: 200 }],
  ['answers 200 with other JSON', { status: 200, body: '{"ok":true}' }],
  ['answers 200 with null', { status: 200, body: 'null' }],
  [
    'answers 404 for an address it does not know',
    { status: 404, body: JSON.stringify(unknownAddress) },
  ],
  ['answers 404 with nothing', { status: 404 }],
  ['answers 402 with other JSON', { status: 402, body: '{"pay":"me"}' }],
  ['answers 409 with other JSON', { status: 409, body: '[]' }],
  ['answers 400', { status: 400, body: '{"code":"validation-failed"}' }],
  ['answers 302', { status: 302 }],
  ['answers for somebody else', moved('WITHDRAW', somebodyElse)],
  ['answers with somebody else’s account', moved('WITHDRAW', {}, somebodyElse)],
  ['answers without an address to write to', moved('WITHDRAW', {}, { email: undefined })],
  ['answers with another amount', moved('WITHDRAW', { amount: 3 })],
  ['answers with a deposit', moved('DEPOSIT', {})],
  ['answers with what moved nothing', moved('WITHDRAW', { status: 'REFUSED', reason: 'x' })],
  ['answers this withdrawal with 402 and other JSON', answered(402, { pay: 'me' })],
  ['answers this withdrawal with 404 not-found', answered(404, unknownAddress)],
  ['answers this withdrawal with 409 and other JSON', answered(409, [])],
  ['answers this withdrawal with nothing', answered(200, undefined)],
  ['answers this withdrawal with 503', answered(503, { code: 'unavailable' })],
  [
    'answers in another type than JSON',
    async (_request, pass) => ({ ...(await pass()), type: 'text/plain' }),
  ],
]

describe.concurrent('when billing', () => {
  it.each(noAnswers)(
    '%s, the order stays undecided, then is decided once by itself',
    (_what, behaviour) =>
      inTurn(async ({ system, balance, place, orderNow, lettersOf }) => {
        const before = await balance()
        system.toBilling.behave(behaviour)
        const placed = await place(300, 'k')
        expect([placed.status, placed.body.status]).toEqual([202, 'PENDING'])
        expect(placed.headers['retry-after']).toBe('1')
        expect(placed.headers['location']).toBe(`/orders/${placed.body.id}`)
        const again = await place(300, 'k')
        expect([again.status, again.text]).toEqual([202, placed.text])
        expect(again.headers['idempotency-replayed']).toBe('true')
        system.toBilling.behave('forward')
        await eventually(async () =>
          expect(await orderNow(placed.body.id)).toMatchObject({ status: 'APPROVED' }),
        )
        expect(await balance()).toBe(before - 300)
        await eventually(async () => expect(await lettersOf(placed.body.id)).toHaveLength(1))
        const decided = await place(300, 'k')
        expect([decided.status, decided.body.status]).toEqual([201, 'APPROVED'])
      }),
  )

  it('gives a complete answer, the order is decided: the answers below lack a part of it', () =>
    inTurn(async ({ system, place }) => {
      system.toBilling.behave(moved('WITHDRAW', {}))
      const { status } = await place(300)
      system.toBilling.behave('forward')
      expect(status).toBe(201)
    }))

  it('fails only now and then, the client notices nothing', () =>
    withPatience(async ({ system, balance, place }) => {
      const before = await balance()
      system.toBilling.behave({ status: 503 }, 'drop-answer', 'forward')
      const { status } = await place(300)
      expect([status, await balance()]).toEqual([201, before - 300])
    }))

  it('is away and the money is gone meanwhile, the order becomes rejected with its letter', () =>
    inTurn(async ({ system, userId, place, orderNow, lettersOf }) => {
      system.toBilling.behave('refuse')
      const { body } = await place(900)
      await system.billing.api.post(`/billing/accounts/${userId}/withdraw`, { amount: 500 })
      system.toBilling.behave('forward')
      await eventually(async () =>
        expect(await orderNow(body.id)).toMatchObject({
          status: 'REJECTED',
          reason: 'insufficient-funds',
        }),
      )
      await eventually(async () =>
        expect(await lettersOf(body.id)).toMatchObject([{ kind: 'ORDER_REJECTED' }]),
      )
    }))

  it('loses the answer to a cancellation, the money comes back once', () =>
    inTurn(async ({ system, api, balance, place, orderNow }) => {
      const before = await balance()
      const { body } = await place(300)
      system.toBilling.behave('drop-answer')
      const cancelled = await api.delete(`/orders/${body.id}`)
      expect([cancelled.status, cancelled.body.status]).toEqual([202, 'APPROVED'])
      system.toBilling.behave('forward')
      await eventually(async () => expect((await orderNow(body.id)).status).toBe('CANCELLED'))
      expect(await balance()).toBe(before)
      const again = await api.delete(`/orders/${body.id}`)
      expect([again.status, again.body.status]).toEqual([200, 'CANCELLED'])
    }))

  it('answers with another refund, the order is not cancelled until the right one is paid back', () =>
    inTurn(async ({ system, api, balance, place, orderNow }) => {
      const before = await balance()
      const { body } = await place(300)
      system.toBilling.behave(moved('REFUND', { amount: 30 }))
      const cancelled = await api.delete(`/orders/${body.id}`)
      expect([cancelled.status, cancelled.body.status]).toEqual([202, 'APPROVED'])
      system.toBilling.behave('forward')
      await eventually(async () => expect((await orderNow(body.id)).status).toBe('CANCELLED'))
      expect(await balance()).toBe(before)
    }))

  it('is away for long, each attempt is stored, but the history stays short', () =>
    inTurn(async ({ system, api, place }) => {
      const { body } = await place(5)
      const { sql } = system.database
      await sql`update orders set timeline = (select jsonb_agg(jsonb_build_object('at', now(),
      'step', 'withdraw', 'attempt', n, 'outcome', 'unknown', 'ms', 1)) from generate_series(1, 19) n)
      where id = ${body.id}`
      const cancelled = await api.delete(`/orders/${body.id}`)
      expect(cancelled.status).toBe(200)
      const [row] = await sql`select jsonb_array_length(timeline) as entries from orders
      where id = ${body.id}`
      expect(row?.['entries']).toBeLessThanOrEqual(20)
    }))
})

/** The last attempt may have had only some milliseconds left, and then it has its own reason. */
const orInNoTime = (why: string) =>
  new RegExp(`${why}|^billing did not answer: no answer in \\d+ ms$|^billing failed just before`)

describe.concurrent('the timeline of an order whose payment is not answered', () => {
  it.each<[string, Behaviour, RegExp]>([
    [
      'is away',
      'refuse',
      orInNoTime('^billing did not answer: (ECONNREFUSED|UND_ERR_SOCKET|ECONNRESET)$'),
    ],
    ['answers 503', { status: 503 }, orInNoTime('^billing answered 503$')],
    [
      'answers with a page',
      { status: 200, type: 'text/html', body: '<p>ok' },
      orInNoTime('as text/html'),
    ],
  ])('tells its owner why: billing %s', (_what, behaviour, why) =>
    inTurn(async ({ system, place, orderNow }) => {
      system.toBilling.behave(behaviour)
      const { body } = await place(5)
      const before = await orderNow(body.id)
      expect(before.owes).toBe(true)
      expect(before.timeline[0]).toMatchObject({ step: 'withdraw', outcome: 'unknown' })
      expect(before.timeline[0].reason).toMatch(why)
      system.toBilling.behave('forward')
      await eventually(async () => {
        const { owes, timeline } = await orderNow(body.id)
        expect([owes, timeline.at(-1).outcome]).toEqual([false, 'done'])
        expect(timeline.at(-1)).not.toHaveProperty('reason')
      })
    }),
  )
})

describe.concurrent('when notification', () => {
  it.each<[string, Behaviour]>([
    ['is away', 'refuse'],
    ['hangs', 'hang'],
    ['loses its answers', 'drop-answer'],
    ['answers 500', { status: 500 }],
    ['answers 422', { status: 422, body: '{"code":"idempotency-key-reused"}' }],
    ['answers 200 with other JSON', { status: 200, body: '{}' }],
    ['answers 201 with null', { status: 201, body: 'null' }],
    ['answers 200 with nothing', { status: 200 }],
    ['answers 200 with a page', { status: 200, type: 'text/html', body: '<h1>ok</h1>' }],
    ['answers with a letter of somebody else', acknowledged(somebodyElse)],
    ['answers with a letter to another address', acknowledged({ email: 'petya@example.com' })],
    ['answers with a letter about another order', acknowledged({ orderId: null })],
    ['answers with a letter of another kind', acknowledged({ kind: 'ORDER_REJECTED' })],
    ['answers with a letter about another amount', acknowledged({ amount: 1 })],
  ])('%s, orders are answered as usual, and one letter follows later', (_what, behaviour) =>
    withPatience(async ({ system, balance, place, lettersOf }) => {
      const before = await balance()
      system.toNotification.behave(behaviour)
      const startedAtMs = performance.now()
      const { status, body } = await place(300)
      // A slow machine takes seconds for it. Who waited for the letter would take for ever.
      expect(performance.now() - startedAtMs).toBeLessThan(8_000)
      expect([status, body.status, await balance()]).toEqual([201, 'APPROVED', before - 300])
      system.toNotification.behave('forward')
      await eventually(async () => {
        const [row] = await system.database.sql`select due_at from orders where id = ${body.id}`
        expect(row?.['due_at']).toBeNull()
      })
      expect(await lettersOf(body.id)).toMatchObject([{ kind: 'ORDER_APPROVED', amount: 300 }])
    }),
  )
})

describe.concurrent('a request and a repeat that both decide an order', () => {
  it('are both answered, whichever learns of the decision first', () =>
    inTurn(async ({ system, userId, place }) => {
      system.toBilling.behave('hang', 'forward')
      const first = place(300, 'k')
      const { sql } = system.database
      await eventually(async () =>
        expect(
          await sql`select from orders where user_id = ${userId} and price = 300`,
        ).toHaveLength(1),
      )
      await eventually(() => expect(system.toBilling.seen.at(-1)?.body).toContain('"amount":300'))
      const repeat = await place(300, 'k')
      expect(repeat.status).toBe(201)
      expect([201, 202]).toContain((await first).status)
    }))

  it('do not change a row that the other one finished while this one got no answer', () =>
    inTurn(async ({ system, userId, place }) => {
      system.toBilling.behave('hang')
      const first = place(300, 'k')
      const { sql } = system.database
      const [row] = await eventually(async () => {
        const rows = await sql`select id from orders where user_id = ${userId} and price = 300`
        expect(rows).toHaveLength(1)
        return rows
      })
      // The row as a faster replica leaves it: decided, its letter acknowledged, nothing owed.
      await sql`update orders set status = 'REJECTED', decision = 'REJECTED', decided_at = now(),
      reason = 'account-not-found', due_at = null where id = ${row?.['id']}`
      expect((await first).status).toBe(202)
      system.toBilling.behave('forward')
      // An earlier release stored this refusal: it must be told as it was told then.
      const again = await place(300, 'k')
      expect([again.status, again.body.code]).toEqual([404, 'account-not-found'])
      expect(again.body).not.toHaveProperty('order')
    }))
})

describe.concurrent('what recovery counts', () => {
  const countsOf = (system: WithBilling) => async (loop: string) => {
    const { finished = 0, postponed = 0, failed } = await recoveredIn(system.service.metrics, loop)
    return { finished, postponed, failed }
  }

  it('is postponed orders while billing is away, and one finished when it is back', () =>
    inNewLane(async ({ system, place, orderNow }) => {
      const counts = countsOf(system)
      const before = await counts('orders')
      system.toBilling.behave('refuse')
      const { body } = await place(300)
      await eventually(async () =>
        expect((await counts('orders')).postponed).toBeGreaterThan(before.postponed + 2),
      )
      expect(await orderNow(body.id)).toMatchObject({ status: 'PENDING' })
      expect(await counts('orders')).toMatchObject({ finished: before.finished, failed: 0 })
      system.toBilling.behave('forward')
      await eventually(async () =>
        expect(await counts('orders')).toMatchObject({ finished: before.finished + 1, failed: 0 }),
      )
      expect(await orderNow(body.id)).toMatchObject({ status: 'APPROVED' })
    }))

  it('is postponed letters while notification is away, of orders and of their changes', () =>
    inNewLane(async ({ system, api, place }) => {
      const counts = countsOf(system)
      const { body } = await place(300)
      const before = [await counts('orders'), await counts('order_changes')] as const
      system.toNotification.behave('refuse')
      await place(200)
      await api.delete(`/orders/${body.id}`)
      await eventually(async () => {
        expect((await counts('orders')).postponed).toBeGreaterThan(before[0].postponed)
        expect((await counts('order_changes')).postponed).toBeGreaterThan(before[1].postponed)
      })
      expect((await counts('orders')).finished).toBe(before[0].finished)
      expect((await counts('order_changes')).finished).toBe(before[1].finished)
      system.toNotification.behave('forward')
      await eventually(async () => {
        expect((await counts('orders')).finished).toBe(before[0].finished + 1)
        expect((await counts('order_changes')).finished).toBe(before[1].finished + 1)
      })
    }))
})

describe.concurrent('two replicas', () => {
  it('finish the same due orders at once without doing anything twice', () =>
    inTurn(async ({ system, api, userId, balance, orderNow, lettersOf }) => {
      const replica = await system.startReplica()
      const before = await balance()
      system.toBilling.behave('drop-answer')
      const placed = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          (index % 2 ? api : replica.api).post('/orders', { userId, price: 10 }),
        ),
      )
      expect(placed.every(({ status }) => status === 202)).toBe(true)
      system.toBilling.behave('forward')
      for (const { body } of placed) {
        await eventually(async () => expect((await orderNow(body.id)).status).toBe('APPROVED'))
        await eventually(async () => expect(await lettersOf(body.id)).toHaveLength(1))
      }
      expect(await balance()).toBe(before - 120)
    }))
})
