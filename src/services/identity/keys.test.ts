import { setTimeout as sleep } from 'node:timers/promises'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import * as oidc from 'openid-client'
import { beforeAll, describe, expect, it } from 'vitest'
import { startIdentity, type Identity } from '../../../test/lab/identity.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { listKeys, removeKey, rotateKeys } from './commands.ts'

interface Published {
  readonly kid: string
}

const publishedBy = async (url: string): Promise<string[]> => {
  const answer = await fetch(`${url}/identity/jwks`)
  const { keys } = (await answer.json()) as { keys: Published[] }
  return keys.map(({ kid }) => kid)
}

/** Signs in, and tells with which key the token was signed. */
const createSigner = async (identity: Identity) => {
  const { username, password } = await identity.makeLogin()
  return async (url = identity.url) => {
    const answer = await fetch(`${url}/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password }),
    })
    const { accessToken } = (await answer.json()) as { accessToken: string }
    return { token: accessToken, kid: String(decodeProtectedHeader(accessToken).kid) }
  }
}

const isGood = (identity: Identity, token: string) =>
  jwtVerify(token, createRemoteJWKSet(new URL(`${identity.url}/identity/jwks`)), {
    issuer: identity.issuer,
    audience: 'orderly',
  }).then(
    () => true,
    () => false,
  )

const rows = ({ database }: Identity) =>
  database.sql`select * from signing_keys order by generation`

/** A busy machine needs so long to start them all. */
const patient = { withinMs: 60_000 }

/**
 * Lets so many replicas find that there is no key, before the first of them makes one. More of them
 * would not all start in the time for which a statement waits for a lock.
 */
const startReplicasAtOnce = async ({ database, startReplica }: Identity, count: number) => {
  const holder = await database.sql.reserve()
  await holder`begin`
  // Else Postgres ends it after some seconds, before a slow machine has started them all.
  await holder`set local idle_in_transaction_session_timeout = 0`
  await holder`lock table signing_keys in exclusive mode`
  const starting = Array.from({ length: count }, () => startReplica())
  await eventually(async () => {
    const [waiting] = await database.admin`
      select count(*)::int from pg_locks
      where relation = 'signing_keys'::regclass and not granted`
    expect(waiting!['count']).toBeGreaterThanOrEqual(count)
  }, patient)
  await holder`commit`
  holder.release()
  return Promise.all(starting)
}

describe('a fresh database', () => {
  it('gets one key, however many replicas start at once', { timeout: 120_000 }, async () => {
    const identity = await startIdentity()
    await identity.database.admin`set session_replication_role = replica`
    await identity.database.admin`delete from signing_keys`
    await identity.database.admin`set session_replication_role = origin`
    const replicas = await startReplicasAtOnce(identity, 3)
    const sets = await Promise.all(replicas.map(({ url }) => publishedBy(url)))
    expect(await rows(identity)).toHaveLength(1)
    expect(new Set(sets.flat()).size).toBe(1)
  })
})

describe('a new key', () => {
  it('is published before it signs, and the old one stays until its last token is over', async () => {
    const identity = await startIdentity({ KEY_LEAD_MS: '1500' })
    const replica = await identity.startReplica()
    const sign = await createSigner(identity)
    const before = await sign()
    await rotateKeys(identity.database.url, { leadMs: 1_500, pollMs: 100 })
    const [, made] = await rows(identity)
    expect(made!['signs_from'] - Date.now()).toBeGreaterThan(500)
    const both = await publishedBy(replica.url)
    expect(both).toHaveLength(2)
    expect((await sign()).kid).toBe(before.kid)
    const next = both.find((kid) => kid !== before.kid)!
    for (const url of [identity.url, replica.url]) {
      await eventually(async () => expect((await sign(url)).kid).toBe(next))
    }
    expect(await isGood(identity, before.token)).toBe(true)
    const [old] = await rows(identity)
    const staysMs = old!['retires_at'] - (await rows(identity))[1]!['signs_from']
    expect(staysMs).toBeGreaterThan(600_000 + 30_000)
    await identity.database
      .sql`update signing_keys set retires_at = now() where kid = ${before.kid}`
    await eventually(async () => expect(await publishedBy(replica.url)).toEqual([next]))
    expect(await isGood(identity, before.token)).toBe(false)
    expect((await rows(identity))[0]!['jwk']).toBeNull()
    expect(await isGood(identity, (await sign()).token)).toBe(true)
  })

  it('is made by one replica when the present one is old', async () => {
    const identity = await startIdentity({ KEY_LIFETIME_HOURS: '1', KEY_LEAD_MS: '600' })
    await Promise.all([identity.startReplica(), identity.startReplica()])
    const [first] = await publishedBy(identity.url)
    await identity.database.sql`
      update signing_keys set signs_from = now() - interval '59 minutes 30 seconds'`
    const sign = await createSigner(identity)
    expect((await sign()).kid).toBe(first)
    await identity.database.sql`
      update signing_keys set signs_from = now() - interval '61 minutes'`
    await eventually(async () => expect((await sign()).kid).not.toBe(first))
    expect(await rows(identity)).toHaveLength(2)
  })

  it('is used by the pages as well, without a restart', async () => {
    const identity = await startIdentity()
    const sign = await createSigner(identity)
    const first = await sign()
    const options = { execute: [oidc.allowInsecureRequests] }
    const issuer = new URL(identity.issuer)
    const described = await oidc.discovery(issuer, 'orderly', undefined, oidc.None(), options)
    expect(described.serverMetadata().jwks_uri).toBe(`${identity.issuer}/jwks`)
    await rotateKeys(identity.database.url, { leadMs: 0, pollMs: 100 })
    await eventually(async () => expect((await sign()).kid).not.toBe(first.kid))
    const again = await oidc.discovery(issuer, 'orderly', undefined, oidc.None(), options)
    expect(again.serverMetadata()).toEqual(described.serverMetadata())
  })
})

/** So each key is tried some twenty times before the next, and the processors have rest. */
const pauseMs = 15

describe('ten rotations', () => {
  it('while tokens are made and checked refuse none of them', async () => {
    const identity = await startIdentity({ KEY_LEAD_MS: '400' })
    const replica = await identity.startReplica()
    const sign = await createSigner(identity)
    let stopped = false
    const wrong: string[] = []
    const used = new Set<string>()
    const work = async (url: string) => {
      while (!stopped) {
        const { token, kid } = await sign(url)
        used.add(kid)
        if (!(await isGood(identity, token))) wrong.push(kid)
        await sleep(pauseMs)
      }
    }
    const workers = [work(identity.url), work(replica.url)]
    for (let turn = 0; turn < 10; turn += 1) {
      await rotateKeys(identity.database.url, { leadMs: 400, pollMs: 100 })
      const newest = (await rows(identity)).at(-1)!['kid']
      await eventually(() => expect(used).toContain(newest))
    }
    stopped = true
    await Promise.all(workers)
    expect(wrong).toEqual([])
    expect(used.size).toBe(11)
  }, 60_000)
})

describe('a key that is removed by command', () => {
  it('leaves the published set at once, and another one signs', async () => {
    const identity = await startIdentity()
    const replica = await identity.startReplica()
    const sign = await createSigner(identity)
    const before = await sign()
    expect(await listKeys(identity.database.url)).toBe(`${before.kid}  signs`)
    expect(await removeKey(identity.database.url, before.kid)).toContain(before.kid)
    for (const url of [identity.url, replica.url]) {
      expect(await publishedBy(url)).not.toContain(before.kid)
    }
    expect(await isGood(identity, before.token)).toBe(false)
    const after = await sign()
    expect(after.kid).not.toBe(before.kid)
    expect(await isGood(identity, after.token)).toBe(true)
    expect(await removeKey(identity.database.url, before.kid)).toBeUndefined()
    expect(await removeKey(identity.database.url, 'no such key')).toBeUndefined()
  })

  it('lets the key that waits sign at once', async () => {
    const identity = await startIdentity()
    const sign = await createSigner(identity)
    const { kid } = await sign()
    await rotateKeys(identity.database.url)
    const waiting = (await publishedBy(identity.url)).find((each) => each !== kid)
    await removeKey(identity.database.url, kid)
    expect(await publishedBy(identity.url)).toEqual([waiting])
    expect((await sign()).kid).toBe(waiting)
  })
})

describe('the database itself, asked with the role that owns the tables, refuses', () => {
  let identity: Identity
  beforeAll(async () => {
    identity = await startIdentity()
  })

  it.each([
    ['another name of a key', `update signing_keys set kid = 'x'`],
    ['another key under the same name', `update signing_keys set jwk = '{}'`],
    ['another number', `update signing_keys set generation = 9`],
    ['the end of a row', 'delete from signing_keys'],
    ['the end of all', 'truncate signing_keys'],
  ])('%s', async (_what, text) => {
    await expect(identity.database.sql.unsafe(text)).rejects.toThrow(/changed like this|forbidden/)
  })

  it('a removed key that comes back', async () => {
    const [kid] = await publishedBy(identity.url)
    await removeKey(identity.database.url, kid!)
    const { sql } = identity.database
    await expect(sql`update signing_keys set jwk = '{}' where kid = ${kid!}`).rejects.toThrow(
      /changed like this/,
    )
  })
})
