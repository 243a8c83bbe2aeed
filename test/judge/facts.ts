import { setTimeout as sleep } from 'node:timers/promises'
import type { Account, Operation } from '../../src/services/billing/contract-schemas.ts'
import type { Booking, BookingDetails, Offer } from '../../src/services/booking/contract.ts'
import type { Letter } from '../../src/services/notification/contract.ts'
import type { Member } from '../../src/services/company/contract.ts'
import type { Order, OrderChange, OrderDetails } from '../../src/services/order/contract.ts'
import type { User } from '../../src/services/user/contract.ts'
import type { Exchange } from './history.ts'
import { companiesIn, membershipsOf, offersIn, type Membership } from './memberships.ts'
import { api, type ApiResponse } from '../lab/http.ts'
import { canSignIn } from '../lab/wallet.ts'

/**
 * What the system tells about the users of a history when it is asked through the public API, page
 * by page.
 */
export interface UserFacts {
  readonly userId: string
  readonly user: User | undefined
  readonly account: Account | undefined
  /** The operations that moved money, oldest first. */
  readonly operations: readonly Operation[]
  readonly orders: readonly OrderDetails[]
  readonly bookings: readonly BookingDetails[]
  readonly letters: readonly Letter[]
}

export interface Facts {
  readonly users: readonly UserFacts[]
  /** Those that were booked or that a history names. */
  readonly offers: readonly Offer[]
  /** Who may act for the companies of these offers, and who could before. */
  readonly memberships: readonly Membership[]
}

interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

/** A service may need a moment after a fault. But a dead service must be noticed. */
const readPatienceMs = 20_000
const readPauseMs = 150
const usersAtOnce = 6
const rowsAtOnce = 6

/** Reads as the user, or as an operator what belongs to nobody or to who never signed up. */
const createReader = (baseUrl: string, userId: string | undefined) => {
  const client = api(baseUrl)
  const as = userId !== undefined && canSignIn(baseUrl, userId) ? userId : 'operator'

  /** Returns the answer's body, or undefined when the thing does not exist. */
  const find = async <Body>(path: string): Promise<Body | undefined> => {
    const giveUpAtMs = performance.now() + readPatienceMs
    for (;;) {
      let trouble: unknown
      try {
        const { status, body, text }: ApiResponse<Body> = await client.get<Body>(path, { as })
        if (status === 200) return body
        if (status === 404) return undefined
        trouble = new Error(`GET ${path} was answered ${status}: ${text}`)
      } catch (error) {
        trouble = error
      }
      if (performance.now() > giveUpAtMs) throw trouble
      await sleep(readPauseMs)
    }
  }

  const after = async <Item>(path: string, cursor: string | null): Promise<Item[]> => {
    const items: Item[] = []
    let next = cursor
    while (next !== null) {
      const page = await find<Page<Item>>(`${path}${next}`)
      items.push(...(page?.items ?? []))
      next = page?.next ?? null
    }
    return items
  }

  const all = async <Item>(path: string): Promise<Item[]> => {
    const pages = `${path}${path.includes('?') ? '&' : '?'}limit=100`
    const first = await find<Page<Item>>(pages)
    return [
      ...(first?.items ?? []),
      ...(await after<Item>(`${pages}&cursor=`, first?.next ?? null)),
    ]
  }

  /** Returns an order with all its changes: its own page may leave some to further pages. */
  const orderWithAll = async (id: string): Promise<OrderDetails> => {
    const order = await find<OrderDetails>(`/orders/${id}`)
    if (order === undefined) throw new Error(`order ${id} is listed, but it cannot be found`)
    const older = `/orders/${id}/changes?limit=100&cursor=`
    const changes = [...order.changes, ...(await after<OrderChange>(older, order.nextChanges))]
    return { ...order, changes, nextChanges: null }
  }

  const booking = async (id: string): Promise<BookingDetails> => {
    const found = await find<BookingDetails>(`/bookings/${id}`)
    if (found === undefined) throw new Error(`booking ${id} is listed, but it cannot be found`)
    return found
  }

  return { find, all, orderWithAll, booking }
}

/** Like `map`, with a limit of how many run at once. */
const mapSome = async <Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> => {
  const results: Result[] = []
  let next = 0
  const worker = async () => {
    while (next < items.length) {
      const index = next
      next += 1
      results[index] = await work(items[index]!)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  return results
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

interface Booked {
  readonly userId?: string
  readonly booking?: Booking
}

const customerIn = ({ userId, booking }: Booked) => userId ?? booking?.userId

/** Returns every user that a history names, in requests or answers, or who acted in it. */
export const usersIn = (exchanges: readonly Exchange[]): string[] => {
  const found = new Set<string | undefined>()
  for (const { method, path, body, as, answer } of exchanges) {
    const [, inPath] = /^\/billing\/accounts\/([0-9a-f-]{36})/.exec(path) ?? []
    if (inPath !== undefined) found.add(inPath)
    if (method !== 'POST') continue
    if (typeof as === 'string' && uuid.test(as)) found.add(as)
    found.add((body as Booked | undefined)?.userId)
    if (answer.kind !== 'told') continue
    const created = path === '/users' && [201, 202].includes(answer.status)
    if (created) found.add((answer.body as User).id)
    if (path === '/bookings') found.add(customerIn(answer.body as Booked))
  }
  return [...found].filter((userId) => userId !== undefined)
}

const readUser = async (baseUrl: string, userId: string): Promise<UserFacts> => {
  const { find, all, orderWithAll, booking } = createReader(baseUrl, userId)
  const letters = await all<Letter>(`/notifications?userId=${userId}`)
  const operations = await all<Operation>(`/billing/accounts/${userId}/operations`)
  const account = await find<Account>(`/billing/accounts/${userId}`)
  const listed = await all<Order>(`/orders?userId=${userId}`)
  const orders = await mapSome(listed, rowsAtOnce, ({ id }) => orderWithAll(id))
  const booked = await all<Booking>(`/bookings?userId=${userId}`)
  const bookings = await mapSome(booked, rowsAtOnce, ({ id }) => booking(id))
  const user = await find<User>(`/users/${userId}`)
  const rows = { operations: operations.toReversed(), orders, bookings, letters }
  return { userId, user, account, ...rows }
}

/**
 * Reads effects before their causes: then the cause of each effect is in what is read later, even
 * while the system works.
 */
export const collectFacts = async (
  baseUrl: string,
  userIds: readonly string[],
  exchanges: readonly Exchange[] = [],
): Promise<Facts> => {
  const named = await mapSome(userIds, usersAtOnce, (userId) => readUser(baseUrl, userId))
  const bookings = named.flatMap((user) => user.bookings)
  const { find, all } = createReader(baseUrl, undefined)
  const offerIds = new Set([...offersIn(exchanges), ...bookings.map(({ offerId }) => offerId)])
  const offers = await mapSome([...offerIds], rowsAtOnce, (id) => find<Offer>(`/offers/${id}`))
  const companyIds = new Set([
    ...companiesIn(exchanges),
    ...bookings.map(({ companyId }) => companyId),
  ])
  const members = await mapSome([...companyIds], rowsAtOnce, (id) =>
    all<Member>(`/companies/${id}/members`),
  )
  const memberships = membershipsOf(members.flat(), exchanges)
  // Whoever is a member gets letters, also if the history does not name them.
  const others = memberships.map(({ userId }) => userId).filter((id) => !userIds.includes(id))
  const unnamed = await mapSome([...new Set(others)], usersAtOnce, (userId) =>
    readUser(baseUrl, userId),
  )
  return {
    users: [...named, ...unnamed],
    offers: offers.filter((offer) => offer !== undefined),
    memberships,
  }
}
