import { beforeAll, describe, expect, it, vi } from 'vitest'
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
  withdrawal,
  type Actor,
  type Request,
} from '../lab/actors.ts'
import {
  book,
  cancelBooking,
  hourMs,
  newCompany,
  newOffer,
  someCategory,
  withdrawOffer,
} from '../lab/booking-requests.ts'
import { collectFacts } from '../judge/facts.ts'
import { createHistory } from '../judge/history.ts'
import { api, type Api, type ApiResponse } from '../lab/http.ts'
import { checkInvariants } from '../judge/invariants.ts'
import { serviceNames } from '../../src/registry.ts'
import { startSystem, type System } from '../lab/system.ts'

vi.setConfig({ testTimeout: 120_000 })

const history = createHistory()
let system: System
let client: Api
let actor: Actor
let rich: User
let poor: User

/** Sends the request byte for byte, and records it in the history too. */
const send = async ({ method, path, key, body, as }: Request): Promise<ApiResponse> => {
  let response: ApiResponse | undefined
  await history.record({ client: 'replayer', method, path, key, body, as }, async () => {
    response = await client.ask(method, path, body, { as, ...(key === undefined ? {} : { key }) })
    return response
  })
  if (response === undefined) throw new Error(`${method} ${path} was not answered`)
  return response
}

/** Nobody else gets as far as to be told that there is no such user. */
const byOperator = (request: Request): Request => ({ ...request, as: 'operator' })

const isReplay = ({ headers }: ApiResponse) => headers['idempotency-replayed'] === 'true'

/** The parts of an answer that a repeat must have too, byte for byte. */
const repeatedParts = ({ status, text, headers }: ApiResponse) => ({
  status,
  text,
  contentType: headers['content-type'],
  location: headers['location'],
})

interface Kept {
  readonly name: string
  readonly request: Request
  readonly answer: ApiResponse
}

const kept: Kept[] = []
let openOffer = ''

const keep = async (name: string, request: Request, status: number) => {
  const answer = await send(request)
  expect({ name, status: answer.status }).toEqual({ name, status })
  expect(isReplay(answer)).toBe(false)
  kept.push({ name, request, answer })
  return answer
}

const expectSameAnswers = async () => {
  for (const { name, request, answer } of kept) {
    const repeat = await send(request)
    expect({ name, ...repeatedParts(repeat) }).toEqual({ name, ...repeatedParts(answer) })
    expect({ name, replayed: isReplay(repeat) }).toEqual({ name, replayed: true })
  }
}

/** A company, its members, its offers, and what became of each booking. */
const keepBookings = async () => {
  const managerId = rich.id
  const { body: company } = await keep('a company', newCompany(managerId), 201)
  const companyId = (company as { id: string }).id
  const member = {
    method: 'POST',
    path: `/companies/${companyId}/members`,
    key: newKey(),
    as: managerId,
    body: { userId: poor.id, role: 'MANAGER' },
  } as const
  await keep('a member', member, 201)
  const categoryId = await someCategory(actor)
  const offer = async (name: string, price: number) => {
    const startsMs = Date.now() + 100 * hourMs
    const wanted = newOffer({ managerId, companyId, categoryId, price, startsMs })
    return ((await keep(name, wanted, 201)).body as { id: string }).id
  }
  const offerId = await offer('an offer', 5_003)
  const beyondMeans = await offer('a dear offer', 9_000_017)
  const booked = await keep('a paid booking', book(rich.id, offerId), 201)
  await keep('a refused booking', book(poor.id, beyondMeans), 402)
  const { id: bookingId } = booked.body as { id: string }
  // It is cancelled, booked again and withdrawn: the repeats tell what was told.
  expect((await send(cancelBooking(rich.id, bookingId))).status).toBe(200)
  await keep('a booking of what was given back', book(rich.id, offerId), 201)
  expect((await send(withdrawOffer(managerId, offerId))).status).toBe(200)
  openOffer = await offer('an offer for many', 7_001)
}

const factsNow = () => collectFacts(system.urls.gateway, [rich.id, poor.id])

beforeAll(async () => {
  system = await startSystem()
  client = api(system.urls.gateway)
  actor = createActor({ baseUrl: system.urls.gateway, history })
  rich = await signUp(actor, 1_000_000)
  poor = await signUp(actor, 100)
})

describe('a repeat with the same key and payload', () => {
  it('gets the same status and the same body, to the byte, whatever the answer was', async () => {
    const name = `replay-${newKey().slice(0, 8)}`
    await keep('a user', newUser(name), 201)
    await keep('a taken username', newUser(name), 409)
    await keep('a deposit', deposit(rich.id, 5_001), 200)
    await keep('a withdrawal', withdrawal(rich.id, 7_001), 200)
    await keep('a refused withdrawal', withdrawal(poor.id, 9_001), 402)
    await keep('a withdrawal from nobody', byOperator(withdrawal(newKey(), 9_002)), 404)
    await keep('a refused order', newOrder(poor.id, 11_003), 402)
    await keep('an order of nobody', byOperator(newOrder(newKey(), 13_001)), 404)
    const paid = await keep('a paid order', newOrder(rich.id, 15_013), 201)
    const { id } = paid.body as Order
    await keep('a dearer price', reprice(id, 17_011), 200)
    await keep('a price that cannot be paid', reprice(id, 9_000_011), 402)
    await keep('a lower price', reprice(id, 3_001), 200)
    await keepBookings()
    // It waits for the letters that come after an answer.
    await checkInvariants(system, history)
    const before = await factsNow()
    await expectSameAnswers()
    expect(await factsNow()).toEqual(before)
  })

  it('gets the same answer after the order was re-priced and cancelled, and the account changed', async () => {
    const paid = kept.find(({ name }) => name === 'a paid order')!
    const { id } = paid.answer.body as Order
    expect((await send(reprice(id, 20_011))).status).toBe(200)
    const cancelled = await send(cancel(id))
    expect(cancelled.status).toBe(200)
    expect((await send(deposit(poor.id, 50_000))).status).toBe(200)
    await expectSameAnswers()
    const again = await send(cancel(id))
    expect({ ...repeatedParts(again), replayed: isReplay(again) }).toEqual({
      ...repeatedParts(cancelled),
      replayed: true,
    })
  })

  it('gets the same answer after a restart of every service', async () => {
    await system.stop()
    await Promise.all(serviceNames.map((service) => system.start(service)))
    await expectSameAnswers()
  })

  it('gets the same answer 32 times at once, and the work is done once', async () => {
    const order = (await send(newOrder(rich.id, 21_001))).body as Order
    const requests: [string, Request, number][] = [
      ['a user', newUser(`many-${newKey().slice(0, 8)}`), 201],
      ['a deposit', deposit(rich.id, 23_003), 200],
      ['a withdrawal', withdrawal(rich.id, 25_013), 200],
      ['a refused withdrawal', withdrawal(rich.id, 90_000_001), 402],
      ['a paid order', newOrder(rich.id, 27_011), 201],
      ['a refused order', newOrder(poor.id, 29_000_009), 402],
      ['a paid booking', book(rich.id, openOffer), 201],
      ['an order of nobody', byOperator(newOrder(newKey(), 31_013)), 404],
      ['a new price', reprice(order.id, 33_013), 200],
    ]
    for (const [name, request, status] of requests) {
      const answers = await Promise.all(Array.from({ length: 32 }, () => send(request)))
      const [first] = answers
      expect({ name, status: first?.status }).toEqual({ name, status })
      const different = answers.filter((answer) => answer.text !== first?.text)
      expect({ name, different: different.map(({ text }) => text) }).toEqual({
        name,
        different: [],
      })
      const news = answers.filter((answer) => !isReplay(answer)).length
      expect({ name, news }).toEqual({ name, news: 1 })
    }
    const { users } = await checkInvariants(system, history)
    const operations = users.flatMap((user) => user.operations.map(({ amount }) => amount))
    for (const amount of [23_003, 25_013, 27_011, 33_013 - 21_001]) {
      expect(operations.filter((other) => other === amount)).toHaveLength(1)
    }
  })
})

describe('the same key with another payload', () => {
  it('is refused with 422 and changes nothing', async () => {
    const name = `other-${newKey().slice(0, 8)}`
    const [userKey, depositKey, withdrawKey] = [newKey(), newKey(), newKey()]
    const [orderKey, refusedKey, priceKey] = [newKey(), newKey(), newKey()]
    expect((await send(newUser(name, { key: userKey }))).status).toBe(201)
    expect((await send(deposit(rich.id, 1_003, { key: depositKey }))).status).toBe(200)
    expect((await send(withdrawal(rich.id, 1_009, { key: withdrawKey }))).status).toBe(200)
    const placed = await send(newOrder(rich.id, 2_003, { key: orderKey }))
    expect(placed.status).toBe(201)
    expect((await send(newOrder(rich.id, 80_000_009, { key: refusedKey }))).status).toBe(402)
    const { id } = placed.body as Order
    expect((await send(reprice(id, 3_011, { key: priceKey }))).status).toBe(200)

    const before = await factsNow()
    const others: Request[] = [
      {
        ...newUser(name, { key: userKey }),
        body: { username: name, email: `${name}@example.com` },
      },
      deposit(rich.id, 1_004, { key: depositKey }),
      withdrawal(rich.id, 1_003, { key: depositKey }),
      withdrawal(rich.id, 1_010, { key: withdrawKey }),
      newOrder(rich.id, 2_004, { key: orderKey }),
      newOrder(rich.id, 2_003, { key: orderKey, description: 'Something else' }),
      newOrder(rich.id, 1, { key: refusedKey }),
      reprice(id, 3_012, { key: priceKey }),
    ]
    for (const request of others) {
      const { status, body } = await send(request)
      expect({ request, status, code: body.code }).toEqual({
        request,
        status: 422,
        code: 'idempotency-key-reused',
      })
    }
    expect(await factsNow()).toEqual(before)
  })

  it('of another user is another key, and tells nothing about the first', async () => {
    const key = newKey()
    const theirs = await Promise.all([
      send(newOrder(rich.id, 4_001, { key, description: 'A secret' })),
      send(deposit(rich.id, 4_003, { key })),
    ])
    expect(theirs.map(({ status }) => status)).toEqual([201, 200])
    const mine = await Promise.all([
      send(newOrder(poor.id, 17, { key })),
      send(deposit(poor.id, 19, { key })),
    ])
    expect(mine.map(({ status }) => status)).toEqual([201, 200])
    for (const answer of mine) {
      expect(isReplay(answer)).toBe(false)
      expect(answer.text).not.toContain(rich.id)
      expect(answer.text).not.toContain('A secret')
    }
    expect(mine[0]?.body).toMatchObject({ userId: poor.id, price: 17, description: null })

    // For another order of the same user, the same key is a new key.
    const one = (await send(newOrder(rich.id, 5_003))).body as Order
    const second = (await send(newOrder(rich.id, 5_009))).body as Order
    const prices = [
      await send(reprice(one.id, 6_007, { key })),
      await send(reprice(second.id, 6_011, { key })),
    ]
    expect(prices.map(({ status, body }) => [status, body.price])).toEqual([
      [200, 6_007],
      [200, 6_011],
    ])

    // Who signs up with a key that somebody else happened to use notices nothing of it.
    const secret = `secret-${newKey().slice(0, 8)}`
    expect((await send(newUser(secret, { key }))).status).toBe(201)
    const other = await send(newUser(`other-${newKey().slice(0, 8)}`, { key }))
    expect([other.status, isReplay(other)]).toEqual([201, false])
    expect(other.text).not.toContain(secret)
  })

  it('leaves every unit and every letter accounted for', async () => {
    const { users } = await checkInvariants(system, history)
    expect(users.length).toBeGreaterThan(2)
  })
})
