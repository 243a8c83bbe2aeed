import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Ask, Told } from '../../judge/access/ask.ts'
import type { OwnSystem } from '../../lab/system.ts'
import { signInByCode } from './code-flow.ts'
import type { Keycloak } from './keycloak.ts'
import type { RealmUser } from './realm.ts'
import { keyTimes } from './shop.ts'

/** What people do in the shop with the tokens of the realm. */
export interface ErrandsDeps {
  readonly system: OwnSystem
  readonly ask: Ask
  readonly keycloak: Keycloak
  readonly realm: string
}

interface Sent {
  readonly token: string
  readonly body?: object
  readonly key?: string
}

const startBalance = 1_000_000_000
const price = 15_000
const rotations = 10
/** The realm's first key has 100. */
const firstPriority = 200

const expectStatus = (what: string, told: Told, ...statuses: readonly number[]) => {
  if (statuses.includes(told.status)) return told
  throw new Error(`${what} was answered ${told.status} ${told.text}`)
}

export const createErrands = ({ system, ask, keycloak, realm }: ErrandsDeps) => {
  const { gateway } = system.urls

  const send = (method: string, path: string, { token, body, key = randomUUID() }: Sent) => {
    const headers = { authorization: `Bearer ${token}` }
    if (body === undefined)
      return ask(gateway, { method, path, body: undefined, headers: {} }, headers)
    const own = { 'content-type': 'application/json', 'idempotency-key': key }
    return ask(gateway, { method, path, body: JSON.stringify(body), headers: own }, headers)
  }

  /** The id of a user is that of the token, and a token signs up once. */
  const signUp = async (user: RealmUser) => {
    const { accessToken: token } = await keycloak.signIn(realm, user)
    const { id, username } = user
    const body = { username, email: `${username}@example.com` }
    const key = randomUUID()
    const first = expectStatus(
      'signing up',
      await send('POST', '/users', { token, body, key }),
      201,
    )
    const made = JSON.parse(first.text) as { readonly id: string }
    if (made.id !== id) throw new Error(`the token is of ${id}, and the user is ${made.id}`)
    const again = await send('POST', '/users', { token, body, key })
    if (again.text !== first.text) throw new Error('signing up again tells something else')
    expectStatus('signing up twice', await send('POST', '/users', { token, body }), 409)
    const path = `/billing/accounts/${id}/deposit`
    const deposit = await send('POST', path, { token, body: { amount: startBalance } })
    expectStatus('a deposit', deposit, 200)
  }

  /** With a token as a browser gets it. */
  const order = async (user: RealmUser) => {
    const token = await signInByCode(keycloak.issuerOf(realm), user)
    const placed = await send('POST', '/orders', { token, body: { userId: user.id, price } })
    expectStatus('an order', placed, 201)
    const account = await send('GET', `/billing/accounts/${user.id}`, { token })
    const { balance } = JSON.parse(account.text) as { readonly balance: number }
    if (balance !== startBalance - price) throw new Error(`the balance is ${balance}`)
  }

  /** Keycloak signs with a new key at once. Tokens of the key before it go on as well. */
  const rotate = async (user: RealmUser) => {
    const path = `/users/${user.id}`
    const statuses = new Map<number, number>()
    let tokens = [(await keycloak.signIn(realm, user)).accessToken]
    let isOver = false
    const client = async () => {
      for (let turn = 0; !isOver; turn += 1) {
        const { status } = await send('GET', path, { token: tokens[turn % tokens.length] ?? '' })
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    }
    const clients = [client(), client(), client()]
    const keys: string[] = []
    for (let turn = 0; turn < rotations; turn += 1) {
      keys.push(await keycloak.rotateKey(realm, firstPriority + turn))
      const fresh = (await keycloak.signIn(realm, user)).accessToken
      tokens = [...tokens.slice(-1), fresh]
      await sleep(100)
    }
    isOver = true
    await Promise.all(clients)
    const refused = [...statuses].filter(([status]) => status !== 200)
    if (refused.length > 0) throw new Error(`while keys rotated: ${refused.join('; ')}`)
    return { keys, answered: statuses.get(200) ?? 0, token: tokens.at(-1) ?? '' }
  }

  /** Returns after how long a token of a removed key was refused. */
  const remove = async (user: RealmUser, keys: readonly string[], token: string) => {
    const path = `/users/${user.id}`
    expectStatus('the last token', await send('GET', path, { token }), 200)
    await keycloak.removeKey(realm, keys.at(-1) ?? '')
    const removedAtMs = performance.now()
    const latestMs = keyTimes.refreshMs * 3
    let status = 200
    while (status === 200 && performance.now() - removedAtMs < latestMs) {
      await sleep(50)
      ;({ status } = await send('GET', path, { token }))
    }
    if (status !== 401) throw new Error(`a removed key is answered ${status} after ${latestMs} ms`)
    const { accessToken } = await keycloak.signIn(realm, user)
    expectStatus('the key before it', await send('GET', path, { token: accessToken }), 200)
    return performance.now() - removedAtMs
  }

  return { signUp, order, rotate, remove }
}
