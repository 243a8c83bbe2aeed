import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

/** People as they should be: each keeps a key before it sends, and repeats until there is an answer. */
export interface Person {
  readonly id: string
  readonly username: string
  readonly password: string
  token: string
}

export interface Told {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

export interface Request {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly key?: string
  readonly body?: unknown
  readonly timeoutMs?: number
}

const attemptTimeoutMs = 8_000
const firstPauseMs = 100
const longestPauseMs = 1_000

/** Sends it once. Undefined: nobody answered. */
export const send = async (
  gateway: string,
  { method, path, key, body, timeoutMs = attemptTimeoutMs }: Request,
  token?: string,
): Promise<Told | undefined> => {
  try {
    const response = await fetch(gateway + path, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    return { status: response.status, body: (await response.json()) as Told['body'] }
  } catch {
    return undefined
  }
}

/** An answer that tells how it ended. After any other the same is asked again, under the same key. */
export const isDefinite = (told: Told | undefined): told is Told =>
  told !== undefined && told.status !== 202 && told.status !== 429 && told.status < 500

/** Pauses that grow, for whoever repeats something. */
export const createPauses = (signal: AbortSignal) => {
  let pauseMs = firstPauseMs
  return async () => {
    await sleep(pauseMs * (0.5 + Math.random()), undefined, { signal })
    pauseMs = Math.min(pauseMs * 2, longestPauseMs)
  }
}

const repeat = async (
  ask: () => Promise<Told | undefined>,
  isEnough: (told: Told | undefined) => told is Told,
  signal: AbortSignal,
): Promise<Told> => {
  const pause = createPauses(signal)
  for (;;) {
    const told = await ask()
    if (isEnough(told)) return told
    await pause()
  }
}

const isSignedUp = (told: Told | undefined): told is Told =>
  told?.status === 201 || told?.status === 202

const isDone = (told: Told | undefined): told is Told => told?.status === 200

/** What the people of the lab do, through the link before the door. */
export const createPeople = (gateway: string, signal: AbortSignal) => {
  const signIn = async ({ username, password }: Pick<Person, 'username' | 'password'>) => {
    const request = { method: 'POST', path: '/sessions', body: { username, password } } as const
    const { body } = await repeat(() => send(gateway, request), isDone, signal)
    return String(body['accessToken'])
  }

  /** As somebody, who signs in again when the token is over. */
  const ask = async (person: Person, request: Request): Promise<Told | undefined> => {
    const told = await send(gateway, request, person.token)
    if (told?.status !== 401) return told
    person.token = await signIn(person)
    return send(gateway, request, person.token)
  }

  return {
    ask,
    signUp: async (name: string): Promise<Person> => {
      const username = `${name}-${randomUUID().slice(0, 8)}`
      const login = { username, password: `lab ${randomUUID()}` }
      const request: Request = {
        method: 'POST',
        path: '/users',
        key: randomUUID(),
        body: { ...login, email: `${username}@lab.test` },
      }
      const { body } = await repeat(() => send(gateway, request), isSignedUp, signal)
      return { ...login, id: String(body['id']), token: await signIn(login) }
    },
    /** The account may be opened only a moment later, so whatever else is said is not the end. */
    deposit: async (person: Person, amount: number): Promise<void> => {
      const path = `/billing/accounts/${person.id}/deposit`
      const request: Request = { method: 'POST', path, key: randomUUID(), body: { amount } }
      await repeat(() => ask(person, request), isDone, signal)
    },
  }
}

export type People = ReturnType<typeof createPeople>
