import { callersOf, serviceNames, type ServiceName } from '../../../src/registry.ts'
import { forgeries } from './forged.ts'
import type { Wanted } from './requests.ts'
import type { AccessRoute, AccessWord } from './routes.ts'
import { roleNames, type RoleName, type World } from './world.ts'

/** Everybody who may come to a route. */
export type Who =
  | { readonly kind: 'person'; readonly role: RoleName }
  | { readonly kind: 'service'; readonly service: ServiceName }
  /** Somebody whose token is worth nothing, or who has none. */
  | { readonly kind: 'nobody' }

export interface Caller {
  readonly name: string
  readonly who: Who
  /** A list sends the header several times. */
  readonly headers: Readonly<Record<string, string | string[]>>
  /** How their request differs from a plain one. */
  readonly twist?: (wanted: Wanted) => Wanted
  /** Its token was made by somebody who may not make one, or is not for this. */
  readonly isForged?: boolean
  /** They ask for what is not there. */
  readonly isLost?: boolean
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const nobody = (name: string, headers: Caller['headers']): Caller => ({
  name,
  who: { kind: 'nobody' },
  headers,
})

/** Headers with which other systems say who calls. Here they are worth nothing. */
const claimedBy = (id: string): Caller['headers'] => ({
  'x-user-id': id,
  'x-user': id,
  'x-forwarded-user': id,
  'x-remote-user': id,
  'x-roles': 'operator',
  'x-caller': 'order',
  'x-service': 'order',
  'x-client-address': '127.0.0.1',
  'x-forwarded-for': '127.0.0.1',
  cookie: `session=${id}`,
})

const withoutToken = (id: string, token: string): Caller[] => [
  nobody('no token', {}),
  nobody('headers that claim an identity', claimedBy(id)),
  nobody('an empty token', { authorization: 'Bearer ' }),
  nobody('another scheme', { authorization: `Basic ${token}` }),
  nobody('a token without its scheme', { authorization: token }),
  nobody('a token and more', { authorization: `Bearer ${token} ${token}` }),
  nobody('two tokens', { authorization: [`Bearer ${token}`, `Bearer ${token}`] }),
  nobody('a token in a cookie', { cookie: `access_token=${token}` }),
  nobody('a token of 12 KiB', bearer(`${token}${'A'.repeat(12_000)}`)),
]

const escaped = (text: string) => `%${text.charCodeAt(0).toString(16)}${text.slice(1)}`

/** The words of a path between its slashes. Its values stay as they are. */
const respell =
  (change: (word: string) => string) =>
  (wanted: Wanted): Wanted => ({
    ...wanted,
    path: wanted.path.replace(/^\/([^/?]+)/, (_whole, word: string) => `/${change(word)}`),
  })

const spelledOtherwise = (headers: Caller['headers']): Caller[] => {
  const spellings: Readonly<Record<string, (word: string) => string>> = {
    'an escaped letter': escaped,
    'a second slash': (word) => `/${word}`,
    capitals: (word) => word.toUpperCase(),
    'a parameter': (word) => `${word};x`,
  }
  return Object.entries(spellings).map(([name, change]) => ({
    ...nobody(`a path with ${name}`, headers),
    twist: respell(change),
    isLost: true,
  }))
}

const asHead = (caller: Caller): Caller => ({
  ...caller,
  name: `${caller.name}, HEAD`,
  twist: (wanted) => ({ ...wanted, method: 'HEAD' }),
})

const named = (prefix: string, tokens: Readonly<Record<string, string>>): Caller[] =>
  Object.entries(tokens).map(([name, token]) => ({
    ...nobody(`${prefix}: ${name}`, bearer(token)),
    isForged: true,
  }))

const once = <Key, Value>(make: (key: Key) => Value) => {
  const made = new Map<Key, Value>()
  return (key: Key): Value => {
    const known = made.get(key) ?? make(key)
    made.set(key, known)
    return known
  }
}

/** Tokens are made once and used on every route: a memory of verified tokens has to be right, too. */
export const createCallers = ({ tokens, people }: World) => {
  const { lure } = tokens
  const tokenOf = once((role: RoleName) => tokens.tokenOf(people[role]))

  const forgedPersons = once(async (role: RoleName): Promise<Caller[]> => {
    const token = await tokenOf(role)
    const publicKey = await tokens.keyOf(token)
    return [
      ...withoutToken(people[role].id, token),
      ...named(role, forgeries(token, { publicKey, lure })),
      ...named(role, await tokens.wrongTokensOf(people[role])),
    ]
  })

  const forgedServices = (from: ServiceName, to: ServiceName): Caller[] => [
    ...named(
      from,
      forgeries(tokens.serviceToken(from, to), { publicKey: tokens.serviceKey(from), lure }),
    ),
    ...named(from, tokens.wrongServiceTokens(from, to)),
  ]

  const services = (callee: ServiceName): Caller[] =>
    serviceNames.map((service) => ({
      name: `service ${service}`,
      who: { kind: 'service', service },
      headers: bearer(tokens.serviceToken(service, callee)),
    }))

  /** Forged tokens say that they are of somebody who would get in. */
  const pretendedRole = (access: AccessWord): RoleName =>
    access === 'operator' ? 'operator' : 'owner'

  return async (route: AccessRoute): Promise<Caller[]> => {
    const persons = roleNames.map(async (role): Promise<Caller> => ({
      name: role,
      who: { kind: 'person', role },
      headers: bearer(await tokenOf(role)),
    }))
    const [edge] = callersOf(route.service)
    const stranger = persons[1]
    const heads = [nobody('no token', {}), ...(stranger === undefined ? [] : [await stranger])]
    return [
      ...(route.method === 'GET' ? heads.map(asHead) : []),
      ...spelledOtherwise({}),
      ...(await forgedPersons(pretendedRole(route.access))),
      ...(edge === undefined ? [] : forgedServices(route.callers[0] ?? edge, route.service)),
      ...services(route.service),
      ...(await Promise.all(persons)),
    ]
  }
}
