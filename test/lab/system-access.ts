import { randomBytes } from 'node:crypto'
import { createPasswords } from '../../src/platform/access/passwords.ts'
import { uuidv7 } from '../../src/platform/base/ids.ts'
import { registry, type ServiceName } from '../../src/registry.ts'
import { grantOperator } from '../../src/services/identity/commands.ts'
import { api } from './http.ts'
import { issuerVariables } from './issuer.ts'
import { serviceKeyVariables } from './service-keys.ts'
import { createSignIn, passwordOf, type Login } from './sign-in.ts'
import { settle } from './wallet.ts'

/**
 * How people and services show who they are in a system of processes. With identity, people sign up
 * and sign in there. Without it, the services trust the lab's own issuer.
 */
export interface Access {
  readonly hasIdentity: boolean
  readonly variablesOf: (service: ServiceName) => Readonly<Record<string, string>>
}

const passwordMemoryKib = 1_024

/** Passwords are cheap, and no load is taken for somebody who guesses. */
const always = {
  PASSWORD_MEMORY_KIB: String(passwordMemoryKib),
  SIGN_IN_FAILURES_PER_NAME: '1000000',
  SIGN_IN_FAILURES_PER_ADDRESS: '1000000',
}

export const openAccess = async (hasIdentity: boolean, gatewayUrl: string): Promise<Access> => {
  const issuer = hasIdentity ? { PUBLIC_URL: gatewayUrl } : await issuerVariables()
  return {
    hasIdentity,
    variablesOf: (service) => ({ ...always, ...issuer, ...serviceKeyVariables(service) }),
  }
}

/** The services that read the issuer's keys but do not call identity for anything else: itself, too. */
export const readsKeysOnly = (service: ServiceName): boolean =>
  !registry[service].upstreams.includes('identity')

/** Where identity is, past all links. */
export interface IdentityPlace {
  readonly url: () => string
  readonly database: string
}

/** Somebody who can sign in, but never signed up: so nothing in the other services changes. */
const makeLogin = async ({ url }: IdentityPlace, name: string): Promise<Login> => {
  const username = `${name}-${randomBytes(5).toString('hex')}`
  const password = passwordOf(username)
  const { status, text } = await api(url()).post('/identity/logins', {
    userId: uuidv7(),
    username,
    email: `${username}@example.org`,
    locale: 'en',
    passwordHash: await createPasswords({ memoryKib: passwordMemoryKib }).hash(password),
  })
  if (status !== 201) throw new Error(`the login of ${name} was answered ${status}: ${text}`)
  return { username, password }
}

export const makeOperator = async (place: IdentityPlace): Promise<Login> => {
  const login = await makeLogin(place, 'operator')
  await grantOperator(place.database, login.username)
  return login
}

/** Lets the tests' clients sign in here when they ask something at one of these addresses. */
export const settleIn = (gatewayUrl: string, urls: readonly string[], place: IdentityPlace) => {
  const insiders = createSignIn(gatewayUrl)
  const tokenOfNew = (name: string, make: () => Promise<Login>) => {
    let made: Promise<void> | undefined
    return async (signal: AbortSignal): Promise<string> => {
      made ??= make().then((login) => insiders.know(name, login))
      // Identity may have been away: the next one who asks tries again.
      made.catch(() => (made = undefined))
      await made
      return (await insiders.tokenOf(name, signal)) as string
    }
  }
  settle([gatewayUrl, ...urls], {
    signIn: createSignIn(gatewayUrl),
    operator: tokenOfNew('operator', () => makeOperator(place)),
    somebody: tokenOfNew('somebody', () => makeLogin(place, 'somebody')),
  })
}
