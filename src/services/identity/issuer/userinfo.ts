import { createLocalJWKSet, errors, jwtVerify } from 'jose'
import { audience } from '../../../platform/access/person-tokens.ts'
import type { Keys } from '../key-ring.ts'
import { signingAlgorithm } from '../signing-keys.ts'
import type { IdentityStore } from '../store.ts'

export interface UserinfoDeps {
  readonly issuer: string
  readonly store: Pick<IdentityStore, 'find'>
  readonly known: () => Keys
}

/**
 * What a token's bearer may know of themselves. oidc-provider has such a page too, but not for
 * tokens that are for an API, and all of ours are.
 */
export const createUserinfo = ({ issuer, store, known }: UserinfoDeps) => {
  const verify = async (token: string) => {
    try {
      const keys = createLocalJWKSet({ keys: [...known().published] })
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: [signingAlgorithm],
        typ: 'at+jwt',
      })
      return payload
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }

  /** Undefined: it is no token of ours, or it has ended. */
  return async (authorization: string | undefined) => {
    const [, token] = /^bearer +(\S+)$/i.exec(authorization ?? '') ?? []
    const payload = token === undefined ? undefined : await verify(token)
    const login = payload?.sub === undefined ? undefined : await store.find(payload.sub)
    if (payload === undefined || login === undefined) return undefined
    const { scope } = payload
    const granted = new Set(typeof scope === 'string' ? scope.split(' ') : [])
    return {
      sub: login.id,
      ...(granted.has('email') ? { email: login.email } : {}),
      ...(granted.has('profile')
        ? { locale: login.locale, preferred_username: login.username, roles: login.roles }
        : {}),
    }
  }
}
