import { setTimeout as sleep } from 'node:timers/promises'
import type { Account, Operation } from '../../src/services/billing/contract-schemas.ts'
import type { Letter } from '../../src/services/notification/contract.ts'
import type { Order, OrderChange, OrderDetails } from '../../src/services/order/contract.ts'
import type { User } from '../../src/services/user/contract.ts'
import type { Exchange } from './history.ts'
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
  readonly letters: readonly Letter[]
}

export interface Facts {
  readonly users: readonly UserFacts[]
}

interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

/** A service may need a moment after a fault. But a dead service must be noticed. */
const readPatienceMs = 20_000
const readPauseMs = 150
const usersAtOnce = 6
const ordersAtOnce = 6

/** Reads as the user, or as an operator what belongs to somebody who never signed up. */
const createReader = (baseUrl: string, userId: string) => {
  const client = api(baseUrl)
  const as = canSignIn(baseUrl, userId) ? userId : 'operator'

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

  return { find, all, orderWithAll }
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

/** Returns every user that a history names, in requests or answers. */
export const usersIn = (exchanges: readonly Exchange[]): string[] => {
  const found = new Set<string>()
  for (const { method, path, body, answer } of exchanges) {
    const [, inPath] = /^\/billing\/accounts\/([0-9a-f-]{36})/.exec(path) ?? []
    if (inPath !== undefined) found.add(inPath)
    if (method !== 'POST' || answer.kind !== 'told') continue
    const created = path === '/users' && [201, 202].includes(answer.status)
    if (created) found.add((answer.body as User).id)
    if (path === '/orders') found.add((body as { userId: string }).userId)
  }
  return [...found]
}

/**
 * Reads effects before their causes: then the cause of each effect is in what is read later, even
 * while the system works.
 */
export const collectFacts = async (baseUrl: string, userIds: readonly string[]): Promise<Facts> => {
  const users = await mapSome(userIds, usersAtOnce, async (userId): Promise<UserFacts> => {
    const { find, all, orderWithAll } = createReader(baseUrl, userId)
    const letters = await all<Letter>(`/notifications?userId=${userId}`)
    const operations = await all<Operation>(`/billing/accounts/${userId}/operations`)
    const account = await find<Account>(`/billing/accounts/${userId}`)
    const listed = await all<Order>(`/orders?userId=${userId}`)
    const orders = await mapSome(listed, ordersAtOnce, ({ id }) => orderWithAll(id))
    const user = await find<User>(`/users/${userId}`)
    return { userId, user, account, operations: operations.toReversed(), orders, letters }
  })
  return { users }
}
