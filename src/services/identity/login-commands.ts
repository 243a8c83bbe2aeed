import { setTimeout as sleep } from 'node:timers/promises'
import { createPasswords, makePassword } from '../../platform/access/passwords.ts'
import { ConfigError } from '../../platform/base/config.ts'
import { withDatabase } from './commands.ts'
import { newLoginSchema } from './contract.ts'
import { createIdentityStore } from './store.ts'

/**
 * Passwords for people who cannot choose one: users of before there were logins, and those who have
 * forgotten theirs or must not go on with it. Nobody but the terminal learns the password.
 */
export interface NewLogin {
  readonly userId: string
  readonly username: string
  readonly email: string
  readonly locale: string
}

const makeOne = async (memoryKib: number) => {
  const password = makePassword()
  return { password, passwordHash: await createPasswords({ memoryKib }).hash(password) }
}

const shownOnce = (password: string) => `the password ${password} (it is shown only this once)`

/** The login as the user service would ask for it. */
const checked = (wanted: NewLogin, passwordHash: string) => {
  const parsed = newLoginSchema.safeParse({ ...wanted, passwordHash })
  if (parsed.success) return parsed.data
  const complaints = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new ConfigError(`no login can be made of this (${complaints.join('; ')})`)
}

/** Makes the login of a user who has none. */
export const makeLogin = async (
  url: string,
  wanted: NewLogin,
  memoryKib: number,
): Promise<string> => {
  const { password, passwordHash } = await makeOne(memoryKib)
  const { userId: id, ...login } = checked(wanted, passwordHash)
  return withDatabase(url, async (database) => {
    const stored = await createIdentityStore(database).insertLogin({ id, ...login })
    if (stored.id === null) {
      throw new ConfigError(`another user has a login with the name ${login.username}`)
    }
    if (stored.replayed) {
      throw new ConfigError(`the user ${id} has a login already, with the name ${stored.username}`)
    }
    return `${stored.username} can sign in now, with ${shownOnce(password)}.`
  })
}

export interface NewPassword {
  readonly username: string
  readonly memoryKib: number
  /** How long a sign-in that began with the old password may take. */
  readonly lullMs?: number
}

/**
 * Gives somebody another password and ends all that they are signed in by. That is done twice: a
 * request that was let in by the old password a moment before may store a session after the first
 * time. Nobody knows the new password before the second time, so it ends nothing else.
 */
export const changePassword = async (
  url: string,
  { username, memoryKib, lullMs = 1_000 }: NewPassword,
): Promise<string | undefined> => {
  const { password, passwordHash } = await makeOne(memoryKib)
  return withDatabase(url, async (database) => {
    const { changePassword: change } = createIdentityStore(database)
    if ((await change({ username, passwordHash })) === undefined) return undefined
    await sleep(lullMs)
    const login = await change({ username, passwordHash })
    if (login === undefined) return undefined
    return `${login.username} signs in from now on with ${shownOnce(password)}. All sessions have ended; an access token that was made before lives on for ten minutes at most.`
  })
}
