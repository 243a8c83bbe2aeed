import { createDatabase, type Database } from '../../platform/database/db.ts'
import { createLog, createMetrics } from '../../platform/base/telemetry.ts'
import { graceMs } from './key-ring.ts'
import { makeKey } from './signing-keys.ts'
import type { Role } from './states.ts'
import { createIdentityStore } from './store.ts'
import { createKeyStore } from './store-keys.ts'

/**
 * What people do to a running identity from outside, straight in its database. The replicas see it
 * by themselves; nothing has to be restarted. Each command returns what to print, or undefined when
 * there is nobody and nothing of that name.
 */
export const withDatabase = async <Result>(
  url: string,
  work: (database: Database) => Promise<Result>,
): Promise<Result> => {
  const database = createDatabase({
    config: { url, poolSize: 1, statementTimeoutMs: 5_000, prepare: false },
    log: createLog('identity', 'fatal'),
    metrics: createMetrics('identity', false),
  })
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

export interface RoleChange {
  readonly username: string
  readonly role: Role
  readonly isGranted: boolean
}

/**
 * Gives or takes a role. Tokens that were made before stay as they are until they end, which is ten
 * minutes at most.
 */
export const changeRole = (
  url: string,
  { username, role, isGranted: granted }: RoleChange,
): Promise<string | undefined> =>
  withDatabase(url, async (database) => {
    const login = await createIdentityStore(database).changeRole({ username, role, granted })
    if (login === undefined) return undefined
    const list = login.roles.length === 0 ? 'no role' : login.roles.join(', ')
    return `${login.username} now has: ${list}. Tokens that are made from now on say so.`
  })

export const grantOperator = (url: string, username: string): Promise<string | undefined> =>
  changeRole(url, { username, role: 'operator', isGranted: true })

/** Undefined: there is no such login. */
export const rolesOf = (url: string, username: string): Promise<readonly string[] | undefined> =>
  withDatabase(
    url,
    async (database) => (await createIdentityStore(database).findByName(username))?.roles,
  )

export interface RotationTimes {
  /** How long the new key is published before it signs: longer than anybody keeps the old ones. */
  readonly leadMs?: number
  readonly pollMs?: number
}

/** Makes the next key, also if the present one is young. */
export const rotateKeys = (
  url: string,
  { leadMs = 120_000, pollMs = 5_000 }: RotationTimes = {},
): Promise<string | undefined> =>
  withDatabase(url, async (database) => {
    const wanted = {
      ...makeKey(),
      forced: true,
      lifetimeMs: 0,
      leadMs,
      graceMs: graceMs({ pollMs }),
    }
    const [kid] = await createKeyStore(database).rotate(wanted)
    return kid === undefined
      ? undefined
      : `made the key ${kid}; it signs in ${Math.ceil(leadMs / 1_000)} seconds`
  })

/** The keys that are published, the newest last. */
export const listKeys = (url: string): Promise<string> =>
  withDatabase(url, async (database) => {
    const keys = await createKeyStore(database).list()
    const signer = keys.findLast(({ signingMs }) => signingMs >= 0)
    const stateOf = (key: (typeof keys)[number]) => {
      if (key === signer) return 'signs'
      return key.signingMs < 0 ? 'will sign' : 'goes when its last token is over'
    }
    return keys.map((key) => `${key.kid}  ${stateOf(key)}`).join('\n')
  })

/**
 * Removes a key now, for one that somebody else may have. What it signed is refused as soon as the
 * services have read the keys again.
 */
export const removeKey = (url: string, kid: string): Promise<string | undefined> =>
  withDatabase(url, async (database) => {
    const next = makeKey()
    const wanted = { kid, nextKid: next.kid, nextJwk: next.jwk }
    const [gone] = await createKeyStore(database).remove(wanted)
    return gone === undefined ? undefined : `removed the key ${gone}`
  })
