import { setTimeout as sleep } from 'node:timers/promises'
import { keyFor, type PublishedKey } from '../../judge/access/forged.ts'
import { serviceTokens } from '../../judge/access/service-tokens.ts'
import type { Somebody, TokenSource } from '../../judge/access/world.ts'
import type { Keycloak } from './keycloak.ts'
import { clients, type RealmUser } from './realm.ts'

/** Real tokens: those of the realm that we trust, and those that Keycloak makes for others. */
export interface KeycloakTokensDeps {
  readonly keycloak: Keycloak
  readonly realm: string
  /** Another realm, with people of the same names. */
  readonly otherRealm: string
  readonly users: readonly RealmUser[]
  readonly lure: string
}

/** A token of the client for brief ones lives a second, and clocks may differ by five. */
const untilOverMs = 7_000

export const createKeycloakTokens = (deps: KeycloakTokensDeps): TokenSource => {
  const { keycloak, realm, otherRealm, users, lure } = deps
  const userOf = ({ id }: Somebody): RealmUser => {
    const found = users.find((user) => user.id === id)
    if (found === undefined) throw new Error(`${id} is not in the realm`)
    return found
  }
  return {
    lure,
    tokenOf: async (who) => (await keycloak.signIn(realm, userOf(who))).accessToken,
    wrongTokensOf: async (who) => {
      const user = userOf(who)
      const right = await keycloak.signIn(realm, user)
      const brief = await keycloak.signIn(realm, user, clients.brief)
      const elsewhere = await keycloak.signIn(realm, user, clients.elsewhere)
      const other = await keycloak.signIn(otherRealm, user)
      await sleep(untilOverMs)
      return {
        expired: brief.accessToken,
        'another audience': elsewhere.accessToken,
        'another issuer': other.accessToken,
        'an ID token': right.idToken,
        'a refresh token': right.refreshToken,
        'an ID token of another client': elsewhere.idToken,
      }
    },
    keyOf: async (token) => keyFor(token, (await keycloak.keysOf(realm)) as PublishedKey[]),
    ...serviceTokens,
  }
}
