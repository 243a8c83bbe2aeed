import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { checkpointChannelName, type Checkpoint } from '../../../src/platform/base/checkpoints.ts'
import { readConfig } from '../../../src/platform/base/config.ts'
import { urlVariable } from '../../../src/platform/base/variables.ts'
import { stopStages } from '../../../src/local/launcher/stop-order.ts'
import { serve } from '../../../src/platform/run-service.ts'
import { registry, servicesWithDatabase, type ServiceName } from '../../../src/registry.ts'
import { serviceLoaders } from '../../../src/service-loaders.ts'
import type { Ask } from '../../judge/access/ask.ts'
import { contentsOf, countActsIn, countOwedIn } from '../../judge/access/contents.ts'
import { createThings } from '../../judge/access/things.ts'
import type { Somebody, Watched, World } from '../../judge/access/world.ts'
import { whenFileEnds } from '../../lab/cleanup.ts'
import { createTestDatabase, type TestDatabase } from '../../lab/database.ts'
import { issuerVariables } from '../../lab/issuer.ts'
import { serviceKeyVariables } from '../../lab/service-keys.ts'
import { createLabTokens } from './lab-tokens.ts'

/**
 * The whole shop in this process, each service over its own database, so that the statements which
 * a request causes can be counted.
 */

/** Each after those that it calls. */
const startOrder = stopStages().flat().toReversed()

const variables = {
  LOG_LEVEL: 'silent',
  PORT: '0',
  ADMIN_PORT: '0',
  PASSWORD_MEMORY_KIB: '1024',
  SHUTDOWN_GRACE_MS: '1000',
  // A guard waits for this with a key that it does not know, and here many are unknown.
  KEY_COOLDOWN_MS: '1',
  // Nothing happens by itself while statements are counted.
  RECOVERY_INTERVAL_MS: '600000',
  KEY_POLL_MS: '600000',
  SIGN_IN_FAILURES_PER_NAME: '1000000',
  SIGN_IN_FAILURES_PER_ADDRESS: '1000000',
}

type Urls = Partial<Record<ServiceName, string>>

const openDatabases = async () => {
  const opened = servicesWithDatabase.map(
    async (name) => [name, await createTestDatabase(name)] as const,
  )
  return Object.fromEntries(await Promise.all(opened)) as Partial<Record<ServiceName, TestDatabase>>
}

const startServices = async () => {
  const urls: Urls = {}
  const databases = await openDatabases()
  for (const name of startOrder) {
    const { upstreams } = registry[name]
    const database = databases[name]
    const config = readConfig(name, {
      ...variables,
      ...(await issuerVariables()),
      ...serviceKeyVariables(name),
      ...Object.fromEntries(upstreams.map((to) => [urlVariable(to), urls[to]])),
      ...(database === undefined ? {} : { DATABASE_URL: database.url }),
    })
    const { port, stop } = await serve(config, await serviceLoaders[name]())
    whenFileEnds(stop)
    urls[name] = `http://127.0.0.1:${port}`
  }
  const sqls = Object.entries(databases).map(([name, { sql }]) => [name, sql] as const)
  return { urls, databases: Object.fromEntries(sqls) }
}

const isCheckpoint = (message: unknown): message is Checkpoint =>
  typeof message === 'object' && message !== null && 'phase' in message

/** They go by a clock of their own. */
const sweeps = new Set(['forget attempts', 'forget models', 'forget sessions'])

/** Every statement of every service passes a checkpoint. */
const watch = async <Result>(work: () => Promise<Result>): Promise<Watched<Result>> => {
  const statements: string[] = []
  const note = (message: unknown) => {
    if (!isCheckpoint(message)) return
    const { kind, phase, name } = message
    if (kind === 'statement' && phase === 'before' && !sweeps.has(name)) statements.push(name)
  }
  subscribe(checkpointChannelName, note)
  try {
    return { result: await work(), statements }
  } finally {
    unsubscribe(checkpointChannelName, note)
  }
}

/** Signs up, with money to spend. Roles are in tokens alone. */
const createPerson = (ask: Ask, urlOf: (service: ServiceName) => string) => {
  const post = async (url: string, path: string, body: object, token?: string) => {
    const headers = { 'content-type': 'application/json' }
    const wanted = { method: 'POST', path, body: JSON.stringify(body), headers }
    const bearer: Record<string, string> =
      token === undefined ? {} : { authorization: `Bearer ${token}` }
    const { status, text } = await ask(url, wanted, bearer)
    if (status > 201) throw new Error(`POST ${path} was answered ${status} ${text}`)
    return JSON.parse(text) as { readonly id: string }
  }
  return async (
    username: string,
    roles: readonly string[],
    tokenOf: World['tokens']['tokenOf'],
  ): Promise<Somebody> => {
    const email = `${username}@example.com`
    const password = 'seven blue herons'
    const { id } = await post(urlOf('user'), '/users', { username, email, password })
    const path = `/billing/accounts/${id}/deposit`
    await post(urlOf('billing'), path, { amount: 1_000_000_000 }, await tokenOf({ id, roles }))
    return { id, roles }
  }
}

export const openShop = async (ask: Ask, lure: string): Promise<World> => {
  const { urls, databases } = await startServices()
  const urlOf = (service: ServiceName): string => urls[service] ?? ''
  const tokens = await createLabTokens(lure)
  const { tokenOf } = tokens
  const make = createPerson(ask, urlOf)
  const people = {
    owner: await make('owner', [], tokenOf),
    stranger: await make('stranger', [], tokenOf),
    operator: await make('operator', ['operator'], tokenOf),
    teller: await make('teller', ['teller'], tokenOf),
  }
  return {
    doors: [
      { name: 'its own port', isGateway: false, urlOf },
      { name: 'the gateway', isGateway: true, urlOf: () => urlOf('gateway') },
    ],
    tokens,
    people,
    things: createThings({ ask, urlOf, tokenOf }),
    contents: () => contentsOf(databases),
    countOwed: () => countOwedIn(databases),
    countActs: (service) => countActsIn(databases, service),
    watch,
  }
}
