import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'

/**
 * Signs people in to a whole system, by the name and password with which they signed up. It asks
 * only when a token is needed, keeps it while it lasts, and then uses the refresh token.
 */
export interface Login {
  readonly username: string
  readonly password: string
}

interface Session {
  readonly accessToken: string
  readonly refreshToken: string
  readonly refreshAtMs: number
}

interface Granted {
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresIn: number
}

/** A token must last longer than the request for which it is asked. */
const refreshBeforeMs = 60_000
const pauseMs = 100

/** The same for the same name, so that a repeat with the same key is the same request. */
export const passwordOf = (username: string) => `the password of ${username}`.slice(0, 128)

const post = async (url: string, body: unknown, signal: AbortSignal) => {
  const answer = await request(url, {
    method: 'POST',
    // A new connection each time: a gateway that restarted must not be reached on an old one.
    reset: true,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  })
  const text = await answer.body.text()
  return { status: answer.statusCode, text }
}

const sessionIn = (text: string): Session => {
  const { accessToken, refreshToken, expiresIn } = JSON.parse(text) as Granted
  const refreshAtMs = Date.now() + expiresIn * 1_000 - refreshBeforeMs
  return { accessToken, refreshToken, refreshAtMs }
}

export const createSignIn = (gatewayUrl: string) => {
  const logins = new Map<string, Login>()
  const sessions = new Map<string, Promise<Session>>()

  /** Repeats until it has a session: the gateway may be away, or the login is not made yet. */
  const begin = async (login: Login, signal: AbortSignal): Promise<Session> => {
    let trouble = 'never answered'
    while (!signal.aborted) {
      try {
        const { status, text } = await post(`${gatewayUrl}/sessions`, login, signal)
        if (status === 200) return sessionIn(text)
        trouble = `answered ${status} ${text}`
      } catch (error) {
        trouble = String(error)
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => {})
    }
    throw new Error(`${login.username} could not sign in: the gateway ${trouble}`)
  }

  const renew = async (login: Login, old: Session, signal: AbortSignal): Promise<Session> => {
    const { refreshToken } = old
    const renewed = await post(`${gatewayUrl}/sessions/refresh`, { refreshToken }, signal)
      .then(({ status, text }) => (status === 200 ? sessionIn(text) : undefined))
      // Nobody knows then whether the refresh token is used up.
      .catch(() => undefined)
    return renewed ?? begin(login, signal)
  }

  const keep = (userId: string, made: Promise<Session>): Promise<Session> => {
    sessions.set(userId, made)
    made.catch(() => {
      if (sessions.get(userId) === made) sessions.delete(userId)
    })
    return made
  }

  const tokenOf = async (userId: string, signal: AbortSignal): Promise<string | undefined> => {
    const login = logins.get(userId)
    if (login === undefined) return undefined
    const kept = sessions.get(userId)
    if (kept === undefined) return (await keep(userId, begin(login, signal))).accessToken
    const session = await kept
    if (Date.now() < session.refreshAtMs) return session.accessToken
    // Another request may have begun to renew it meanwhile, and a refresh token serves once.
    const current = sessions.get(userId)
    const next = current === kept ? keep(userId, renew(login, session, signal)) : current
    return (await (next ?? keep(userId, begin(login, signal)))).accessToken
  }

  return {
    /** From now on this person can sign in. */
    know: (userId: string, login: Login) => void logins.set(userId, login),
    knows: (userId: string): boolean => logins.has(userId),
    /** Undefined for somebody who did not sign up here. */
    tokenOf,
  }
}

export type SignIn = ReturnType<typeof createSignIn>
