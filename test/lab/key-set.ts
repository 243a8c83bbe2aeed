import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  exportJWK,
  generateKeyPair,
  SignJWT,
  type CryptoKey,
  type JWK,
  type JWTPayload,
} from 'jose'
import { uuidv7 } from '../../src/platform/base/ids.ts'
import { whenFileEnds } from './cleanup.ts'

/** An issuer that a test tells what to do: its key set over real HTTP, and tokens of its keys. */
export const keySetIssuer = 'http://issuer.test/identity'

/** Whose tokens they are, unless a test says otherwise. */
export const keySetSubject = '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061'

export interface Key {
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

export const makeKey = async (kid: string): Promise<Key> => {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true })
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' } }
}

export interface KeySet {
  readonly url: string
  /** The keys that are published now. */
  keys: readonly Key[]
  /** How it answers instead of telling its keys. */
  behave: RequestListener | undefined
  /** How often it was asked. */
  asked: number
}

export const cutConnection: RequestListener = (_request, response) => response.destroy()

/** Answers with this text, whatever it is. */
export const tell =
  (text: string, status = 200): RequestListener =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(text)

export const startKeySet = async (keys: readonly Key[]): Promise<KeySet> => {
  const server = createServer((request, response) => {
    set.asked += 1
    const published = JSON.stringify({ keys: set.keys.map(({ jwk }) => jwk) })
    const behave = set.behave ?? tell(published)
    behave(request, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  whenFileEnds(() => {
    server.close()
    server.closeAllConnections()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
  const set: KeySet = { url, keys, behave: undefined, asked: 0 }
  return set
}

/** A token that is right, but for what a test says. */
export const signWith = (key: Key, claims: JWTPayload = {}, header: object = {}) =>
  new SignJWT({ roles: [], jti: uuidv7(), ...claims })
    .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: key.jwk.kid as string, ...header })
    .setIssuer(claims.iss ?? keySetIssuer)
    .setAudience(claims.aud ?? 'orderly')
    .setSubject(claims.sub ?? keySetSubject)
    .setIssuedAt(claims.iat)
    .setExpirationTime(claims.exp ?? '10 min')
    .sign(key.privateKey)
