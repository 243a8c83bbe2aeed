import {
  ConfigError,
  currentEnvironment,
  migrationVariables,
  readVariables,
} from './platform/base/config.ts'
import { shortenDrizzleLoading } from './platform/database/module-loading.ts'
import { exitCodeOf, runService, startUpComplaint } from './platform/run-service.ts'
import type { Runtime, Service } from './platform/service.ts'
import { isServiceName, servicesWithDatabase, type ServiceName } from './registry.ts'

/**
 * The one entry: `main.ts` runs everything with its own Postgres, `main.ts order`
 * one service, `main.ts migrate order` that service's migrations. A service's
 * code is loaded only by the process that runs it.
 */
const loaders: Record<ServiceName, () => Promise<(runtime: Runtime) => Service>> = {
  identity: async () => (await import('./services/identity/service.ts')).createIdentityService,
  user: async () => (await import('./services/user/service.ts')).createUserService,
  billing: async () => (await import('./services/billing/service.ts')).createBillingService,
  order: async () => (await import('./services/order/service.ts')).createOrderService,
  notification: async () =>
    (await import('./services/notification/service.ts')).createNotificationService,
  gateway: async () => (await import('./services/gateway/service.ts')).createGatewayService,
}

const usage = `usage: main.ts                      everything, with its own Postgres
       main.ts <service>            one service: ${Object.keys(loaders).join(', ')}
       main.ts migrate <service>    one service's migrations: ${servicesWithDatabase.join(', ')}
       main.ts make-secrets         in a cluster: the Secrets of its namespace that are missing`

const migrateOne = async (name: string | undefined) => {
  const service = servicesWithDatabase.find((candidate) => candidate === name)
  if (service === undefined) throw new ConfigError(usage)
  const variables = readVariables(migrationVariables)
  const { migrateDatabase } = await import('./platform/database/migrate.ts')
  await migrateDatabase({
    url: variables.DATABASE_URL,
    ownerUrl: variables.OWNER_DATABASE_URL,
    service,
    statementTimeoutMs: variables.STATEMENT_TIMEOUT_MS,
  })
}

const makeSecrets = async () => {
  const { findApiServer } = await import('./cluster/api-server.ts')
  const { makeMissingSecrets } = await import('./cluster/make-secrets.ts')
  await makeMissingSecrets({ server: findApiServer(), say: (line) => console.log(line) })
}

const main = async ([command, argument]: readonly string[]) => {
  shortenDrizzleLoading()
  if (command === undefined) {
    const { startAll } = await import('./local/launcher/start-all.ts')
    return startAll(currentEnvironment())
  }
  if (command === 'migrate') return migrateOne(argument)
  if (command === 'make-secrets') return makeSecrets()
  if (!isServiceName(command)) throw new ConfigError(usage)
  return runService(command, await loaders[command]())
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(`orderly ${process.argv[2] ?? 'start'}: ${startUpComplaint(error)}`)
  process.exit(exitCodeOf(error))
})
