import { registry, type ServiceName } from '../../src/registry.ts'
import { api } from './http.ts'
import { issuerVariables } from './issuer.ts'
import { serviceKeyVariables } from './service-keys.ts'
import { createSignIn } from './sign-in.ts'
import { settle, type Home } from './wallet.ts'

/**
 * How people and services show who they are in a system of processes. With identity, people sign up
 * and sign in there. Without it, the services trust the lab's own issuer.
 */
export interface Access {
  readonly hasIdentity: boolean
  readonly variablesOf: (service: ServiceName) => Readonly<Record<string, string>>
}

/** Passwords are cheap, keys change fast, and no load is taken for a guesser. */
const always = {
  PASSWORD_MEMORY_KIB: '1024',
  KEY_POLL_MS: '500',
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

/** The services that read the issuer's keys but do not call identity for anything else. */
export const readsKeysOnly = (service: ServiceName): boolean =>
  service !== 'identity' && !registry[service].upstreams.includes('identity')

/** Lets the tests' clients sign in here, when they ask something at one of these addresses. */
export const settleIn = (
  gatewayUrl: string,
  urls: readonly string[],
  operator: Home['operator'],
) => {
  const signIn = createSignIn(gatewayUrl)
  let someone: Promise<string> | undefined
  const signUp = async () => {
    const username = `somebody-${Date.now().toString(36)}`
    const made = await api(gatewayUrl).post('/users', {
      username,
      email: `${username}@example.org`,
    })
    return (made.body as { readonly id: string }).id
  }
  const somebody: Home['somebody'] = async (signal) => {
    const id = signIn.anyone() ?? (await (someone ??= signUp()))
    const token = await signIn.tokenOf(id, signal)
    if (token === undefined) throw new Error(`${id} cannot sign in`)
    return token
  }
  settle([gatewayUrl, ...urls], { signIn, operator, somebody })
}
