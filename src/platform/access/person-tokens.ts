import { hash as hashOf } from 'node:crypto'
import { errors, jwtVerify, type JWTPayload, type JWTVerifyResult } from 'jose'
import { v5 } from 'uuid'
import { operatorRole, type Person } from '../base/caller.ts'
import type { AccessConfig } from '../base/config.ts'
import { tokenIn } from './bearer.ts'
import { refuseToken } from './refusal.ts'
import type { IssuerKeys } from './issuer-keys.ts'

/** Every access token for us has this among its audiences. */
export const audience = 'orderly'

/** No others: `none` and shared secrets are not among them. */
const algorithms = ['EdDSA', 'Ed25519', 'ES256', 'RS256', 'PS256']

/** How far the clocks of two machines may differ. */
export const clockToleranceSeconds = 5

/** Far more people than use one process within the life of a token. */
const maxRemembered = 10_000

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/** The user's id is the subject. Another issuer may name people otherwise: then it is made from the name. */
const personId = (issuer: string, subject: string): string =>
  uuid.test(subject) ? subject.toLowerCase() : v5(subject, v5(issuer, v5.URL))

const claimAt = (payload: JWTPayload, path: string): unknown => {
  let value: unknown = payload
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Record<string, unknown>)[step]
  }
  return value
}

const rolesIn = (payload: JWTPayload, rolesClaim: string): string[] => {
  const claim = claimAt(payload, rolesClaim)
  return Array.isArray(claim) ? claim.filter((role) => typeof role === 'string') : []
}

const textClaims = (payload: JWTPayload): Pick<Person, 'email' | 'locale'> => {
  const { email, locale } = payload
  return {
    ...(typeof email === 'string' ? { email } : {}),
    ...(typeof locale === 'string' ? { locale } : {}),
  }
}

/** Claims that only tokens have which tell a client who signed in. */
const idTokenClaims = ['at_hash', 'c_hash', 's_hash', 'nonce'] as const

/**
 * An ID token is signed with the same key, and its audience is a client, which may be called as we
 * are. Keycloak says in a claim what a token is for, others leave it open.
 */
const isIdToken = (payload: JWTPayload): boolean => {
  const { typ = 'Bearer' } = payload
  return typ !== 'Bearer' || idTokenClaims.some((name) => payload[name] !== undefined)
}

/** Our own issuer marks access tokens as such (RFC 9068); others often say only that it is a JWT. */
const isAccessToken = ({ payload, protectedHeader }: JWTVerifyResult, isOwnIssuer: boolean) => {
  const { typ = 'jwt' } = protectedHeader
  const kind = typ.toLowerCase().replace(/^application\//, '')
  return kind === 'at+jwt' || (!isOwnIssuer && kind === 'jwt' && !isIdToken(payload))
}

const toPerson = (verified: JWTVerifyResult, access: AccessConfig): Person => {
  const { issuer, isOwnIssuer, rolesClaim } = access
  if (!isAccessToken(verified, isOwnIssuer)) throw refuseToken('This is no access token.')
  const { payload } = verified
  const { sub } = payload
  if (typeof sub !== 'string' || sub === '') throw refuseToken('The token names nobody.')
  const roles = rolesIn(payload, rolesClaim)
  return {
    id: personId(issuer, sub),
    roles,
    isOperator: roles.includes(operatorRole),
    ...textClaims(payload),
  }
}

type KeySource = Pick<IssuerKeys, 'find' | 'refresh'>

interface Remembered {
  readonly person: Person
  readonly untilMs: number
}

/**
 * Checks the tokens of people. A token that was good is remembered, by the hash of the header which
 * brought it, until it ends or until the issuer's keys change: a signature costs far more than all
 * else on the way of a request.
 */
export const createPersonTokens = (access: AccessConfig) => {
  const remembered = new Map<string, Remembered>()
  /** How often the keys have changed. */
  let changes = 0

  const remember = (hash: string, person: Person, untilMs: number) => {
    const [oldest] = remembered.keys()
    if (remembered.size >= maxRemembered && oldest !== undefined) remembered.delete(oldest)
    remembered.set(hash, { person, untilMs })
  }

  const verify = async (authorization: string, hash: string, keys: KeySource) => {
    const token = tokenIn(authorization)
    const changesBefore = changes
    try {
      const verified = await jwtVerify(token, keys.find, {
        issuer: access.issuer,
        audience,
        algorithms,
        clockTolerance: clockToleranceSeconds,
        requiredClaims: ['exp', 'sub'],
      })
      const person = toPerson(verified, access)
      const untilMs = ((verified.payload.exp ?? 0) + clockToleranceSeconds) * 1e3
      // Its key may have been withdrawn while it was checked.
      if (changes === changesBefore) remember(hash, person, untilMs)
      return person
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw refuseToken('The token has ended.')
      if (error instanceof errors.JOSEError) throw refuseToken('The token is not valid here.')
      throw error
    }
  }

  return {
    forget: () => {
      changes += 1
      remembered.clear()
    },
    /** Answers at once for a token that is remembered, if the keys are fresh enough. */
    personOf: (authorization: string, keys: KeySource): Person | Promise<Person> => {
      const hash = hashOf('sha256', authorization, 'base64')
      const recall = () => {
        const found = remembered.get(hash)
        if (found !== undefined && found.untilMs > Date.now()) return found.person
        remembered.delete(hash)
        return undefined
      }
      const refreshed = keys.refresh()
      if (refreshed === undefined) return recall() ?? verify(authorization, hash, keys)
      return refreshed.then(() => recall() ?? verify(authorization, hash, keys))
    },
  }
}
