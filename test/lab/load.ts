import { setTimeout as sleep } from 'node:timers/promises'
import type { Order } from '../../src/services/order/contract.ts'
import type { User } from '../../src/services/user/contract.ts'
import {
  cancel,
  createActor,
  deposit,
  newOrder,
  reprice,
  signUp,
  withdrawal,
  type Actor,
  type Reply,
  type Request,
} from './actors.ts'
import type { History } from '../judge/history.ts'
import type { Checkable } from '../judge/invariants.ts'

/**
 * Clients that do everything a client may do, in an order that a seed decides:
 * order, pay in and out, re-price, cancel, look, and repeat what they sent
 * before. Amounts are rarely the same, so that each can be followed.
 */
export interface LoadOptions {
  readonly system: Checkable
  readonly history: History
  readonly clients: number
  /** Requests per client, reads and repeats included. */
  readonly steps: number
  readonly seed: number
  /** Clients stop early when it is aborted; what they began is settled all the same. */
  readonly signal?: AbortSignal
  readonly patienceMs?: number
  /** How long a client thinks between two requests, on average. */
  readonly thinkMs?: number
}

export type Random = () => number

/** Mulberry32: small, and the same everywhere for the same seed. */
export const createRandom = (seed: number): Random => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const wholeNumber = (random: Random, min: number, max: number) =>
  min + Math.floor(random() * (max - min + 1))

const pick = <Item>(random: Random, items: readonly Item[]): Item | undefined =>
  items[Math.floor(random() * items.length)]

type Step = 'order' | 'deposit' | 'withdraw' | 'reprice' | 'cancel' | 'look' | 'repeat'

const weights: readonly (readonly [Step, number])[] = [
  ['order', 6],
  ['deposit', 2],
  ['withdraw', 1],
  ['reprice', 3],
  ['cancel', 1],
  ['look', 3],
  ['repeat', 2],
]

const pickStep = (random: Random): Step => {
  let left = random() * weights.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [step, weight] of weights) {
    left -= weight
    if (left < 0) return step
  }
  return 'order'
}

const maxPrice = 900_000
/** A little less than what is ordered on average, so that some orders cannot be paid. */
const maxDeposit = 2_000_000

const createShopper = (actor: Actor, user: User, random: Random) => {
  const sent: Request[] = []
  const unsettled: Request[] = []
  const orders: string[] = []

  const send = async (request: Request): Promise<Reply<unknown>> => {
    sent.push(request)
    // Until there is an answer: a client that dies here would look for it at its next start.
    unsettled.push(request)
    const reply = await actor.acknowledged<unknown>(request)
    if (reply.status !== 202) unsettled.splice(unsettled.indexOf(request), 1)
    return reply
  }

  const order = async () => {
    const reply = await send(newOrder(user.id, wholeNumber(random, 1, maxPrice)))
    if (reply.status === 201 || reply.status === 202) orders.push((reply.body as Order).id)
  }

  const steps: Record<Step, () => Promise<unknown>> = {
    order,
    deposit: () => send(deposit(user.id, wholeNumber(random, 1, maxDeposit))),
    withdraw: () => send(withdrawal(user.id, wholeNumber(random, 1, maxPrice))),
    reprice: async () => {
      const orderId = pick(random, orders)
      if (orderId === undefined) return order()
      return send(reprice(orderId, wholeNumber(random, 1, maxPrice)))
    },
    cancel: async () => {
      const orderId = pick(random, orders)
      if (orderId === undefined) return order()
      return send(cancel(orderId))
    },
    look: async () => {
      const orderId = pick(random, orders)
      return orderId === undefined ? actor.account(user.id) : actor.order(orderId)
    },
    repeat: async () => {
      const request = pick(random, sent)
      return request === undefined ? order() : actor.acknowledged(request)
    },
  }

  return {
    step: () => steps[pickStep(random)](),
    /** Asks until the end of everything that was begun is known. */
    settle: async () => {
      for (const request of unsettled.splice(0)) await actor.decided(request)
    },
  }
}

/** Runs the clients to their end; whatever they are told is in the history. */
export const runLoad = async (options: LoadOptions): Promise<void> => {
  const { system, history, clients, steps, seed, signal, patienceMs, thinkMs = 0 } = options
  const work = Array.from({ length: clients }, async (_, index) => {
    const random = createRandom(seed * 1_000 + index)
    const actor = createActor({
      baseUrl: system.urls.gateway,
      history,
      name: `client-${seed}-${index}`,
      ...(patienceMs === undefined ? {} : { patienceMs }),
    })
    const user = await signUp(actor, wholeNumber(random, 1, maxDeposit))
    const shopper = createShopper(actor, user, random)
    for (let step = 0; step < steps && !signal?.aborted; step += 1) {
      await shopper.step()
      if (thinkMs > 0) await sleep(2 * thinkMs * random())
    }
    await shopper.settle()
  })
  await Promise.all(work)
}
