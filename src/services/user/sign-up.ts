import type { IdentityClient } from '../../clients/identity.ts'
import { saltOf, type Passwords } from '../../platform/access/passwords.ts'
import type { Throttle } from '../../platform/access/throttle.ts'
import { ProblemError, retrySoon, type ProblemOptions } from '../../platform/base/errors.ts'
import { listed } from '../../platform/base/states.ts'
import { replayedHeaders } from '../../platform/http/schemas.ts'
import { refusalReasons } from './states.ts'
import type { StoredUser, TakenUser, UserStore, UserToStore } from './store.ts'

export interface SignUpDeps {
  readonly store: UserStore
  readonly passwords: Passwords
  /** Not there when another issuer has the logins: then nobody sends a password. */
  readonly identity: IdentityClient | undefined
  readonly throttle: Throttle
  /** From one address; 0 means no limit. */
  readonly signUpsPerHour: number
  readonly budgetMs: number
}

export interface NewSignUp {
  readonly person: Omit<UserToStore, 'passwordHash' | 'passwordSalt'>
  /** Undefined when another issuer checks passwords. */
  readonly password: string | undefined
  /** The address of the client, if the gateway told it. */
  readonly address: string | undefined
}

/**
 * Who knows a key and the whole body but the password must not find it by repeating the request.
 * Only a wrong password counts in the end, but many repeats may be on their way at the same time.
 */
const repeatsPerHour = 100

const takenField = { 'username-taken': 'username', 'email-taken': 'email' } as const

const taken = ({ id, reason }: StoredUser | TakenUser, options: ProblemOptions = {}) => {
  if (reason === 'user-exists') {
    return new ProblemError('user-exists', 'This person has signed up before.', options)
  }
  const code = listed(refusalReasons, reason, `the reason of user ${id}`)
  const field = takenField[code]
  return new ProblemError(code, `Another user has this ${field}.`, {
    ...options,
    errors: [{ field, message: 'is taken' }],
  })
}

const reused = () =>
  new ProblemError('idempotency-key-reused', 'This key was used for another user before.')

const isSame = (stored: StoredUser, wanted: NewSignUp['person']) =>
  stored.username === wanted.username &&
  stored.email === wanted.email &&
  stored.phone === wanted.phone &&
  stored.firstName === wanted.firstName &&
  stored.lastName === wanted.lastName &&
  stored.locale === wanted.locale

/**
 * Stores somebody who signs up, or finds what an earlier request with the same key has stored. All
 * that somebody who does not know the password could learn by a key is refused in the same way.
 */
export const createSignUp = (deps: SignUpDeps) => {
  const { store, passwords, identity, throttle, signUpsPerHour, budgetMs: timeoutMs } = deps

  const limitFrom = async (address = 'nowhere') => {
    if (signUpsPerHour === 0) return
    await throttle.take([{ subject: `sign-up from ${address}`, maxAttempts: signUpsPerHour }])
  }

  const hashed = async (password: string | undefined) => {
    if (password === undefined) return { passwordHash: null, passwordSalt: null }
    const passwordHash = await passwords.hash(password)
    return { passwordHash, passwordSalt: saltOf(passwordHash) }
  }

  /**
   * Whether it is the password with which this user signed up. When identity has the login, the hash
   * is gone from here: it is made again and identity is asked by the same call as before.
   */
  const hasPassword = async (user: StoredUser, password: string, requestId: string) => {
    const { id: userId, username, email, locale, passwordHash: kept, passwordSalt } = user
    if (passwordSalt === null || identity === undefined) return false
    if (kept !== null) return passwords.matches(password, kept)
    const passwordHash = await passwords.hash(password, passwordSalt)
    const wanted = { userId, username, email, locale, passwordHash }
    const login = await identity.makeLogin({ ...wanted, requestId, timeoutMs })
    if (login.outcome !== 'unknown') return login.outcome === 'done'
    const detail = 'The password cannot be compared now; nothing was done. Try again.'
    throw new ProblemError('unavailable', detail, { headers: retrySoon })
  }

  const requirePassword = async (user: StoredUser, password: string, requestId: string) => {
    const subject = `sign-up repeated ${user.id}`
    const attempt = await throttle.take([{ subject, maxAttempts: repeatsPerHour }])
    let isWrong = false
    try {
      isWrong = !(await hasPassword(user, password, requestId))
    } finally {
      if (!isWrong) await attempt.giveBack()
    }
    if (isWrong) throw reused()
  }

  return async ({ person, password, address }: NewSignUp): Promise<StoredUser> => {
    const { idempotencyKey: key, requestId } = person
    const known = key === null ? undefined : await store.findByKey(key)
    // Repeats are not limited: they store nothing.
    if (known === undefined) await limitFrom(address)
    const stored = known ?? (await store.insert({ ...person, ...(await hashed(password)) }))
    if (stored.id === null) throw taken(stored)
    if (!isSame(stored, person)) throw reused()
    const headers = replayedHeaders(stored.replayed)
    if (stored.account === 'REFUSED') {
      throw taken(stored, { headers, requestId: stored.requestId })
    }
    if (stored.replayed && password !== undefined) {
      await requirePassword(stored, password, requestId)
    }
    return stored
  }
}

export type SignUp = ReturnType<typeof createSignUp>
