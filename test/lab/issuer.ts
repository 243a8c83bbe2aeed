import { createPrivateKey, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { whenFileEnds } from './cleanup.ts'
import { nowSeconds, writeToken, type Members } from './tokens.ts'

/**
 * An issuer for tests of services that run without identity: a key that is made for this process,
 * and its key set over real HTTP. Services take its tokens for those of the product's own issuer,
 * because they are told its address (`issuerVariables`).
 */
export const tokenLifetimeMs = 600_000

const publicUrl = 'http://orderly.test'
const keyId = 'lab-1'

let key: { readonly privateKey: KeyObject; readonly publicKey: KeyObject } | undefined

const labKey = () => (key ??= generateKeyPairSync('ed25519'))

/** The key as text, for a process that mints tokens of this issuer too. */
export const labSigningKey = (): string =>
  labKey().privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()

/** Mints from now on as the process whose key this is. */
export const useSigningKey = (pem: string) => {
  key = { ...labKey(), privateKey: createPrivateKey(pem) }
}

/** A member that is undefined is left out, so that a test can make a token without it. */
export const mintToken = (claims: Members = {}, header: Members = {}): string => {
  const nowS = nowSeconds()
  const usual = {
    iss: `${publicUrl}/identity`,
    sub: randomUUID(),
    aud: 'orderly',
    iat: nowS,
    exp: nowS + tokenLifetimeMs / 1_000,
    jti: randomUUID(),
    client_id: 'lab',
    scope: 'openid',
    roles: [],
    locale: 'en',
  }
  return writeToken(
    { alg: 'EdDSA', typ: 'at+jwt', kid: keyId, ...header },
    { ...usual, ...claims },
    labKey().privateKey,
  )
}

const serveKeys = async (): Promise<string> => {
  const jwk = labKey().publicKey.export({ format: 'jwk' })
  const keySet = JSON.stringify({ keys: [{ ...jwk, kid: keyId, use: 'sig', alg: 'EdDSA' }] })
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(keySet)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  // Campaigns are no test files: there it ends with the process.
  server.unref()
  whenFileEnds(() => {
    served = undefined
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`
}

let served: Promise<string> | undefined

/** What a service needs to take the tokens of this issuer. */
export const issuerVariables = async (): Promise<Readonly<Record<string, string>>> => {
  served ??= serveKeys()
  return { PUBLIC_URL: publicUrl, JWKS_URL: await served }
}
