import { z } from 'zod'
import { publicKeysVariable } from '../../platform/base/variables.ts'
import { isPrivateKey, isPublicKey, makeServiceKeys } from '../../platform/base/service-keys.ts'
import { callersOf, serviceNames, type ServiceName } from '../../registry.ts'
import { readIfThere, writePrivate, type DataFolder } from '../postgres/data-folder.ts'
import { StartError } from '../postgres/start-error.ts'

/**
 * By these keys the services know each other. They are made at the first start and kept in the
 * data folder. Each process gets its own private key, and the public keys of those who may call it.
 */
const keyPair = z.object({
  privateKey: z.string().refine(isPrivateKey),
  publicKey: z.string().refine(isPublicKey),
})

export type ServiceKeys = Readonly<Partial<Record<ServiceName, z.output<typeof keyPair>>>>

/** Those who call others and have to say who they are. */
const signers = serviceNames.filter((name) =>
  serviceNames.some((called) => callersOf(called).includes(name)),
)

export const makeKeys = (): ServiceKeys =>
  Object.fromEntries(signers.map((name) => [name, makeServiceKeys()]))

const parse = (text: string): ServiceKeys | undefined => {
  try {
    return z.record(z.string(), keyPair).parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** The keys of this data folder. A service that is new since the last start gets one, too. */
export const keptServiceKeys = (data: DataFolder): ServiceKeys => {
  const file = data.file('service-keys.json')
  const text = readIfThere(file)
  const kept = text === undefined ? {} : parse(text)
  if (kept === undefined) {
    throw new StartError(`${file} is damaged: remove it, and the services get new keys`)
  }
  if (signers.every((name) => kept[name] !== undefined)) return kept
  const keys = { ...makeKeys(), ...kept }
  writePrivate(file, `${JSON.stringify(keys, undefined, 2)}\n`)
  return keys
}

/** What one process is told of the keys, and no other. */
export const keyVariables = (service: ServiceName, keys: ServiceKeys): Record<string, string> => {
  const variables: Record<string, string> = {}
  const own = keys[service]
  if (own !== undefined) variables['SERVICE_KEY'] = own.privateKey
  for (const caller of callersOf(service)) {
    const key = keys[caller]
    if (key !== undefined) variables[publicKeysVariable(caller)] = key.publicKey
  }
  return variables
}
