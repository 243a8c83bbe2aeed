import { randomBytes } from 'node:crypto'
import type { Passwords } from '../../platform/access/passwords.ts'
import type { Limit, Throttle } from '../../platform/access/throttle.ts'
import { ProblemError } from '../../platform/base/errors.ts'
import type { IdentityStore, LoginRow } from './store.ts'

export interface SignInDeps {
  readonly store: Pick<IdentityStore, 'findByName'>
  readonly passwords: Passwords
  readonly throttle: Throttle
  readonly failuresPerName: number
  readonly failuresPerAddress: number
}

export interface Credentials {
  readonly username: string
  readonly password: string
  /** Where they came from. Undefined when no gateway told it. */
  readonly address: string | undefined
}

const presentHash = ({ newPasswordHash, passwordHash }: LoginRow) => newPasswordHash ?? passwordHash

/**
 * Finds out whose name and password these are. Who does not exist is answered as who has another
 * password, and as late: a password is hashed for them, too.
 */
export const createSignIn = (deps: SignInDeps) => {
  const { store, passwords, throttle, failuresPerName, failuresPerAddress } = deps
  const nobodysHash = passwords.hash(randomBytes(24).toString('base64url'))
  // A failure is told to the first who needs it.
  nobodysHash.catch(() => {})

  const limitsOf = (name: string, address: string | undefined): Limit[] => [
    { subject: `sign-in name ${name}`, maxAttempts: failuresPerName },
    ...(address === undefined
      ? []
      : [{ subject: `sign-in address ${address}`, maxAttempts: failuresPerAddress }]),
  ]

  const check = async (name: string, password: string): Promise<LoginRow | undefined> => {
    const login = await store.findByName(name)
    const hash = login === undefined ? await nobodysHash : presentHash(login)
    const isRight = await passwords.matches(password, hash)
    return isRight ? login : undefined
  }

  /** Throws wrong-credentials or too-many-attempts. */
  return async ({ username, password, address }: Credentials): Promise<LoginRow> => {
    const name = username.toLowerCase()
    const attempt = await throttle.take(limitsOf(name, address))
    let login: LoginRow | undefined
    try {
      login = await check(name, password)
    } catch (error) {
      // Nobody learned whether it was right.
      await attempt.giveBack()
      throw error
    }
    if (login === undefined) {
      throw new ProblemError('wrong-credentials', 'There is no such user with this password.')
    }
    await attempt.giveBack()
    return login
  }
}

export type SignIn = ReturnType<typeof createSignIn>
