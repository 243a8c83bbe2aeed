import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { exportJWK, generateKeyPair, SignJWT, type JWK, type JWTPayload } from 'jose'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Access, Caller } from '../base/caller.ts'
import { ProblemError } from '../base/errors.ts'
import { makeServiceKeys } from '../base/service-keys.ts'
import { createLog } from '../base/telemetry.ts'
import { createGuard } from './guard.ts'
import { createServiceSigner } from './service-tokens.ts'

const issuer = 'http://issuer.test/identity'
const userId = '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061'
const callers = { user: makeServiceKeys(), order: makeServiceKeys() }

interface Key {
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

const makeKey = async (kid: string): Promise<Key> => {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true })
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' } }
}

/** A key set over real HTTP, which a test changes, breaks and counts. */
const startKeySet = async (keys: readonly Key[]) => {
  const set = { keys, isAway: false, asked: 0 }
  const server = createServer((_request, response) => {
    set.asked += 1
    if (set.isAway) response.destroy()
    else response.end(JSON.stringify({ keys: set.keys.map(({ jwk }) => jwk) }))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  return Object.assign(set, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
  })
}

const guardOver = (jwksUrl: string, more: { readonly refreshMs?: number } = {}) => {
  const guard = createGuard({
    config: {
      service: 'billing',
      callTimeoutMs: 500,
      access: {
        issuer,
        isOwnIssuer: true,
        jwksUrl,
        rolesClaim: 'roles',
        keyRefreshMs: more.refreshMs ?? 30_000,
        keyCooldownMs: 300,
      },
      callerKeys: {
        user: [callers.user.publicKey],
        order: [makeServiceKeys().publicKey, callers.order.publicKey],
      },
    },
    log: createLog('billing', 'silent'),
  })
  onTestFinished(guard.close)
  return {
    ...guard,
    ask: async (token: string | undefined, word: Access = 'person'): Promise<Caller | string> => {
      try {
        return await guard.callerOf(token === undefined ? undefined : `Bearer ${token}`, word)
      } catch (error) {
        if (error instanceof ProblemError) return error.code
        throw error
      }
    },
  }
}

const sign = (key: Key, claims: JWTPayload = {}, header: object = {}) =>
  new SignJWT({ roles: [], ...claims })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: key.jwk.kid as string, ...header })
    .setIssuer(claims.iss ?? issuer)
    .setAudience(claims.aud ?? 'orderly')
    .setSubject(claims.sub ?? userId)
    .setIssuedAt()
    .setExpirationTime(claims.exp ?? '10 min')
    .sign(key.privateKey)

const personOf = (caller: Caller | string) =>
  typeof caller === 'object' && caller.kind === 'person' ? caller.person : undefined

describe('the guard of a service', () => {
  it('knows a person by a token of the issuer, at once from the second time on', async () => {
    const key = await makeKey('a')
    const keySet = await startKeySet([key])
    const { callerOf, ask } = guardOver(keySet.url)
    const token = await sign(key, { roles: ['teller', 7], email: 'm@example.com', locale: 'ru' })
    expect(personOf(await ask(token))).toEqual({
      id: userId,
      roles: ['teller'],
      isOperator: false,
      email: 'm@example.com',
      locale: 'ru',
    })
    expect(callerOf(`Bearer ${token}`, 'person')).not.toBeInstanceOf(Promise)
    expect(await ask(token, 'operator')).toBe('forbidden')
    const operator = await sign(key, { roles: ['operator'] })
    expect(personOf(await ask(operator, 'operator'))?.isOperator).toBe(true)
    expect(keySet.asked).toBe(1)
  })

  it.each<[string, JWTPayload, object]>([
    ['another issuer', { iss: 'http://elsewhere.test' }, {}],
    ['another audience', { aud: 'another' }, {}],
    ['a time that is over', { exp: Math.floor(Date.now() / 1e3) - 60 }, {}],
    ['a time that is to come', { nbf: Math.floor(Date.now() / 1e3) + 60 }, {}],
    ['another kind', {}, { typ: 'JWT' }],
    ['a key that nobody knows', {}, { kid: 'z' }],
    ['no subject', { sub: '' }, {}],
  ])('refuses a token with %s', async (_what, claims, header) => {
    const key = await makeKey('a')
    const { ask } = guardOver((await startKeySet([key])).url)
    expect(await ask(await sign(key, claims, header))).toBe('unauthenticated')
    expect(await ask(await sign(key))).toBeTypeOf('object')
  })

  it('asks for unknown keys once per cooldown, and finds a new one', async () => {
    const [old, fresh] = [await makeKey('old'), await makeKey('fresh')]
    const keySet = await startKeySet([old])
    const { ask } = guardOver(keySet.url)
    await ask(await sign(old))
    await sleep(350)
    const forged = await sign(fresh)
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(forged)))
    expect(new Set(answers)).toEqual(new Set(['unauthenticated']))
    expect(keySet.asked).toBe(2)
    keySet.keys = [old, fresh]
    expect(await ask(forged)).toBe('unauthenticated')
    await sleep(350)
    expect(personOf(await ask(forged))?.id).toBe(userId)
  })

  it('refuses a key that the issuer withdrew, also with a token that it remembers', async () => {
    const [withdrawn, kept] = [await makeKey('withdrawn'), await makeKey('kept')]
    const keySet = await startKeySet([withdrawn, kept])
    const { ask } = guardOver(keySet.url, { refreshMs: 400 })
    const token = await sign(withdrawn)
    expect(personOf(await ask(token))?.id).toBe(userId)
    keySet.keys = [kept]
    await sleep(650)
    expect(await ask(token)).toBe('unauthenticated')
  })

  it('goes on with the keys that it has while the issuer is away, and says 503 without any', async () => {
    const key = await makeKey('a')
    const keySet = await startKeySet([key])
    const { ask } = guardOver(keySet.url, { refreshMs: 100 })
    await ask(await sign(key))
    keySet.isAway = true
    await sleep(250)
    expect(personOf(await ask(await sign(key, { jti: 'new' })))?.id).toBe(userId)
    const { ask: askNew } = guardOver(keySet.url)
    expect(await askNew(await sign(key))).toBe('unavailable')
    keySet.isAway = false
    await sleep(600)
    expect(personOf(await askNew(await sign(key)))?.id).toBe(userId)
  })

  it('knows a service by either of its keys, for this callee and the routes that name it', async () => {
    const { ask } = guardOver((await startKeySet([await makeKey('a')])).url)
    const tokenOf = async (
      caller: 'user' | 'order',
      callee: 'billing' | 'notification',
      key: string,
    ) => (await createServiceSigner(caller, callee, key)()).replace('Bearer ', '')
    const order = await tokenOf('order', 'billing', callers.order.privateKey)
    expect(await ask(order, { services: ['order'] })).toEqual({ kind: 'service', service: 'order' })
    expect(await ask(order, { services: ['user'] })).toBe('unauthenticated')
    expect(await ask(order, 'person')).toBe('unauthenticated')
    const elsewhere = await tokenOf('order', 'notification', callers.order.privateKey)
    expect(await ask(elsewhere, { services: ['order'] })).toBe('unauthenticated')
    const disguised = await tokenOf('order', 'billing', callers.user.privateKey)
    expect(await ask(disguised, { services: ['order', 'user'] })).toBe('unauthenticated')
    const unknown = await tokenOf('order', 'billing', makeServiceKeys().privateKey)
    expect(await ask(unknown, { services: ['order'] })).toBe('unauthenticated')
  })

  it('lets nobody in without a token, and asks for none where anyone may come', async () => {
    const { ask } = guardOver((await startKeySet([await makeKey('a')])).url)
    for (const token of [undefined, '', 'x', 'a.b.c', 'a'.repeat(9_000)])
      expect(await ask(token)).toBe('unauthenticated')
    expect(await ask('whatever', 'anyone')).toEqual({ kind: 'nobody' })
  })
})
