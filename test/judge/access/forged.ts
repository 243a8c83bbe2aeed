import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  randomUUID,
  sign,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto'

/**
 * What somebody can make who has seen a token that is right and knows the issuer's public keys, as
 * everybody does, but has none of its private ones. It works on any JWT: of our own issuer, of
 * another one, or of a service.
 */
type Claims = Readonly<Record<string, unknown>>

export interface Parts {
  readonly header: Claims
  readonly payload: Claims
  readonly signature: string
}

const encode = (part: Claims) => Buffer.from(JSON.stringify(part)).toString('base64url')

const decode = (part = ''): Claims =>
  JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Claims

export const partsOf = (token: string): Parts => {
  const [header, payload, signature = ''] = token.split('.')
  return { header: decode(header), payload: decode(payload), signature }
}

export type PublishedKey = JsonWebKey & { readonly kid?: string; readonly alg?: string }

/** The published key that a token was signed with. */
export const keyFor = (token: string, keys: readonly PublishedKey[]): JsonWebKey => {
  const { kid } = partsOf(token).header
  const found = keys.find((key) => key.kid === kid)
  if (found === undefined) throw new Error(`the issuer has no key ${String(kid)}`)
  // Without its name, so that it is the same for each forger.
  return createPublicKey({ key: found, format: 'jwk' }).export({ format: 'jwk' })
}

type Algorithm = 'EdDSA' | 'RS256' | 'ES256'

const makePair = (alg: Algorithm) => {
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519')
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return generateKeyPairSync('rsa', { modulusLength: 2_048 })
}

const pairs = new Map<Algorithm, ReturnType<typeof makePair>>()

/** The forger's own keys, made once: an RSA key takes a tenth of a second. */
const ownPair = (alg: Algorithm) => {
  const known = pairs.get(alg) ?? makePair(alg)
  pairs.set(alg, known)
  return known
}

const signWith = (alg: Algorithm, key: KeyObject, header: Claims, payload: Claims) => {
  const input = `${encode(header)}.${encode(payload)}`
  const digest = alg === 'EdDSA' ? null : 'sha256'
  const how = alg === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' as const } : key
  return `${input}.${sign(digest, Buffer.from(input), how).toString('base64url')}`
}

const hmacWith = (secret: Buffer | string, header: Claims, payload: Claims) => {
  const input = `${encode({ ...header, alg: 'HS256' })}.${encode(payload)}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

/** The more of them a claim says, the more the forger gets. */
const promoted = (payload: Claims): Claims => ({
  ...payload,
  roles: ['operator', 'teller'],
  realm_access: { roles: ['operator', 'teller'] },
})

export interface ForgeryOptions {
  /** The key that the token was signed with, as the issuer publishes it. */
  readonly publicKey: JsonWebKey
  /** An address at which a forger would publish keys. Nobody may ever ask there. */
  readonly lure: string
}

/** By what was done to it. Each of them must be refused as if nothing had been sent. */
export const forgeries = (
  token: string,
  { publicKey, lure }: ForgeryOptions,
): Readonly<Record<string, string>> => {
  const { header, payload, signature } = partsOf(token)
  const alg = header['alg'] as Algorithm
  const { privateKey, publicKey: forgersKey } = ownPair(alg)
  const jwk = forgersKey.export({ format: 'jwk' })
  const mine = (change: Claims, claims: Claims = payload) =>
    signWith(alg, privateKey, { ...header, ...change }, claims)
  const issuersKey = createPublicKey({ key: publicKey, format: 'jwk' })
  const pem = issuersKey.export({ format: 'pem', type: 'spki' })
  const der = issuersKey.export({ format: 'der', type: 'spki' })
  const unsigned = (name: string) => `${encode({ ...header, alg: name })}.${encode(payload)}.`
  const { kid: _kid, ...anonymous } = header
  const [first = '', second = ''] = token.split('.')
  return {
    'alg: none': unsigned('none'),
    'alg: NoNe': unsigned('NoNe'),
    'alg: none, with the old signature': `${unsigned('none')}${signature}`,
    'HS256 with the public key (PEM)': hmacWith(pem, header, payload),
    'HS256 with the public key (DER)': hmacWith(der, header, payload),
    'HS256 with the public key (JWK)': hmacWith(JSON.stringify(publicKey), header, payload),
    'HS256 with nothing': hmacWith('', header, payload),
    'signed by a stranger under the known kid': mine({}),
    'unknown kid': mine({ kid: randomUUID() }),
    'no kid, signed by a stranger': signWith(alg, privateKey, anonymous, payload),
    'embedded jwk': mine({ jwk }),
    'embedded jwk and its kid': mine({ jwk: { ...jwk, kid: 'mine' }, kid: 'mine' }),
    'jku to a lure': mine({ jku: `${lure}/jku`, kid: randomUUID() }),
    'x5u to a lure': mine({ x5u: `${lure}/x5u`, kid: randomUUID() }),
    'a critical header that is not known': mine({ crit: ['vip'], vip: true }),
    'changed payload': `${first}.${encode(promoted(payload))}.${signature}`,
    'changed header': `${encode({ ...header, cty: 'x' })}.${second}.${signature}`,
    'no signature': `${first}.${second}.`,
    'half a signature': token.slice(0, -20),
    'two parts': `${first}.${second}`,
    'no JWT': 'operator',
    'a lure as issuer': mine({ kid: 'mine' }, { ...payload, iss: lure }),
  }
}
