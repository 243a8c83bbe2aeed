import { readConfig, type DatabaseConfig } from '../../src/platform/base/config.ts'
import { urlVariable } from '../../src/platform/base/variables.ts'
import { createDatabase, type Database } from '../../src/platform/database/db.ts'
import { serve } from '../../src/platform/run-service.ts'
import { uuidv7 } from '../../src/platform/base/ids.ts'
import type { Runtime } from '../../src/platform/service.ts'
import { createLog, createMetrics } from '../../src/platform/base/telemetry.ts'
import { registry, type ServiceName } from '../../src/registry.ts'
import { serviceLoaders } from '../../src/service-loaders.ts'
import { whenFileEnds } from './cleanup.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { api, type Api } from './http.ts'
import { issuerVariables } from './issuer.ts'
import { serviceKeyVariables } from './service-keys.ts'
import { startUpstream } from './upstream.ts'

/**
 * One service as its process would run it, over its own real database: the same configuration,
 * server, store and recovery, on a free port.
 */
export type ServiceWithDatabase = Exclude<ServiceName, 'gateway'>

export type Variables = Readonly<Record<string, string>>

export interface RunningService {
  readonly name: ServiceWithDatabase
  readonly url: string
  readonly api: Api
  readonly metrics: Runtime['metrics']
  /** Answers the open requests and ends, as on SIGTERM. Runs by itself when the test file ends. */
  readonly stop: () => Promise<void>
}

/** Nobody listens there, as if the upstream was never started. */
const nowhere = 'http://127.0.0.1:9'

/** Long enough for a busy machine: a test must not take a slow answer for a failure. */
const testVariables: Variables = {
  LOG_LEVEL: 'silent',
  PORT: '0',
  REQUEST_BUDGET_MS: '1500',
  CALL_TIMEOUT_MS: '1200',
  LETTER_BUDGET_MS: '1500',
  LEASE_MS: '3100',
  PASSWORD_MEMORY_KIB: '1024',
  RECOVERY_INTERVAL_MS: '100',
  SHUTDOWN_GRACE_MS: '5000',
}

/** For tests in which something fails on purpose, so that nobody waits long for it. */
export const shortBudgets: Variables = {
  REQUEST_BUDGET_MS: '400',
  CALL_TIMEOUT_MS: '200',
  LETTER_BUDGET_MS: '250',
  LEASE_MS: '700',
}

/** The same for tests that run side by side: they wait together, and take the processor from each other. */
export const sharedBudgets: Variables = {
  REQUEST_BUDGET_MS: '1000',
  CALL_TIMEOUT_MS: '500',
  LETTER_BUDGET_MS: '550',
  LEASE_MS: '1600',
}

/** For tests in which an attempt succeeds in the end: nobody waits until this time is over. */
export const patientBudgets: Variables = {
  ...sharedBudgets,
  REQUEST_BUDGET_MS: '5000',
  LEASE_MS: '5600',
}

/** A pool and a store's statements without a service around them. */
export const openTestDatabase = (
  service: ServiceWithDatabase,
  url: string,
  settings: Partial<DatabaseConfig> = {},
): Database => {
  const database = createDatabase({
    config: { url, poolSize: 4, statementTimeoutMs: 5_000, prepare: true, ...settings },
    log: createLog(service, 'silent'),
    metrics: createMetrics(service),
  })
  whenFileEnds(database.close)
  return database
}

/** Starts a replica of a service over a database that exists already. */
export const startService = async (
  name: ServiceWithDatabase,
  database: Pick<TestDatabase, 'url'>,
  variables: Variables = {},
): Promise<RunningService> => {
  const upstreams = registry[name].upstreams.map((to) => [urlVariable(to), nowhere])
  const config = readConfig(name, {
    ...testVariables,
    ...(await issuerVariables()),
    ...serviceKeyVariables(name),
    ...Object.fromEntries(upstreams),
    DATABASE_URL: database.url,
    ...variables,
  })
  const { metrics, port, stop: end } = await serve(config, await serviceLoaders[name]())
  const url = `http://127.0.0.1:${port}`
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= end())
  whenFileEnds(stop)
  return { name, url, api: api(url), metrics, stop }
}

/** Starts a service over a new database, and replicas of it when a test wants more. */
export const startWithDatabase = async (name: ServiceWithDatabase, variables: Variables = {}) => {
  const database = await createTestDatabase(name)
  const startReplica = (more: Variables = {}) =>
    startService(name, database, { ...variables, ...more })
  return { database, service: await startReplica(), startReplica }
}

/** Only notification. */
export const startNotification = async (variables: Variables = {}) => {
  const { database, service: notification } = await startWithDatabase('notification', variables)
  return { database, notification }
}

/** Billing with a real notification behind it, on a link that a test may break. */
export const startBilling = async (variables: Variables = {}) => {
  const letters = await startNotification()
  const toNotification = await startUpstream(letters.notification.url)
  const { service: billing, ...started } = await startWithDatabase('billing', {
    NOTIFICATION_URL: toNotification.url,
    ...variables,
  })
  return {
    ...started,
    billing,
    toNotification,
    notification: letters.notification,
    notificationDatabase: letters.database,
  }
}

/** A new account with this balance, and its owner. */
export const openAccount = async (
  billing: Pick<RunningService, 'api'>,
  balance = 0,
): Promise<string> => {
  const userId = uuidv7()
  await billing.api.post('/billing/accounts', { userId, email: `${userId}@example.com` })
  if (balance > 0) {
    await billing.api.post(`/billing/accounts/${userId}/deposit`, { amount: balance })
  }
  return userId
}

/** The real services behind user or order. Only user calls identity, so for order it does not run. */
export const startBehind = async (name: 'user' | 'order') => {
  const {
    billing,
    database: billingDatabase,
    notification,
    notificationDatabase,
  } = await startBilling()
  const logins = name === 'user' ? await startWithDatabase('identity', {}) : undefined
  return {
    billing,
    billingDatabase,
    notification,
    notificationDatabase,
    identity: logins?.service,
    identityDatabase: logins?.database,
  }
}

export type Behind = Awaited<ReturnType<typeof startBehind>>

/**
 * User or order with the real services behind it, on links that a test may break. The services
 * behind may serve several such systems: database and links are new all the same.
 */
export const startWithBilling = async (
  name: 'user' | 'order',
  variables: Variables = {},
  given?: Behind,
) => {
  const behind = given ?? (await startBehind(name))
  const { billing, billingDatabase, notification, notificationDatabase } = behind
  const { identity, identityDatabase } = behind
  const toBilling = await startUpstream(billing.url)
  const toNotification = await startUpstream(notification.url)
  const toIdentity = await startUpstream(identity?.url ?? nowhere)
  const upstreams = {
    IDENTITY_URL: toIdentity.url,
    BILLING_URL: toBilling.url,
    NOTIFICATION_URL: toNotification.url,
  }
  const started = await startWithDatabase(name, { ...upstreams, ...variables })
  return {
    ...started,
    billing,
    billingDatabase,
    notification,
    notificationDatabase,
    identity,
    identityDatabase,
    toIdentity,
    toBilling,
    toNotification,
  }
}

export type WithBilling = Awaited<ReturnType<typeof startWithBilling>>

/** Order with real users behind it, too. Their accounts open only when a test lets them. */
export const startWithUsers = async (variables: Variables = {}) => {
  const people = await startWithBilling('user', { ...variables, RECOVERY_INTERVAL_MS: '600000' })
  const toUser = await startUpstream(people.service.url)
  const toBilling = await startUpstream(people.billing.url)
  const toNotification = await startUpstream(people.notification.url)
  const started = await startWithDatabase('order', {
    USER_URL: toUser.url,
    BILLING_URL: toBilling.url,
    NOTIFICATION_URL: toNotification.url,
    ...variables,
  })
  return { ...started, people, toUser, toBilling, toNotification }
}

export type WithUsers = Awaited<ReturnType<typeof startWithUsers>>
