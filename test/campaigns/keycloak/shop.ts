import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { serviceNames, servicesWithDatabase, type ServiceName } from '../../../src/registry.ts'
import type { Ask } from '../../judge/access/ask.ts'
import { contentsOf, countActsIn, countOwedIn } from '../../judge/access/contents.ts'
import { createThings } from '../../judge/access/things.ts'
import type { TokenSource, World } from '../../judge/access/world.ts'
import { startOwnSystem, type OwnSystem } from '../../lab/system.ts'

/** The whole shop without identity: people are those of the realm. */
const services = serviceNames.filter((name) => name !== 'identity')
const withDatabase = servicesWithDatabase.filter((name) => name !== 'identity')

/** Short, so that a run is: a guard waits a cooldown with each key that it does not know. */
export const keyTimes = { refreshMs: 2_000, cooldownMs: 20 } as const

export const startShop = (issuer: string): Promise<OwnSystem> =>
  startOwnSystem({
    services,
    env: {
      ISSUER_URL: issuer,
      // Empty: the issuer says itself where its keys are.
      JWKS_URL: '',
      ROLES_CLAIM: 'realm_access.roles',
      KEY_REFRESH_MS: keyTimes.refreshMs,
      KEY_COOLDOWN_MS: keyTimes.cooldownMs,
      // Nothing changes a table by itself while what somebody did to it is looked at.
      RECOVERY_INTERVAL_MS: 600_000,
    },
  })

/**
 * The contracts as the running services show them, in a folder: with an issuer of its own, signing
 * up is another route.
 */
export const readLiveContracts = async ({ urls }: OwnSystem) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'orderly-contracts-'))
  for (const service of withDatabase) {
    const document = await (await fetch(`${urls[service]}/openapi.json`)).text()
    // JSON is YAML.
    await writeFile(path.join(folder, `${service}.yaml`), document)
  }
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

export interface WorldDeps {
  readonly system: OwnSystem
  readonly tokens: TokenSource
  readonly people: World['people']
  readonly ask: Ask
}

export const createWorld = ({ system, tokens, people, ask }: WorldDeps): World => {
  const { urls, postgres } = system
  const urlOf = (service: ServiceName) => urls[service]
  const databases = Object.fromEntries(withDatabase.map((name) => [name, postgres.sql(name)]))
  return {
    doors: [
      { name: 'its own port', isGateway: false, urlOf },
      { name: 'the gateway', isGateway: true, urlOf: () => urls.gateway },
    ],
    tokens,
    people,
    things: createThings({ ask, urlOf, tokenOf: tokens.tokenOf }),
    contents: () => contentsOf(databases),
    countOwed: () => countOwedIn(databases),
    countActs: (service) => countActsIn(databases, service),
    // All of them have signed up before, and nobody can do so twice.
    isFine: ({ name }, { code }) => name === 'POST /users' && code === 'user-exists',
  }
}
