import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { errors, jwtVerify, SignJWT } from 'jose'
import { callersOf, type ServiceName } from '../../registry.ts'
import { readPrivateKey, readPublicKey } from '../base/service-keys.ts'
import { tokenIn } from './bearer.ts'
import { clockToleranceSeconds } from './person-tokens.ts'
import { refuseToken } from './refusal.ts'

/**
 * Services show each other who they are by a token that the caller signs. It is for one callee, and
 * it lives a minute, so that nobody has to withdraw one.
 */
const type = 'service+jwt'
const algorithm = 'EdDSA'
const lifeSeconds = 60
/** A signed token is used again for this long. */
const useMs = 30_000
const maxRemembered = 1_000

/** Tells two keys of one service apart. */
const keyId = (key: KeyObject): string =>
  createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest('base64url')
    .slice(0, 16)

interface Signed {
  readonly token: string
  readonly untilMs: number
}

/** Makes the tokens of one service for one callee. */
export const createServiceSigner = (
  caller: ServiceName,
  callee: ServiceName,
  privateKeyText: string,
) => {
  const privateKey = readPrivateKey(privateKeyText)
  const kid = keyId(createPublicKey(privateKey))
  let signed: Signed | undefined

  const sign = async (): Promise<string> => {
    const jwt = new SignJWT()
      .setProtectedHeader({ alg: algorithm, typ: type, kid })
      .setIssuer(caller)
      .setAudience(callee)
      .setIssuedAt()
      .setExpirationTime(`${lifeSeconds} s`)
    const token = `Bearer ${await jwt.sign(privateKey)}`
    signed = { token, untilMs: performance.now() + useMs }
    return token
  }

  /** The value of `Authorization`, at once while the last one still serves. */
  return (): string | Promise<string> =>
    signed !== undefined && performance.now() < signed.untilMs ? signed.token : sign()
}

interface KnownKey {
  readonly caller: ServiceName
  readonly key: KeyObject
}

type CallerKeys = Readonly<Partial<Record<ServiceName, readonly string[]>>>

/** Only those whom the registry lets call this service have keys here. */
const knownKeys = (callee: ServiceName, callerKeys: CallerKeys): ReadonlyMap<string, KnownKey> =>
  new Map(
    callersOf(callee).flatMap((caller) =>
      (callerKeys[caller] ?? []).map((text) => {
        const key = readPublicKey(text)
        return [keyId(key), { caller, key }] as const
      }),
    ),
  )

interface Remembered {
  readonly caller: ServiceName
  readonly untilMs: number
}

/** Checks the tokens that services show to `callee`. */
export const createServiceTokens = (callee: ServiceName, callerKeys: CallerKeys) => {
  const keys = knownKeys(callee, callerKeys)
  const remembered = new Map<string, Remembered>()

  const verify = async (authorization: string): Promise<ServiceName> => {
    const token = tokenIn(authorization)
    let known: KnownKey | undefined
    try {
      const { payload } = await jwtVerify(
        token,
        ({ kid }) => {
          known = keys.get(kid ?? '')
          if (known === undefined) throw new errors.JWKSNoMatchingKey()
          return known.key
        },
        {
          audience: callee,
          algorithms: [algorithm],
          typ: type,
          clockTolerance: clockToleranceSeconds,
          maxTokenAge: lifeSeconds,
          requiredClaims: ['exp', 'iss'],
        },
      )
      if (known === undefined || payload.iss !== known.caller) {
        throw refuseToken('The token names another service than its key.')
      }
      if (remembered.size >= maxRemembered) remembered.clear()
      const { exp = 0, iat = 0 } = payload
      const untilMs = Math.min(exp, iat + lifeSeconds) * 1e3
      remembered.set(authorization, { caller: known.caller, untilMs })
      return known.caller
    } catch (error) {
      if (error instanceof errors.JOSEError) throw refuseToken('This is no token of a caller.')
      throw error
    }
  }

  return {
    callerOf: (authorization: string): ServiceName | Promise<ServiceName> => {
      const found = remembered.get(authorization)
      if (found !== undefined && found.untilMs > Date.now()) return found.caller
      return verify(authorization)
    },
  }
}
