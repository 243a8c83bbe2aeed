import { randomBytes } from 'node:crypto'
import { uuidv7 } from '../../../src/platform/base/ids.ts'

/**
 * What is told to Keycloak: a realm as its administrators would make it for this shop. The
 * documentation says the same in words (docs/kubernetes.md).
 */
export interface RealmUser {
  readonly id: string
  readonly username: string
  readonly password: string
  readonly roles: readonly string[]
}

export const makeUser = (username: string, ...roles: string[]): RealmUser => ({
  id: uuidv7(),
  username,
  password: randomBytes(18).toString('base64url'),
  roles,
})

/** Somebody of the same name and password in another realm. Keycloak gives no id twice. */
export const asAnother = (user: RealmUser): RealmUser => ({ ...user, id: uuidv7() })

/** Without it the audience of a token is `account`, or nothing. */
const audienceMapper = {
  name: 'audience orderly',
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: {
    'included.custom.audience': 'orderly',
    'access.token.claim': 'true',
    'id.token.claim': 'false',
  },
}

/** Where Swagger UI is told the code. */
export const redirectUri = 'http://localhost:8000/docs/oauth2-redirect.html'

interface ClientOptions {
  readonly attributes?: Readonly<Record<string, string>>
  readonly protocolMappers?: readonly object[]
}

const client = (clientId: string, options: ClientOptions = {}) => ({
  clientId,
  publicClient: true,
  standardFlowEnabled: true,
  // Only so that this program gets tokens without a browser.
  directAccessGrantsEnabled: true,
  redirectUris: [redirectUri],
  attributes: { 'pkce.code.challenge.method': 'S256', ...options.attributes },
  protocolMappers: options.protocolMappers ?? [audienceMapper],
})

/** The clients of the realm: one that is right, and three whose tokens must be refused. */
export const clients = {
  orderly: 'orderly',
  /** Its tokens are over after a second. */
  brief: 'orderly-brief',
  /** Its tokens are for somebody else. */
  elsewhere: 'elsewhere',
} as const

const userOf = ({ id, username, password, roles }: RealmUser) => ({
  id,
  username,
  enabled: true,
  email: `${username}@example.com`,
  emailVerified: true,
  firstName: 'A',
  lastName: 'Person',
  credentials: [{ type: 'password', value: password, temporary: false }],
  realmRoles: roles,
})

export const realmOf = (realm: string, users: readonly RealmUser[]) => ({
  realm,
  enabled: true,
  sslRequired: 'none',
  accessTokenLifespan: 1_200,
  roles: { realm: [{ name: 'operator' }, { name: 'teller' }] },
  clients: [
    client(clients.orderly),
    client(clients.brief, { attributes: { 'access.token.lifespan': '1' } }),
    client(clients.elsewhere, { protocolMappers: [] }),
  ],
  users: users.map(userOf),
})
