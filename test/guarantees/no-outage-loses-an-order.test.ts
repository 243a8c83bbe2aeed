import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Order } from '../../src/services/order/contract.ts'
import type { User } from '../../src/services/user/contract.ts'
import {
  cancel,
  createActor,
  deposit,
  newKey,
  newOrder,
  newUser,
  reprice,
  signUp,
  toldIn,
  type Actor,
  type Request,
} from '../lab/actors.ts'
import { createHistory, type Exchange, type History } from '../judge/history.ts'
import { checkInvariants, checkWhileRunning } from '../judge/invariants.ts'
import { runLoad } from '../lab/load.ts'
import { adminSql } from '../lab/database.ts'
import { startSystem, type System } from '../lab/system.ts'
import { eventually } from '../lab/wait.ts'

/** A slow machine may add so much to a budget. */
const marginMs = 3_000
const recoveryMs = 10_000

vi.setConfig({ testTimeout: 120_000 })

/** A busy machine needs more time. */
const patient = { withinMs: 40_000 }

let system: System
let history: History
let client: Actor

const begin = (started: System) => {
  system = started
  history = createHistory()
  client = createActor({ baseUrl: system.urls.gateway, history })
}

const tookMs = ({ sentMs, answeredMs }: Exchange) => answeredMs - sentMs

const expectPending = (exchange: Exchange, budgetMs: number) => {
  expect(toldIn(exchange)).toMatchObject({ status: 202, comeBack: true })
  expect(tookMs(exchange)).toBeLessThan(budgetMs + marginMs)
}

const orderIn = (exchange: Exchange) => toldIn(exchange).body as Order

/** Reads the statuses of orders as every client sees them. */
const statusesOf = async (orderIds: readonly string[]) =>
  Promise.all(orderIds.map(async (id) => (await client.order(id)).status))

const within = (work: () => Promise<void>) => eventually(work, { withinMs: recoveryMs })

describe('billing is away, with the usual settings', () => {
  const budgetMs = 2_000

  beforeAll(async () => begin(await startSystem()))
  afterAll(() => system.close())

  it('answers 202 within the budget, and decides everything by itself when billing is back', async () => {
    const rich = await signUp(client, 1_000_000)
    const poor = await signUp(client, 500)
    const dearer = await client.decided<Order>(newOrder(rich.id, 10_001))
    const dropped = await client.decided<Order>(newOrder(rich.id, 20_003))
    await system.stop('billing')
    history.mark('billing stopped')

    const userRequest = newUser(`late-${newKey().slice(0, 8)}`)
    const payable = [30_011, 40_019, 50_021].map((price) => newOrder(rich.id, price))
    const unpayable = [60_029, 70_033].map((price) => newOrder(poor.id, price))
    const changes = [reprice(dearer.body.id, 15_007), cancel(dropped.body.id)]
    const requests = [userRequest, ...payable, ...unpayable, ...changes]
    const answers = await Promise.all(requests.map((request) => client.attempt(request)))
    for (const answer of answers) expectPending(answer, budgetMs)
    const newcomer = toldIn(answers[0]!).body as User
    expect(newcomer.account).toBe('PENDING')
    const orderIds = answers.slice(1, 6).map((answer) => orderIn(answer).id)
    expect(await statusesOf(orderIds)).toEqual(orderIds.map(() => 'PENDING'))

    // While the end is unknown, a repeat is told so too, and an undecided order cannot be changed.
    const again = toldIn(await client.attempt(payable[0]!))
    expect(again).toMatchObject({ status: 202, replayed: true, body: { id: orderIds[0] } })
    const tooEarly = toldIn(await client.attempt(reprice(orderIds[0]!, 1)))
    expect(tooEarly).toMatchObject({
      status: 409,
      comeBack: true,
      body: { code: 'order-undecided' },
    })

    await system.start('billing')
    history.mark('billing is back')
    await within(async () => {
      expect((await client.user(newcomer.id)).account).toBe('OPEN')
      const decided = ['APPROVED', 'APPROVED', 'APPROVED', 'REJECTED', 'REJECTED']
      expect(await statusesOf(orderIds)).toEqual(decided)
      expect(await client.order(dearer.body.id)).toMatchObject({
        status: 'APPROVED',
        price: 15_007,
      })
      expect((await client.order(dropped.body.id)).status).toBe('CANCELLED')
      const letters = await Promise.all(orderIds.map((id) => client.lettersAbout(id)))
      expect(letters.map((about) => about.map(({ kind }) => kind))).toEqual(
        decided.map((status) => [`ORDER_${status}`]),
      )
    })

    const finalStatuses = [201, 201, 201, 201, 402, 402, 200, 200]
    const repeats = await Promise.all(requests.map((request) => client.attempt(request)))
    expect(repeats.map((repeat) => toldIn(repeat).status)).toEqual(finalStatuses)
    expect(repeats.every((repeat) => toldIn(repeat).replayed)).toBe(true)
    expect(repeats.slice(1, 4).map((repeat) => orderIn(repeat).id)).toEqual(orderIds.slice(0, 3))
    await checkInvariants(system, history)
    expect((await client.account(rich.id)).balance).toBe(1_000_000 - 15_007 - 120_051)
    expect((await client.account(poor.id)).balance).toBe(500)
  })
})

describe('parts of the system die or hang', () => {
  const budgetMs = 900
  const letterBudgetMs = 500
  const hurried = {
    REQUEST_BUDGET_MS: String(budgetMs),
    LETTER_BUDGET_MS: String(letterBudgetMs),
    CALL_TIMEOUT_MS: '400',
    LEASE_MS: '1800',
    RECOVERY_INTERVAL_MS: '200',
  }

  beforeAll(async () => begin(await startSystem({ env: hurried })))

  it('answers as usual while notification is away, and every letter follows exactly once', async () => {
    const user = await signUp(client, 100_000)
    const kept = await client.decided<Order>(newOrder(user.id, 5_003))
    await system.stop('notification')
    history.mark('notification stopped')

    const requests: Request[] = [
      deposit(user.id, 7_001),
      newOrder(user.id, 9_007),
      newOrder(user.id, 900_011),
      reprice(kept.body.id, 3_001),
    ]
    const answers = await Promise.all(requests.map((request) => client.attempt(request)))
    expect(answers.map((answer) => toldIn(answer).status)).toEqual([200, 201, 402, 200])
    const cancelled = await client.attempt(cancel(kept.body.id))
    expect(toldIn(cancelled).status).toBe(200)
    for (const answer of [...answers, cancelled]) {
      expect(tookMs(answer)).toBeLessThan(budgetMs + letterBudgetMs + marginMs)
    }

    await system.start('notification')
    history.mark('notification is back')
    const owed = [
      'DEPOSIT 100000',
      'DEPOSIT 7001',
      'ORDER_APPROVED 5003',
      'ORDER_APPROVED 9007',
      'ORDER_CANCELLED 3001',
      'ORDER_REJECTED 900011',
      'ORDER_REPRICED 3001',
    ]
    const lettersNow = async () =>
      (await client.letters(user.id)).map(({ kind, amount }) => `${kind} ${amount}`).toSorted()
    await within(async () => expect(await lettersNow()).toEqual(owed))
    await checkInvariants(system, history)
    expect(await lettersNow()).toEqual(owed)
  })

  it('treats a billing service that hangs like one that is away, though it gets old requests later', async () => {
    const user = await signUp(client, 50_000)
    system.pause('billing')
    history.mark('billing paused')
    const prices = [1_009, 2_003, 60_013, 4_001, 70_001, 6_007]
    const requests = prices.map((price) => newOrder(user.id, price))
    // The first request is alone, so no failures before it have opened the circuit to billing.
    const answers = [await client.attempt(requests[0]!)]
    answers.push(
      ...(await Promise.all(requests.slice(1).map((request) => client.attempt(request)))),
    )
    for (const answer of answers) expectPending(answer, budgetMs)
    const orderIds = answers.map((answer) => orderIn(answer).id)

    system.resume('billing')
    history.mark('billing resumed')
    await within(async () => {
      expect(await statusesOf(orderIds)).toEqual(
        prices.map((price) => (price > 50_000 ? 'REJECTED' : 'APPROVED')),
      )
    })
    await checkInvariants(system, history)
    expect((await client.account(user.id)).balance).toBe(50_000 - 13_020)
  })

  it('decides every order of a killed order service once it runs again, though no client asks', async () => {
    const users = await Promise.all([1, 2, 3, 4].map(() => signUp(client, 100_000)))
    // Some can be paid and some cannot, and they are at all stages when the service dies.
    const requests = users.flatMap(({ id }) =>
      [101, 1_103, 2_003, 3_011, 400_009, 5_003, 600_011, 7_013].map((price) =>
        newOrder(id, price),
      ),
    )
    const send = (some: typeof requests) => some.map((request) => client.attempt(request))
    const first = send(requests.slice(0, requests.length / 2))
    await Promise.race(first)
    // The first ones may all be answered together; of these the service has only begun some.
    const sent = [...first, ...send(requests.slice(requests.length / 2))]
    await sleep(5)
    await system.kill('order')
    history.mark('order killed')
    const answers = await Promise.all(sent)
    expect(answers.some(({ answer }) => answer.kind === 'unknown')).toBe(true)

    await system.start('order')
    history.mark('order runs again')
    await checkInvariants(system, history)
    // Then the clients repeat the requests that had no answer.
    const replies = await Promise.all(requests.map((request) => client.decided(request)))
    const expected = requests.map(({ body }) =>
      (body as { price: number }).price > 100_000 ? 402 : 201,
    )
    expect(replies.map(({ status }) => status)).toEqual(expected)
    await checkInvariants(system, history)
  })

  it('loses nothing when each service is killed once while clients are busy', async () => {
    const busy = createHistory()
    const killEach = async () => {
      for (const service of ['billing', 'order', 'notification', 'user', 'gateway'] as const) {
        const before = busy.exchanges.length
        await eventually(() => expect(busy.exchanges.length).toBeGreaterThan(before + 10), patient)
        await system.kill(service)
        busy.mark(`${service} killed`)
        await system.start(service)
        busy.mark(`${service} runs again`)
        await checkWhileRunning(system, busy)
      }
    }
    const done = new AbortController()
    await Promise.all([
      runLoad({
        system,
        history: busy,
        clients: 6,
        steps: 500,
        seed: 11,
        thinkMs: 60,
        signal: done.signal,
      }),
      killEach().finally(() => done.abort()),
    ])
    const { users } = await checkInvariants(system, busy)
    expect(users.flatMap(({ orders }) => orders).length).toBeGreaterThan(10)
  })

  it('loses nothing when Postgres cuts every connection again and again under load', async () => {
    const busy = createHistory()
    const names = Object.values(system.databases).map((url) => new URL(url).pathname.slice(1))
    let cut = 0
    const cutConnections = async () => {
      for (let round = 0; round < 5; round += 1) {
        const before = busy.exchanges.length
        await eventually(() => expect(busy.exchanges.length).toBeGreaterThan(before + 5), patient)
        const killed = await adminSql()`
          select pg_terminate_backend(pid) from pg_stat_activity
          where datname = any(${names}) and application_name = 'orderly'`
        cut += killed.length
        busy.mark(`${killed.length} connections cut`)
      }
    }
    const done = new AbortController()
    await Promise.all([
      runLoad({
        system,
        history: busy,
        clients: 8,
        steps: 500,
        seed: 12,
        thinkMs: 40,
        signal: done.signal,
      }),
      cutConnections().finally(() => done.abort()),
    ])
    expect(system.processes.filter((process) => !process.isRunning())).toEqual([])
    expect(cut).toBeGreaterThan(10)
    await checkInvariants(system, busy)
  })
})
