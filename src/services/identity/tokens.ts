import { SignJWT } from 'jose'
import { audience } from '../../platform/access/person-tokens.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { accessTokenSeconds, type KeyRing } from './key-ring.ts'
import { signingAlgorithm } from './signing-keys.ts'
import type { LoginRow } from './store.ts'

/** The one client: our own pages, and scripts. */
export const clientId = 'orderly'

export const scopes = ['openid', 'email', 'profile', 'offline_access'] as const

/** What an access token says of its bearer, however it was asked for. */
export const claimsOf = ({ roles, email, locale }: LoginRow) => ({ roles, email, locale })

/** Makes access tokens (RFC 9068) outside of the code flow. */
export const createTokenMaker =
  (issuer: string, ring: Pick<KeyRing, 'known'>) =>
  (login: LoginRow): Promise<string> => {
    const { kid, signingKey } = ring.known()
    return new SignJWT({ ...claimsOf(login), client_id: clientId, scope: 'openid email profile' })
      .setProtectedHeader({ alg: signingAlgorithm, typ: 'at+jwt', kid })
      .setIssuer(issuer)
      .setSubject(login.id)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime(`${accessTokenSeconds} s`)
      .setJti(uuidv7())
      .sign(signingKey)
  }

export type TokenMaker = ReturnType<typeof createTokenMaker>
