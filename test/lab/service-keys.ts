import { createHash } from 'node:crypto'
import { publicKeysVariable } from '../../src/platform/base/variables.ts'
import { makeServiceKeys, readPrivateKey } from '../../src/platform/base/service-keys.ts'
import { callersOf, registry, type ServiceName } from '../../src/registry.ts'
import { nowSeconds, writeToken } from './tokens.ts'

/** The keys with which services show each other who calls, made for this process. */
const made = new Map<ServiceName, ReturnType<typeof makeServiceKeys>>()

const keysOf = (service: ServiceName) => {
  const keys = made.get(service) ?? makeServiceKeys()
  made.set(service, keys)
  return keys
}

/** What a service needs to call others, and to know who calls it. */
export const serviceKeyVariables = (service: ServiceName): Readonly<Record<string, string>> => {
  const isCaller = service !== 'gateway' && registry[service].upstreams.length > 0
  return {
    ...(isCaller ? { SERVICE_KEY: keysOf(service).privateKey } : {}),
    ...Object.fromEntries(
      callersOf(service).map((caller) => [publicKeysVariable(caller), keysOf(caller).publicKey]),
    ),
  }
}

const lifetimeS = 60

const keyIdOf = (publicKey: string) =>
  createHash('sha256').update(Buffer.from(publicKey, 'base64url')).digest('base64url').slice(0, 16)

/** The token that a service shows to another one. */
export const writeServiceToken = (caller: ServiceName, callee: ServiceName): string => {
  const { privateKey, publicKey } = keysOf(caller)
  const nowS = nowSeconds()
  return writeToken(
    { alg: 'EdDSA', typ: 'service+jwt', kid: keyIdOf(publicKey) },
    { iss: caller, aud: callee, iat: nowS, exp: nowS + lifetimeS },
    readPrivateKey(privateKey),
  )
}
