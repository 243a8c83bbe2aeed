import { ProblemError } from '../../platform/base/errors.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import { accessTokenSeconds } from './key-ring.ts'
import { hashOf, makeSecret, readRefreshToken, refreshTokenOf } from './refresh-tokens.ts'
import type { IdentityStore, LoginRow } from './store.ts'
import type { TokenMaker } from './tokens.ts'

export interface SessionsDeps {
  readonly store: Pick<IdentityStore, 'openSession' | 'refreshSession' | 'endSession'>
  readonly makeToken: TokenMaker
  /** From the sign-in on; refreshing does not prolong it. */
  readonly lifetimeMs: number
  readonly log: Log
}

const ended = () =>
  new ProblemError('session-ended', 'This refresh token does not serve any more: sign in again.')

/** Sessions of scripts: a family of refresh tokens each, of which the newest serves once. */
export const createSessions = ({ store, makeToken, lifetimeMs, log }: SessionsDeps) => {
  const tokensOf = async (login: LoginRow, sessionId: string, secret: string) => ({
    accessToken: await makeToken(login),
    tokenType: 'Bearer' as const,
    expiresIn: accessTokenSeconds,
    refreshToken: refreshTokenOf(sessionId, secret),
  })

  return {
    open: async (login: LoginRow) => {
      const id = uuidv7()
      const secret = makeSecret()
      await store.openSession({ id, loginId: login.id, secretHash: hashOf(secret), lifetimeMs })
      return tokensOf(login, id, secret)
    },

    /** Throws session-ended. */
    refresh: async (token: string) => {
      const read = readRefreshToken(token)
      if (read === undefined) throw ended()
      const { id, secret } = read
      const next = makeSecret()
      const { reused, ...login } = await store.refreshSession({
        id,
        presented: hashOf(secret),
        next: hashOf(next),
      })
      if (reused) log.warn({ sessionId: id }, 'a used refresh token ended its session')
      if (login.id === null) throw ended()
      return tokensOf(login, id, next)
    },

    end: async (token: string): Promise<void> => {
      const read = readRefreshToken(token)
      if (read !== undefined) await store.endSession({ id: read.id })
    },
  }
}

export type Sessions = ReturnType<typeof createSessions>
