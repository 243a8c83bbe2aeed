import { setTimeout as sleep } from 'node:timers/promises'
import { uuidv7 } from '../../../src/platform/base/ids.ts'
import type { Order } from '../../../src/services/order/contract.ts'
import type { User } from '../../../src/services/user/contract.ts'
import {
  cancel,
  createActor,
  deposit,
  newKey,
  newOrder,
  newUser,
  reprice,
  withdrawal,
  type Request,
} from '../../lab/actors.ts'
import { ContractViolation } from '../../judge/contract-check.ts'
import type { Exchange, History } from '../../judge/history.ts'
import type { Random } from '../../lab/random.ts'
import { bookingActsOf, openCompany } from './booking-acts.ts'
import { drawAmount, recent, send, type Client, type Shared, type WeightedAct } from './client.ts'

/**
 * Many clients share users, orders and offers, so that they disturb each other. Each client keeps its key
 * until it knows the outcome of its request. Some have short timeouts and repeat a request that the
 * service still works on.
 */
export interface ClientsOptions {
  readonly baseUrl: string
  readonly history: History
  readonly random: Random
  readonly count: number
  /** How long the faults go on. No client gives up before they end. */
  readonly stormMs: number
  /** Aborted when clients must not begin new work. */
  readonly ending: AbortSignal
}

export interface ClientsReport {
  /** Requests that got no answer before the client's patience ended. */
  readonly givenUp: number
}

const firstUsers = 4
const firstCompanies = 2
const firstDeposit = 5_000_000
/** A client that waits longer than this after the last fault will never get an answer. */
const patienceAfterwardsMs = 45_000
const patientAttemptMs = 6_000
const hastyAttemptMs = 350
const longestThoughtMs = 220

/** Orders as soon as the user exists, when the account may still be missing. */
const signUpInHaste = async (client: Client) => {
  const request = newUser(`h-${newKey()}`)
  const { answer } = await client.actor().attempt(request)
  if (answer.kind === 'told' && answer.status === 202) {
    await send(client, newOrder((answer.body as User).id, drawAmount(client.random)))
  }
  await send(client, request)
}

/** An order of an unknown user. It may leave a trace only if it has a key. */
const orderForNobody = async (client: Client) => {
  const { random } = client
  // Only an operator can ask for somebody else. For others such a user is never asked about.
  const request = { ...newOrder(uuidv7(), drawAmount(random)), as: 'operator' }
  if (random.chance(0.5)) await send(client, request)
  else await client.actor().attempt({ ...request, key: undefined })
}

const signUp = async (client: Client) => {
  const { status, body } = await send<User>(client, newUser(`c-${newKey()}`))
  if (status !== 201) return
  await send(client, deposit(body.id, firstDeposit + drawAmount(client.random)))
  client.shared.users.push(body.id)
}

const placeOrder = async (client: Client) => {
  const { random, shared } = client
  // Some amounts are more than any user has: refusals must be as lasting as payments.
  const price = random.chance(0.15) ? drawAmount(random) * 1_000 : drawAmount(random)
  const words = random.chance(0.3) ? { description: `parcel ${price}` } : {}
  const user = random.pick(recent(shared.users))
  const { status, body } = await send<Order>(client, newOrder(user, price, words))
  if (status === 201) shared.orders.push(body.id)
}

const recentOrder = ({ random, shared }: Client) => random.pick(recent(shared.orders))

/** Two clients change one order in different ways at the same moment. */
const quarrel = async (client: Client) => {
  const order = recentOrder(client)
  const other = client.random.chance(0.5)
    ? cancel(order)
    : reprice(order, drawAmount(client.random))
  await Promise.all([send(client, reprice(order, drawAmount(client.random))), send(client, other)])
}

const lookAround = async (client: Client) => {
  const { random, shared, actor } = client
  const user = random.pick(shared.users)
  const paths = [`/users/${user}`, `/billing/accounts/${user}`, `/orders?userId=${user}&limit=20`]
  if (shared.orders.length > 0) paths.push(`/orders/${recentOrder(client)}`)
  await actor().attempt({ method: 'GET', path: random.pick(paths) })
}

const settledStatuses = new Set([200, 201, 402])

const isSettled = ({ key, method, answer }: Exchange) =>
  key !== undefined &&
  method !== 'GET' &&
  answer.kind === 'told' &&
  settledStatuses.has(answer.status)

const toRequest = ({ method, path, key, body, as }: Exchange): Request => ({
  method,
  path,
  key,
  body,
  as,
})

/** Repeats a request that has its answer: unchanged, or with another body and the same key. */
const digUp = async ({ random, history, actor }: Client) => {
  const settled = history.exchanges.slice(-400).filter(isSettled)
  if (settled.length === 0) return
  const old = random.pick(settled)
  const request = toRequest(old)
  const body = old.body as { price?: number; amount?: number }
  if (random.chance(0.7)) return void (await actor().decided(request))
  const name = body.price === undefined ? 'amount' : 'price'
  if (body[name] === undefined) return
  await actor().decided({ ...request, body: { ...body, [name]: body[name] + 1 } })
}

const actsOf = (client: Client): readonly WeightedAct[] => {
  const { random, shared } = client
  const money = (make: typeof deposit) => () =>
    send(client, make(random.pick(recent(shared.users)), drawAmount(random)))
  const always: WeightedAct[] = [
    ...bookingActsOf(client),
    [3, () => signUp(client)],
    [2, () => signUpInHaste(client)],
    [2, () => orderForNobody(client)],
    [34, () => placeOrder(client)],
    [14, money(deposit)],
    [8, money(withdrawal)],
    [12, () => lookAround(client)],
    [6, () => digUp(client)],
    // Without a key it may be done or not, but it must not be done twice.
    [
      2,
      () =>
        client
          .actor()
          .attempt({ ...deposit(random.pick(shared.users), drawAmount(random)), key: undefined }),
    ],
  ]
  if (shared.orders.length === 0) return always
  return [
    ...always,
    [11, () => send(client, reprice(recentOrder(client), drawAmount(random)))],
    [8, () => send(client, cancel(recentOrder(client)))],
    [4, () => quarrel(client)],
  ]
}

const createClient = (options: ClientsOptions, shared: Shared, index: number): Client => {
  const { baseUrl, history, stormMs } = options
  const random = options.random.fork(`client ${index}`)
  const patienceMs = stormMs + patienceAfterwardsMs
  const name = `client-${index}`
  const actorOf = (own: { readonly name: string; readonly attemptTimeoutMs: number }) =>
    createActor({ baseUrl, history, patienceMs, ...own })
  const patient = actorOf({ name, attemptTimeoutMs: patientAttemptMs })
  const hasty = actorOf({ name: `${name}-hasty`, attemptTimeoutMs: hastyAttemptMs })
  return { random, shared, history, actor: () => (random.chance(0.15) ? hasty : patient) }
}

const wasNeverAnswered = (error: unknown) =>
  error instanceof Error && error.message.includes('was never answered')

/** Creates the first users before the faults begin, and returns the work that goes on to the end. */
export const prepareClients = async (
  options: ClientsOptions,
): Promise<() => Promise<ClientsReport>> => {
  const shared: Shared = { users: [], orders: [], companies: [], offers: [], bookings: [] }
  const clients = Array.from({ length: options.count }, (_, index) =>
    createClient(options, shared, index + 1),
  )
  while (shared.users.length < firstUsers) await signUp(clients[0]!)
  for (const managerId of shared.users.slice(0, firstCompanies)) {
    await openCompany(clients[0]!, managerId)
  }
  let givenUp = 0

  const live = async (client: Client) => {
    while (!options.ending.aborted) {
      try {
        await client.random.pickWeighted(actsOf(client))()
      } catch (error) {
        if (error instanceof ContractViolation || !wasNeverAnswered(error)) throw error
        givenUp += 1
      }
      await sleep(client.random.between(0, longestThoughtMs))
    }
  }
  return async () => {
    await Promise.all(clients.map(live))
    return { givenUp }
  }
}

const repeatsAtOnce = 6

/** After the faults, repeats the requests that got their answers during them. */
export const repeatSettled = async (
  { baseUrl, history, random }: Pick<ClientsOptions, 'baseUrl' | 'history' | 'random'>,
  most: number,
): Promise<number> => {
  const actor = createActor({
    baseUrl,
    history,
    name: 'afterwards',
    patienceMs: patienceAfterwardsMs,
  })
  const settled = random
    .fork('afterwards')
    .shuffle(history.exchanges.filter(isSettled))
    .slice(0, most)
  const left = [...settled]
  const worker = async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      await actor.decided(toRequest(next))
    }
  }
  await Promise.all(Array.from({ length: repeatsAtOnce }, worker))
  return settled.length
}
