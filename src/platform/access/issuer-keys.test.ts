import { generateKeyPairSync } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLocalJWKSet } from 'jose'
import { describe, expect, it } from 'vitest'
import { callerKeys, guardAccess, guardOver, personOf } from '../../../test/lab/guard.ts'
import {
  cutConnection,
  keySetSubject,
  makeKey,
  signWith,
  startKeySet,
  tell,
} from '../../../test/lab/key-set.ts'
import type { IssuerKeys } from './issuer-keys.ts'
import { createPersonTokens } from './person-tokens.ts'
import { createServiceSigner } from './service-tokens.ts'

/** Too small to be safe. */
const weakKey = {
  ...generateKeyPairSync('rsa', { modulusLength: 1_024 }).publicKey.export({ format: 'jwk' }),
  kid: 'a',
}

describe('the keys of the issuer', () => {
  it('asks for unknown keys once per cooldown, and finds a new one', async () => {
    const [old, fresh] = [await makeKey('old'), await makeKey('fresh')]
    const keySet = await startKeySet([old])
    const { ask } = guardOver(keySet.url)
    await ask(await signWith(old))
    await sleep(350)
    const forged = await signWith(fresh)
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(forged)))
    expect(new Set(answers)).toEqual(new Set(['unauthenticated']))
    expect(keySet.asked).toBe(2)
    keySet.keys = [old, fresh]
    // It waits for the end of the cooldown: some issuers sign with a key as soon as they publish it.
    expect(personOf(await ask(forged))?.id).toBe(keySetSubject)
    expect(keySet.asked).toBe(3)
  })

  it('asks no sooner than the cooldown says, whoever comes with whatever key', async () => {
    const key = await makeKey('a')
    const keySet = await startKeySet([key])
    const { ask } = guardOver(keySet.url)
    await ask(await signWith(key))
    const startMs = performance.now()
    for (const kid of ['x', 'y']) {
      expect(await ask(await signWith(key, {}, { kid }))).toBe('unauthenticated')
    }
    expect(keySet.asked).toBe(3)
    // A timer may fire a little early.
    expect(performance.now() - startMs).toBeGreaterThan(550)
  })

  it('finds the keys where the issuer says, and believes nobody who has another name', async () => {
    const key = await makeKey('a')
    const keySet = await startKeySet([key])
    const issuer = new URL(keySet.url).origin
    const described = { issuer, jwks_uri: keySet.url }
    const describe =
      (description: object): typeof keySet.behave =>
      (request, response) =>
        request.url === '/keys'
          ? response.end(JSON.stringify({ keys: [key.jwk] }))
          : response.end(JSON.stringify(description))
    const token = await signWith(key, { iss: issuer })
    const askAnew = () => guardOver(undefined, { issuer, isOwnIssuer: false }).ask(token)
    keySet.behave = describe(described)
    expect(personOf(await askAnew())?.id).toBe(keySetSubject)
    keySet.behave = describe({ ...described, issuer: `${issuer}/` })
    expect(await askAnew()).toBe('unavailable')
  })

  it('lets nobody wait for keys with a token of another issuer, or one that is old', async () => {
    const [old, fresh] = [await makeKey('old'), await makeKey('fresh')]
    const keySet = await startKeySet([old])
    const { ask } = guardOver(keySet.url, { keyCooldownMs: 60_000 })
    await ask(await signWith(old))
    expect(await ask(await signWith(fresh, { iss: 'http://elsewhere.test' }))).toBe(
      'unauthenticated',
    )
    const iat = Math.floor(Date.now() / 1e3) - 61
    expect(await ask(await signWith(fresh, { iat }))).toBe('unauthenticated')
    const service = createServiceSigner('order', 'billing', callerKeys.order.privateKey)
    expect(await ask((await service()).replace('Bearer ', ''))).toBe('unauthenticated')
    expect(keySet.asked).toBe(1)
  })

  it('refuses a key that the issuer withdrew, also with a token that it remembers', async () => {
    const [withdrawn, kept] = [await makeKey('withdrawn'), await makeKey('kept')]
    const keySet = await startKeySet([withdrawn, kept])
    const { ask } = guardOver(keySet.url, { keyRefreshMs: 400 })
    const token = await signWith(withdrawn)
    expect(personOf(await ask(token))?.id).toBe(keySetSubject)
    keySet.keys = [kept]
    await sleep(650)
    expect(await ask(token)).toBe('unauthenticated')
  })

  it('does not remember a token whose key is withdrawn while it is checked', async () => {
    const [withdrawn, kept] = [await makeKey('withdrawn'), await makeKey('kept')]
    const people = createPersonTokens(guardAccess('http://127.0.0.1:9'))
    let find = createLocalJWKSet({ keys: [withdrawn.jwk, kept.jwk] })
    const keys: Pick<IssuerKeys, 'find' | 'refresh'> = {
      refresh: () => undefined,
      find: async (header, token) => {
        const found = await find(header, token)
        find = createLocalJWKSet({ keys: [kept.jwk] })
        people.forget()
        return found
      },
    }
    const authorization = `Bearer ${await signWith(withdrawn)}`
    expect((await people.personOf(authorization, keys)).id).toBe(keySetSubject)
    await expect(async () => people.personOf(authorization, keys)).rejects.toThrow('not valid here')
  })

  it('waits for the keys after a long silence, also if the issuer was away before it', async () => {
    const [withdrawn, kept] = [await makeKey('withdrawn'), await makeKey('kept')]
    const keySet = await startKeySet([withdrawn, kept])
    const { ask } = guardOver(keySet.url, { keyRefreshMs: 100, keyCooldownMs: 50 })
    const token = await signWith(withdrawn)
    await ask(token)
    keySet.behave = cutConnection
    await sleep(150)
    await ask(token)
    keySet.behave = undefined
    keySet.keys = [kept]
    await sleep(250)
    expect(await ask(token)).toBe('unauthenticated')
  })

  it.each<[string, unknown]>([
    ['no key', { keys: [] }],
    ['no list', { keys: 'a' }],
    ['nothing', null],
    ['keys of other kinds', { keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'a' }, null, 7] }],
    [
      'keys to encrypt with',
      { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'AA', kid: 'a', use: 'enc' }] },
    ],
    ['a broken key', { keys: [{ kty: 'RSA', n: '!', e: 'AQAB', kid: 'a', alg: 'RS256' }] }],
    ['a weak key', { keys: [weakKey] }],
  ])('keeps what it has when it is told %s', async (_what, told) => {
    const key = await makeKey('a')
    const keySet = await startKeySet([key])
    const { ask } = guardOver(keySet.url, { keyRefreshMs: 100 })
    await ask(await signWith(key))
    keySet.behave = tell(JSON.stringify(told))
    await sleep(250)
    for (const jti of ['1', '2'])
      expect(await ask(await signWith(key, { jti }))).toBeTypeOf('object')
    expect(keySet.asked).toBeGreaterThan(1)
  })

  it('leaves out the keys that it cannot use, and takes the others', async () => {
    const key = await makeKey('good')
    const keySet = await startKeySet([key])
    const broken = { kty: 'RSA', n: '!', e: 'AQAB', kid: 'broken', alg: 'EdDSA' }
    keySet.behave = tell(
      JSON.stringify({ keys: [null, broken, { ...weakKey, kid: 'weak' }, key.jwk] }),
    )
    const { ask } = guardOver(keySet.url)
    expect(await ask(await signWith(key))).toBeTypeOf('object')
    for (const kid of ['broken', 'weak'])
      expect(await ask(await signWith(key, {}, { kid }))).toBe('unauthenticated')
  })

  it('waits for an issuer that starts a moment later, and refuses nobody meanwhile', async () => {
    const key = await makeKey('a')
    const keySet = await startKeySet([key])
    keySet.behave = cutConnection
    const { ask } = guardOver(keySet.url)
    const token = await signWith(key)
    expect(await ask(token)).toBe('unavailable')
    keySet.behave = undefined
    expect(personOf(await ask(token))?.id).toBe(keySetSubject)
  })

  it('goes on with the keys that it has while the issuer is away, and says 503 without any', async () => {
    const key = await makeKey('a')
    const keySet = await startKeySet([key])
    const { ask } = guardOver(keySet.url, { keyRefreshMs: 100 })
    await ask(await signWith(key))
    keySet.behave = cutConnection
    await sleep(250)
    expect(personOf(await ask(await signWith(key, { jti: 'new' })))?.id).toBe(keySetSubject)
    const fresh = await signWith(await makeKey('fresh'))
    expect(await ask(fresh)).toBe('unavailable')
    const { ask: askNew } = guardOver(keySet.url)
    expect(await askNew(await signWith(key))).toBe('unavailable')
    keySet.behave = undefined
    await sleep(600)
    expect(personOf(await askNew(await signWith(key)))?.id).toBe(keySetSubject)
  })
})
