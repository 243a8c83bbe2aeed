import {
  decodeProtectedHeader,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  importPKCS8,
  SignJWT,
  type JWTPayload,
} from 'jose'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { callerKeys, guardOver, personOf } from '../../../test/lab/guard.ts'
import { keySetSubject, makeKey, signWith, startKeySet } from '../../../test/lab/key-set.ts'
import type { Access } from '../base/caller.ts'
import { makeServiceKeys, readPrivateKey } from '../base/service-keys.ts'
import { createServiceSigner } from './service-tokens.ts'

describe('the guard of a service', () => {
  it('knows a person by a token of the issuer, at once from the second time on', async () => {
    const key = await makeKey('a')
    const keySet = await startKeySet([key])
    const { callerOf, ask } = guardOver(keySet.url)
    const token = await signWith(key, {
      roles: ['teller', 7],
      email: 'm@example.com',
      locale: 'ru',
    })
    expect(personOf(await ask(token))).toEqual({
      id: keySetSubject,
      roles: ['teller'],
      isOperator: false,
      email: 'm@example.com',
      locale: 'ru',
    })
    expect(callerOf(`Bearer ${token}`, 'person')).not.toBeInstanceOf(Promise)
    expect(await ask(token, 'operator')).toBe('forbidden')
    const operator = await signWith(key, { roles: ['operator'] })
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
    expect(await ask(await signWith(key, claims, header))).toBe('unauthenticated')
    expect(await ask(await signWith(key))).toBeTypeOf('object')
  })

  it.each<[string, JWTPayload, object]>([
    ['an ID token of Keycloak', { typ: 'ID' }, {}],
    ['an ID token with the hash of its access token', { at_hash: 'x' }, {}],
    ['an ID token that answers a request', { nonce: 'x' }, {}],
    ['a refresh token', { typ: 'Refresh' }, {}],
    ['a token of a service', {}, { typ: 'service+jwt' }],
  ])('takes no %s for an access token, whoever the issuer is', async (_what, claims, header) => {
    const key = await makeKey('a')
    const { ask } = guardOver((await startKeySet([key])).url, { isOwnIssuer: false })
    const plain = { typ: 'JWT' }
    expect(await ask(await signWith(key, claims, { ...plain, ...header }))).toBe('unauthenticated')
    expect(await ask(await signWith(key, { typ: 'Bearer' }, plain))).toBeTypeOf('object')
    expect(await ask(await signWith(key, {}, plain))).toBeTypeOf('object')
  })

  it('names people of another issuer by their subject, if that is an id, or else after it', async () => {
    const key = await makeKey('a')
    const { ask } = guardOver((await startKeySet([key])).url, { isOwnIssuer: false })
    const idOf = async (sub: string) => personOf(await ask(await signWith(key, { sub })))?.id
    expect(await idOf(keySetSubject.toUpperCase())).toBe(keySetSubject)
    const [one, other] = [await idOf('masha'), await idOf('petya')]
    expect(one).toMatch(/^[\da-f]{8}-[\da-f]{4}-5[\da-f]{3}-/)
    expect(await idOf('masha')).toBe(one)
    expect(other).not.toBe(one)
  })

  it('knows a service by either of its keys, for this callee and the routes that name it', async () => {
    const { ask } = guardOver((await startKeySet([await makeKey('a')])).url)
    const tokenOf = async (
      caller: 'user' | 'order',
      callee: 'billing' | 'notification',
      key: string,
    ) => (await createServiceSigner(caller, callee, key)()).replace('Bearer ', '')
    const order = await tokenOf('order', 'billing', callerKeys.order.privateKey)
    expect(await ask(order, { services: ['order'] })).toEqual({ kind: 'service', service: 'order' })
    expect(await ask(order, { services: ['user'] })).toBe('unauthenticated')
    expect(await ask(order, 'person')).toBe('unauthenticated')
    const elsewhere = await tokenOf('order', 'notification', callerKeys.order.privateKey)
    expect(await ask(elsewhere, { services: ['order'] })).toBe('unauthenticated')
    const disguised = await tokenOf('order', 'billing', callerKeys.user.privateKey)
    expect(await ask(disguised, { services: ['order', 'user'] })).toBe('unauthenticated')
    const unknown = await tokenOf('order', 'billing', makeServiceKeys().privateKey)
    expect(await ask(unknown, { services: ['order'] })).toBe('unauthenticated')
  })

  it('forgets a token when it ends', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const key = await makeKey('a')
    const { ask } = guardOver((await startKeySet([key])).url)
    const token = await signWith(key, { exp: Math.floor(Date.now() / 1e3) + 60 })
    for (const _turn of [1, 2]) expect(personOf(await ask(token))?.id).toBe(keySetSubject)
    vi.setSystemTime(Date.now() + 66_000)
    expect(await ask(token)).toBe('unauthenticated')
  })

  it('takes four algorithms and no others, whatever a key can do', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid: 'rsa' }
    const { ask } = guardOver((await startKeySet([{ privateKey, jwk }])).url)
    const signed = async (alg: string) =>
      signWith(
        { privateKey: await importPKCS8(await exportPKCS8(privateKey), alg), jwk },
        {},
        { alg },
      )
    for (const alg of ['RS256', 'PS256']) expect(await ask(await signed(alg))).toBeTypeOf('object')
    for (const alg of ['RS384', 'RS512', 'PS512'])
      expect(await ask(await signed(alg))).toBe('unauthenticated')
  })

  it('takes the token of a service for a minute, however long it says that it lives', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const { ask } = guardOver('http://127.0.0.1:9')
    const word: Access = { services: ['order'] }
    const bearer = await createServiceSigner('order', 'billing', callerKeys.order.privateKey)()
    const { kid } = decodeProtectedHeader(bearer.replace('Bearer ', ''))
    const iat = Math.floor(Date.now() / 1e3)
    const token = await new SignJWT({ iss: 'order', aud: 'billing', iat, exp: iat + 3_600 })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'service+jwt', kid: kid ?? '' })
      .sign(readPrivateKey(callerKeys.order.privateKey))
    expect(await ask(token, word)).toEqual({ kind: 'service', service: 'order' })
    vi.setSystemTime(Date.now() + 70_000)
    expect(await ask(token, word)).toBe('unauthenticated')
  })

  it('lets nobody in without a token, and asks for none where anyone may come', async () => {
    const { ask } = guardOver((await startKeySet([await makeKey('a')])).url)
    for (const token of [undefined, '', 'x', 'a.b.c', 'a'.repeat(9_000)])
      expect(await ask(token)).toBe('unauthenticated')
    expect(await ask('whatever', 'anyone')).toEqual({ kind: 'nobody' })
  })
})
