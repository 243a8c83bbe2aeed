import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Account, Operation } from '../../src/services/billing/contract-schemas.ts'
import type { Letter } from '../../src/services/notification/contract.ts'
import type { Order, OrderDetails } from '../../src/services/order/contract.ts'
import type { User } from '../../src/services/user/contract.ts'
import type { Exchange, History, Method, Told } from '../judge/history.ts'
import { api } from './http.ts'
import type { As } from './wallet.ts'

/**
 * Clients as they should be: each stores a key before it sends, and repeats with the same key until
 * it knows the outcome. The history records all that they send and receive.
 */
export interface ActorOptions {
  readonly baseUrl: string
  readonly history: History
  readonly name?: string
  /** How long one attempt waits for its answer. */
  readonly attemptTimeoutMs?: number
  /** How long the client repeats a request before it gives up without an answer. */
  readonly patienceMs?: number
}

export interface Request {
  readonly method: Method
  readonly path: string
  readonly key?: string | undefined
  readonly body?: unknown
  /** Who asks, if it is not the owner of what the request is about. */
  readonly as?: As | undefined
}

export interface Keyed {
  readonly key?: string
}

interface Problem {
  readonly code: string
  readonly requestId: string
  readonly order?: Order
  readonly operation?: Operation
  readonly account?: Account
}

interface Page<Item> {
  readonly items: Item[]
  readonly next: string | null
}

/** What a client makes of an answer. `Body` is what the expected status promises. */
export interface Reply<Body> {
  readonly status: number
  readonly body: Body
  readonly replayed: boolean
}

export const newKey = () => randomUUID()

const firstPauseMs = 50
const maxPauseMs = 400

/** An answer that tells a result, and not only to come back later. */
const isFinal = ({ answer }: Exchange, isPendingFine: boolean): boolean => {
  if (answer.kind === 'unknown') return false
  if (answer.status === 202) return isPendingFine
  return !answer.comeBack
}

const toReply = <Body>({ method, path, answer }: Exchange): Reply<Body> => {
  if (answer.kind === 'unknown') {
    throw new Error(`${method} ${path} was never answered: ${answer.reason}`)
  }
  return { status: answer.status, body: answer.body as Body, replayed: answer.replayed }
}

export const createActor = (options: ActorOptions) => {
  const { baseUrl, history, name = 'client', attemptTimeoutMs = 8_000 } = options
  const { patienceMs = 60_000 } = options
  const client = api(baseUrl)

  /** One attempt. */
  const attempt = ({ method, path, key, body, as }: Request): Promise<Exchange> =>
    history.record({ client: name, method, path, key, body, as }, () =>
      client.ask(method, path, body, {
        timeoutMs: attemptTimeoutMs,
        as,
        ...(key === undefined ? {} : { key }),
      }),
    )

  const repeat = async (request: Request, isPendingFine: boolean): Promise<Exchange> => {
    const giveUpAtMs = performance.now() + patienceMs
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, maxPauseMs)) {
      const exchange = await attempt(request)
      if (isFinal(exchange, isPendingFine) || performance.now() > giveUpAtMs) return exchange
      await sleep(pauseMs * (0.5 + Math.random()))
    }
  }

  /** Repeats until it gets any definite answer; 202 is an answer. */
  const acknowledged = async <Body = Problem>(request: Request): Promise<Reply<Body>> =>
    toReply<Body>(await repeat(request, true))

  /** Repeats until it knows how the request ended; 202 is not the end. */
  const decided = async <Body = Problem>(request: Request): Promise<Reply<Body>> =>
    toReply<Body>(await repeat(request, false))

  const read = async <Body>(path: string): Promise<Body> => {
    const { status, body } = await acknowledged<Body>({ method: 'GET', path })
    if (status !== 200) {
      throw new Error(`GET ${path} was answered ${status}: ${JSON.stringify(body)}`)
    }
    return body
  }

  return {
    name,
    attempt,
    acknowledged,
    decided,
    read,
    user: (userId: string) => read<User>(`/users/${userId}`),
    account: (userId: string) => read<Account>(`/billing/accounts/${userId}`),
    order: (orderId: string) => read<OrderDetails>(`/orders/${orderId}`),
    orders: async (userId: string) =>
      (await read<Page<Order>>(`/orders?userId=${userId}&limit=100`)).items,
    operations: async (userId: string) =>
      (await read<Page<Operation>>(`/billing/accounts/${userId}/operations?limit=100`)).items,
    letters: async (userId: string) =>
      (await read<Page<Letter>>(`/notifications?userId=${userId}&limit=100`)).items,
    lettersAbout: async (orderId: string) =>
      (await read<Page<Letter>>(`/notifications?orderId=${orderId}&limit=100`)).items,
  }
}

export type Actor = ReturnType<typeof createActor>

/** The requests of the API, for `attempt`, `acknowledged` and `decided`. */
export const newUser = (username: string, { key = newKey() }: Keyed = {}): Request => ({
  method: 'POST',
  path: '/users',
  key,
  body: { username, email: `${username}@example.org` },
})

const movement =
  (verb: 'deposit' | 'withdraw') =>
  (userId: string, amount: number, { key = newKey() }: Keyed = {}): Request => ({
    method: 'POST',
    path: `/billing/accounts/${userId}/${verb}`,
    key,
    body: { amount },
  })

export const deposit = movement('deposit')
export const withdrawal = movement('withdraw')

export const newOrder = (
  userId: string,
  price: number,
  { key = newKey(), description }: Keyed & { readonly description?: string } = {},
): Request => ({
  method: 'POST',
  path: '/orders',
  key,
  body: { userId, price, ...(description === undefined ? {} : { description }) },
})

export const reprice = (
  orderId: string,
  price: number,
  { key = newKey() }: Keyed = {},
): Request => ({ method: 'PATCH', path: `/orders/${orderId}`, key, body: { price } })

/** Needs no key: a client can cancel an order only once. */
export const cancel = (orderId: string): Request => ({
  method: 'DELETE',
  path: `/orders/${orderId}`,
})

let usersMade = 0

/** A new user, with an open account that holds `balance`. */
export const signUp = async (actor: Actor, balance = 0): Promise<User> => {
  usersMade += 1
  const username = `${actor.name}-${usersMade}-${newKey().slice(0, 8)}`
  const { status, body } = await actor.decided<User>(newUser(username))
  if (status !== 201) throw new Error(`POST /users was answered ${status}`)
  if (balance > 0) {
    const paidIn = await actor.decided(deposit(body.id, balance))
    if (paidIn.status !== 200) throw new Error(`the deposit was answered ${paidIn.status}`)
  }
  return body
}

/** For assertions on one exchange: returns the answer, or throws if there is none. */
export const toldIn = (exchange: Exchange): Told => {
  const { method, path, answer } = exchange
  if (answer.kind === 'told') return answer
  throw new Error(`${method} ${path} was not answered: ${answer.reason}`)
}
