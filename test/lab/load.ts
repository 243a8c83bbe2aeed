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
import { createRandom, type Random } from './random.ts'
import type { History } from '../judge/history.ts'
import type { Checkable } from '../judge/invariants.ts'

/**
 * Clients that do everything a client may do, in an order that depends on a seed: order, pay in and
 * out, re-price, cancel, look, and repeat earlier requests. Amounts are rarely equal, so that a
 * test can follow each one.
 */
export interface LoadOptions {
  readonly system: Checkable
  readonly history: History
  readonly clients: number
  /** Requests per client, reads and repeats included. */
  readonly steps: number
  readonly seed: number
  /** When it is aborted, clients stop early, but still settle what they began. */
  readonly signal?: AbortSignal
  readonly patienceMs?: number
  /** How long a client thinks between two requests, on average. */
  readonly thinkMs?: number
}

type Step = 'order' | 'deposit' | 'withdraw' | 'reprice' | 'cancel' | 'look' | 'repeat'

const weights: readonly (readonly [number, Step])[] = [
  [6, 'order'],
  [2, 'deposit'],
  [1, 'withdraw'],
  [3, 'reprice'],
  [1, 'cancel'],
  [3, 'look'],
  [2, 'repeat'],
]

const maxPrice = 900_000
/** A little less than the average order costs, so that users cannot pay some orders. */
const maxDeposit = 2_000_000

const createShopper = (actor: Actor, user: User, random: Random) => {
  const sent: Request[] = []
  const unsettled: Request[] = []
  const orders: string[] = []

  const send = async (request: Request): Promise<Reply<unknown>> => {
    sent.push(request)
    // Kept until there is an answer: a client that dies here would look for it at its next start.
    unsettled.push(request)
    const reply = await actor.acknowledged<unknown>(request)
    if (reply.status !== 202) unsettled.splice(unsettled.indexOf(request), 1)
    return reply
  }

  const order = async () => {
    const reply = await send(newOrder(user.id, random.between(1, maxPrice)))
    if (reply.status === 201 || reply.status === 202) orders.push((reply.body as Order).id)
  }

  const steps: Record<Step, () => Promise<unknown>> = {
    order,
    deposit: () => send(deposit(user.id, random.between(1, maxDeposit))),
    withdraw: () => send(withdrawal(user.id, random.between(1, maxPrice))),
    reprice: async () => {
      if (orders.length === 0) return order()
      const orderId = random.pick(orders)
      return send(reprice(orderId, random.between(1, maxPrice)))
    },
    cancel: async () => {
      if (orders.length === 0) return order()
      const orderId = random.pick(orders)
      return send(cancel(orderId))
    },
    look: () => (orders.length === 0 ? actor.account(user.id) : actor.order(random.pick(orders))),
    repeat: () => (sent.length === 0 ? order() : actor.acknowledged(random.pick(sent))),
  }

  return {
    step: () => steps[random.pickWeighted(weights)](),
    /** Asks until it knows how everything ended that it began. */
    settle: async () => {
      for (const request of unsettled.splice(0)) await actor.decided(request)
    },
  }
}

/** Runs the clients to their end. The history holds all their answers. */
export const runLoad = async (options: LoadOptions): Promise<void> => {
  const { system, history, clients, steps, seed, signal, patienceMs, thinkMs = 0 } = options
  const work = Array.from({ length: clients }, async (_, index) => {
    const random = createRandom(`${seed}/${index}`)
    const actor = createActor({
      baseUrl: system.urls.gateway,
      history,
      name: `client-${seed}-${index}`,
      ...(patienceMs === undefined ? {} : { patienceMs }),
    })
    const user = await signUp(actor, random.between(1, maxDeposit))
    const shopper = createShopper(actor, user, random)
    for (let step = 0; step < steps && !signal?.aborted; step += 1) {
      await shopper.step()
      if (thinkMs > 0) await sleep(2 * thinkMs * random.next())
    }
    await shopper.settle()
  })
  await Promise.all(work)
}
