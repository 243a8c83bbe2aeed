import { beforeAll, describe, expect, it } from 'vitest'
import type { Account, Operation } from '../../src/services/billing/contract-schemas.ts'
import type { Order } from '../../src/services/order/contract.ts'
import type { User } from '../../src/services/user/contract.ts'
import {
  cancel,
  createActor,
  deposit,
  newOrder,
  newUser,
  reprice,
  toldIn,
  type Actor,
  type Request,
} from '../lab/actors.ts'
import { createHistory } from '../judge/history.ts'
import { checkInvariants } from '../judge/invariants.ts'
import { startSystem, type System } from '../lab/system.ts'

/**
 * The whole story of one person, step by step, through the gateway. Nothing is repeated and nothing
 * waits: when an answer is there, its letter and its money are there too.
 */
const username = 'masha'
const email = 'masha@example.org'
const story = createHistory()
let system: System
let masha: Actor
let user: User
let paid: Order

/** One attempt is enough when nothing fails. */
const ask = async <Body>(request: Request) => {
  const { status, body } = toldIn(await masha.attempt(request))
  return { status, body: body as Body }
}

const balance = async () => (await masha.account(user.id)).balance

const newestLetter = async () => (await masha.letters(user.id))[0]

beforeAll(async () => {
  system = await startSystem()
  masha = createActor({ baseUrl: system.urls.gateway, history: story, name: username })
})

describe('the whole story of a user and her orders', () => {
  it('opens an account for a new user before the answer', async () => {
    const { status, body } = await ask<User>(newUser(username))
    expect(status).toBe(201)
    expect(body).toMatchObject({ username, email, account: 'OPEN' })
    user = body
    expect(await masha.user(user.id)).toEqual(user)
    expect(await masha.account(user.id)).toMatchObject({ userId: user.id, email, balance: 0 })
  })

  it('puts a deposit on the account and says so in a letter', async () => {
    const { status, body } = await ask<{ operation: Operation; account: Account }>(
      deposit(user.id, 250_000),
    )
    expect(status).toBe(200)
    expect(body.operation).toMatchObject({ kind: 'DEPOSIT', amount: 250_000, status: 'DONE' })
    expect(body.account.balance).toBe(250_000)
    const letter = await newestLetter()
    expect(letter).toMatchObject({ kind: 'DEPOSIT', email, amount: 250_000, orderId: null })
    expect(letter?.subject).toContain('2 500.00')
  })

  it('takes the money for an order and sends a letter of joy', async () => {
    const { status, body } = await ask<Order>(
      newOrder(user.id, 100_050, { description: 'Two tickets' }),
    )
    expect(status).toBe(201)
    expect(body).toMatchObject({ status: 'APPROVED', price: 100_050, description: 'Two tickets' })
    paid = body
    expect(await balance()).toBe(149_950)
    const letter = await newestLetter()
    expect(letter).toMatchObject({
      kind: 'ORDER_APPROVED',
      orderId: paid.id,
      amount: 100_050,
      email,
    })
    expect(letter?.subject).toContain('Hooray')
    expect(letter?.body).toContain('1 000.50')
    expect(letter?.body).toContain(paid.id)
  })

  it('shows what happened to the order, step by step', async () => {
    const { timeline, owes: _owes, changes, nextChanges, ...order } = await masha.order(paid.id)
    expect(order).toEqual(paid)
    expect([changes, nextChanges]).toEqual([[], null])
    expect(timeline[0]).toMatchObject({ step: 'withdraw', attempt: 1, outcome: 'done' })
    expect(await masha.orders(user.id)).toEqual([paid])
  })

  it('refuses an order that cannot be paid, takes nothing, and sends a letter of sorrow', async () => {
    const { status, body } = await ask<{ code: string; order: Order }>(newOrder(user.id, 149_951))
    expect(status).toBe(402)
    expect(body.code).toBe('insufficient-funds')
    expect(body.order).toMatchObject({ status: 'REJECTED', price: 149_951, reason: body.code })
    expect(await balance()).toBe(149_950)
    const letter = await newestLetter()
    expect(letter).toMatchObject({
      kind: 'ORDER_REJECTED',
      orderId: body.order.id,
      amount: 149_951,
    })
    expect(letter?.subject).toContain('Sorry')
    expect(letter?.body).toContain('1 499.51')
  })

  it('charges the difference when an order becomes dearer', async () => {
    const { status, body } = await ask<Order>(reprice(paid.id, 120_000))
    expect(status).toBe(200)
    expect(body).toMatchObject({ id: paid.id, status: 'APPROVED', price: 120_000 })
    expect(await balance()).toBe(130_000)
    expect(await newestLetter()).toMatchObject({ kind: 'ORDER_REPRICED', amount: 120_000 })
  })

  it('leaves an order as it was when its higher price cannot be paid', async () => {
    const { status, body } = await ask<{ code: string; order: Order }>(reprice(paid.id, 250_001))
    expect(status).toBe(402)
    expect(body.order).toMatchObject({ id: paid.id, status: 'APPROVED', price: 120_000 })
    expect(await balance()).toBe(130_000)
    expect(await masha.order(paid.id)).toMatchObject({ status: 'APPROVED', price: 120_000 })
    expect(await newestLetter()).toMatchObject({ kind: 'ORDER_REPRICED', amount: 120_000 })
  })

  it('gives the difference back when an order becomes cheaper', async () => {
    const { status, body } = await ask<Order>(reprice(paid.id, 20_000))
    expect(status).toBe(200)
    expect(body).toMatchObject({ status: 'APPROVED', price: 20_000 })
    expect(await balance()).toBe(230_000)
    expect(await newestLetter()).toMatchObject({ kind: 'ORDER_REPRICED', amount: 20_000 })
  })

  it('gives all of the present price back when an order is cancelled, once', async () => {
    const first = await ask<Order>(cancel(paid.id))
    expect(first.status).toBe(200)
    expect(first.body).toMatchObject({ id: paid.id, status: 'CANCELLED', price: 20_000 })
    expect(await balance()).toBe(250_000)
    const letter = await newestLetter()
    expect(letter).toMatchObject({ kind: 'ORDER_CANCELLED', orderId: paid.id, amount: 20_000 })
    expect(await ask<Order>(cancel(paid.id))).toEqual(first)
    expect(await balance()).toBe(250_000)
    expect((await masha.order(paid.id)).status).toBe('CANCELLED')
  })

  it('refuses to change a cancelled order', async () => {
    const { status, body } = await ask<{ code: string }>(reprice(paid.id, 30_000))
    expect(status).toBe(409)
    expect(body.code).toBe('order-not-approved')
    expect(await balance()).toBe(250_000)
  })

  it('has every operation on the statement and every letter once in the end', async () => {
    const { users } = await checkInvariants(system, story)
    const [facts] = users
    expect(facts?.operations.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['DEPOSIT', 250_000],
      ['WITHDRAW', 100_050],
      ['WITHDRAW', 19_950],
      ['REFUND', 100_000],
      ['REFUND', 20_000],
    ])
    expect(facts?.letters.map(({ kind }) => kind).toReversed()).toEqual([
      'DEPOSIT',
      'ORDER_APPROVED',
      'ORDER_REJECTED',
      'ORDER_REPRICED',
      'ORDER_REPRICED',
      'ORDER_CANCELLED',
    ])
  })
})
