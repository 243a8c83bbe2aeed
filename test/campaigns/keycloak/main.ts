import { createAsk, type Ask } from '../../judge/access/ask.ts'
import { createLeaks } from '../../judge/access/leaks.ts'
import { accessRoutes } from '../../judge/access/routes.ts'
import { createWalk } from '../../judge/access/walk.ts'
import { createContractChecker, loadContracts } from '../../judge/contract-check.ts'
import { startLure } from '../../lab/lure.ts'
import type { OwnSystem } from '../../lab/system.ts'
import { createErrands } from './errands.ts'
import { startKeycloak, type Keycloak } from './keycloak.ts'
import { findKeycloak } from './program.ts'
import { asAnother, makeUser, realmOf } from './realm.ts'
import { createWorld, readLiveContracts, startShop } from './shop.ts'
import { createKeycloakTokens } from './tokens.ts'

/**
 * `npm run test:keycloak` runs the shop with a real Keycloak as its issuer, without identity: people
 * sign up by their tokens and order, keys are changed, and every route is called by everybody.
 */
const say = (line: string) => void process.stdout.write(`${line}\n`)
const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`

const realm = 'orderly'
/** Other people of the same names, and keys that nobody here knows. */
const otherRealm = 'elsewhere'

const users = {
  owner: makeUser('owner'),
  stranger: makeUser('stranger'),
  operator: makeUser('operator', 'operator'),
  teller: makeUser('teller', 'teller'),
}
const everybody = Object.values(users)

const runErrands = async (system: OwnSystem, keycloak: Keycloak, ask: Ask) => {
  const { signUp, order, rotate, remove } = createErrands({ system, ask, keycloak, realm })
  for (const user of everybody) await signUp(user)
  say(`${everybody.length} people signed up, each with the id of the token`)
  await order(users.owner)
  say('somebody signed in by code and PKCE, and an order was paid')
  const { keys, answered, token } = await rotate(users.owner)
  say(`${keys.length} new keys, each signing at once: ${answered} requests, none refused`)
  const refusedMs = await remove(users.owner, keys, token)
  say(`a removed key was refused after ${seconds(refusedMs)}`)
}

const walkAll = async (system: OwnSystem, keycloak: Keycloak, lure: string): Promise<string[]> => {
  const live = await readLiveContracts(system)
  const { ask, close } = createAsk(createContractChecker(live.folder))
  try {
    await runErrands(system, keycloak, ask)
    const routes = accessRoutes(loadContracts(live.folder))
    const tokens = createKeycloakTokens({ keycloak, realm, otherRealm, users: everybody, lure })
    const world = createWorld({ system, tokens, people: users, ask })
    const { walk } = createWalk(world, ask)
    let cells = 0
    const faults: string[] = []
    for (const route of routes) {
      const walked = await walk(route)
      cells += walked.cells
      faults.push(...walked.faults)
      say(
        `  ${route.name} is for ${route.access}: ${walked.cells} cells, ${walked.faults.length} faults`,
      )
    }
    const leaks = createLeaks({ world, ask, routes })
    faults.push(...(await leaks.cursors()).faults, ...(await leaks.keys()).faults)
    say(`the route matrix: ${routes.length} routes, ${cells} cells, ${faults.length} faults`)
    return faults
  } finally {
    await close()
    await live.remove()
  }
}

const main = async (): Promise<boolean> => {
  const script = await findKeycloak(say)
  const startMs = performance.now()
  say('starting Keycloak')
  const keycloak = await startKeycloak(script)
  const lure = await startLure()
  let system: OwnSystem | undefined
  try {
    await keycloak.makeRealm(realmOf(realm, everybody))
    await keycloak.makeRealm(realmOf(otherRealm, everybody.map(asAnother)))
    say(`Keycloak is ready after ${seconds(performance.now() - startMs)}; starting the shop`)
    system = await startShop(keycloak.issuerOf(realm))
    const faults = await walkAll(system, keycloak, lure.url)
    if (lure.asked() > 0) faults.push(`a token made somebody ask at its address for keys`)
    for (const fault of faults) say(`- ${fault}`)
    return faults.length === 0
  } catch (error) {
    for (const process of system?.processes ?? []) say(process.logs().slice(-2_000))
    throw error
  } finally {
    await system?.close()
    lure.close()
    await keycloak.stop()
  }
}

try {
  process.exitCode = (await main()) ? 0 : 1
} catch (error) {
  say((error as Error).message)
  process.exitCode = 1
}
