import { createHash, generateKeyPairSync } from 'node:crypto'
import type { PrivateJwk } from './store-keys.ts'

/** The one algorithm of our own tokens. */
export const signingAlgorithm = 'EdDSA'

export interface PublicJwk {
  readonly kty: string
  readonly crv: string
  readonly x: string
  readonly kid: string
  readonly use: 'sig'
  readonly alg: typeof signingAlgorithm
}

/** A key is named by its thumbprint (RFC 7638), so no two keys have one name. */
const thumbprint = ({ kty, crv, x }: PrivateJwk): string =>
  createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url')

export const makeKey = (): { readonly kid: string; readonly jwk: PrivateJwk } => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const { kty = '', crv = '', x = '', d = '' } = privateKey.export({ format: 'jwk' })
  const jwk = { kty, crv, x, d }
  return { kid: thumbprint(jwk), jwk }
}

/** What everybody may see of a key. */
export const publicPart = (kid: string, { kty, crv, x }: PrivateJwk): PublicJwk => ({
  kty,
  crv,
  x,
  kid,
  use: 'sig',
  alg: signingAlgorithm,
})

export const privatePart = (kid: string, jwk: PrivateJwk) => ({
  ...publicPart(kid, jwk),
  d: jwk.d,
})

export type ProviderJwk = ReturnType<typeof privatePart>
