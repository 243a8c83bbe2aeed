import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceName } from '../../../src/registry.ts'
import type { Ask } from './ask.ts'
import type { Values, Wanted } from './requests.ts'
import type { AccessRoute } from './routes.ts'
import type { Somebody, World } from './world.ts'

/**
 * How a person comes to own what routes are about, by the name under which parameters and bodies
 * ask for it. A route that asks for something else fails the matrix until it is said here.
 */
export interface ThingsDeps {
  readonly ask: Ask
  readonly urlOf: (service: ServiceName) => string
  readonly tokenOf: (who: Somebody) => Promise<string>
}

/** Categories that every database has from its first day on. */
const categoryCount = 21
let categoriesGiven = 0

/** Another one each time, so that no two people have the same. */
const nextCategory = () => {
  categoriesGiven += 1
  const place = String(1 + (categoriesGiven % categoryCount)).padStart(12, '0')
  return `019aa000-0000-7000-8000-${place}`
}

interface Thing {
  readonly id: string
}

/** Who came to own what, for the few requests that need more of the same. */
const owners = new Map<string, Somebody>()

/** Enough to book it before it begins. */
const soonMs = 700
const farAwayMs = 40 * 86_400_000

const createPost =
  ({ ask, urlOf, tokenOf }: ThingsDeps) =>
  async (who: Somebody, service: ServiceName, path: string, body: object) => {
    const wanted = {
      method: 'POST',
      path,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
    }
    const headers = { authorization: `Bearer ${await tokenOf(who)}` }
    const { status, text } = await ask(urlOf(service), wanted, headers)
    if (status > 201) throw new Error(`POST ${path} was answered ${status} ${text}`)
    return JSON.parse(text) as Thing
  }

const createMarket = (deps: ThingsDeps) => {
  const post = createPost(deps)

  /** An hour that a company of this person offers. */
  const offer = async (owner: Somebody, startsInMs = farAwayMs, lastsMs = 3_600_000) => {
    const { id: companyId } = await post(owner, 'company', '/companies', { name: 'Ours' })
    const startsMs = Date.now() + startsInMs
    const { id } = await post(owner, 'booking', '/offers', {
      companyId,
      categoryId: nextCategory(),
      title: 'Sauna',
      price: 10,
      startsAt: new Date(startsMs).toISOString(),
      endsAt: new Date(startsMs + lastsMs).toISOString(),
    })
    return id
  }

  /** They are their own customer: so they may do all that somebody may do with a booking. */
  const book = async (owner: Somebody, offerId: string) => {
    const { id } = await post(owner, 'booking', '/bookings', { offerId })
    owners.set(id, owner)
    return id
  }

  const order = async (owner: Somebody) =>
    (await post(owner, 'order', '/orders', { userId: owner.id, price: 10 })).id

  /** The id of a deposit is that of its letter. */
  const deposit = async (owner: Somebody) => {
    const path = `/billing/accounts/${owner.id}/deposit`
    const { operation } = (await post(owner, 'billing', path, { amount: 10 })) as unknown as {
      readonly operation: Thing
    }
    return operation.id
  }

  return { post, offer, book, order, deposit }
}

export const createThings = (deps: ThingsDeps): World['things'] => {
  const { post, offer, book, order } = createMarket(deps)
  return {
    userId: (owner) => Promise.resolve(owner.id),
    orderId: order,
    companyId: async (owner) => (await post(owner, 'company', '/companies', { name: 'Ours' })).id,
    categoryId: () => Promise.resolve(nextCategory()),
    owedId: async (owner) => order(owner),
    /** What an operator looks for. */
    q: (owner) => Promise.resolve(owner.id),
    bookingId: async (owner) => book(owner, await offer(owner)),
    /** Somebody has it: else there is nothing to see at its booking. */
    offerId: async (owner) => {
      const offerId = await offer(owner)
      await book(owner, offerId)
      return offerId
    },
  }
}

/** They belong to nobody. */
const nobodys = new Set(['categoryId'])

/** Everybody may see these. Who acts on one without a right to it is told so. */
const seenByAll = new Set(['companyId', 'offerId'])

/** They are about somebody's thing, and for everybody. */
const openToAll = new Set(['POST /bookings'])

/** The one answer about an offer that only those who manage it see: for others it is not there. */
const hidden = new Set(['GET /offers/{offerId}/booking'])

const retryPath = /^POST \/owed\/[a-z]+\/{owedId}\/retry$/

/** In a shop that works nothing is owed for long: an operator who is told so was let in. */
export const isFineAnswer = (
  { name }: AccessRoute,
  { code }: { readonly code?: string | undefined },
) => retryPath.test(name) && (code === 'nothing-owed' || code === 'work-in-progress')

/** What somebody hears on a route for people who has nothing to do with what it is about. */
export type ToStrangers = 'works' | 'not theirs' | 'as if it were not there'

export const toStrangers = ({ name }: AccessRoute, names: readonly string[]): ToStrangers => {
  const owned = names.filter((each) => !nobodys.has(each))
  if (owned.length === 0 || openToAll.has(name)) return 'works'
  if (hidden.has(name)) return 'as if it were not there'
  return owned.some((each) => seenByAll.has(each)) ? 'not theirs' : 'as if it were not there'
}

/**
 * What a request must name that it can name only once: whoever is a member already cannot become
 * one. An operator prepares it. It is done before each request that may succeed.
 */
export const createFresh = ({ people, tokens, doors }: World, ask: Ask) => {
  const [door] = doors
  const { operator, teller } = people
  const urlOf = (service: ServiceName) => door?.urlOf(service) ?? ''
  const market = createMarket({ ask, urlOf, tokenOf: tokens.tokenOf })

  const prepare = async (method: string, path: string, body?: object) => {
    const wanted: Wanted = {
      method,
      path,
      body: body && JSON.stringify(body),
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
    }
    const headers = { authorization: `Bearer ${await tokens.tokenOf(operator)}` }
    return ask(urlOf('company'), wanted, headers)
  }

  const recipes: Readonly<Record<string, (values: Values) => Promise<Values>>> = {
    'POST /companies/{companyId}/members': async ({ companyId }) => {
      await prepare('DELETE', `/companies/${companyId}/members/${teller.id}`)
      return { userId: teller.id }
    },
    'DELETE /companies/{companyId}/members/{userId}': async ({ companyId }) => {
      const member = { userId: operator.id, role: 'MANAGER' }
      await prepare('POST', `/companies/${companyId}/members`, member)
      return { userId: operator.id }
    },
    'POST /bookings': async () => ({ offerId: await market.offer(people.owner) }),
    'POST /owed/billing/{owedId}/retry': async () => ({
      owedId: await market.deposit(people.owner),
    }),
    'POST /owed/booking/{owedId}/retry': async () => ({
      owedId: await market.book(people.owner, await market.offer(people.owner)),
    }),
    'POST /owed/user/{owedId}/retry': () => Promise.resolve({ owedId: people.owner.id }),
    'POST /offers': () => Promise.resolve({ resource: randomUUID() }),
    // It can be noted only when it is over.
    'POST /bookings/{bookingId}/complete': async ({ bookingId = '' }) => {
      const owner = owners.get(bookingId) ?? people.owner
      const soon = await market.offer(owner, soonMs, 1)
      const over = await market.book(owner, soon)
      await sleep(soonMs)
      return { bookingId: over }
    },
  }

  return async ({ name }: AccessRoute, values: Values): Promise<Values> => ({
    ...values,
    ...(await recipes[name]?.(values)),
  })
}
