import { z } from 'zod'
import { callersOf, registry, type ServiceName } from '../../registry.ts'
import {
  ownVariables,
  publicKeysVariable,
  urlVariable,
  variablesOf,
  type OwnSettings,
  type Variables,
} from './variables.ts'

/**
 * The one place that reads environment variables. A service gets its settings
 * as a value; a wrong or missing variable is one clear line, not a stack trace.
 *
 * The same variable names work on a laptop and in Kubernetes: each process has
 * its own environment, so `PORT` is the port of that process.
 */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

export type Environment = Readonly<Record<string, string | undefined>>

export interface DatabaseConfig {
  readonly url: string
  readonly poolSize: number
  readonly statementTimeoutMs: number
  readonly prepare: boolean
}

export interface AccessConfig {
  /** The `iss` of every token of a person. */
  readonly issuer: string
  readonly isOwnIssuer: boolean
  /** Undefined: where the issuer's own description says. */
  readonly jwksUrl: string | undefined
  readonly rolesClaim: string
  readonly keyRefreshMs: number
  readonly keyCooldownMs: number
}

export interface TracingConfig {
  /** Where spans are handed over. */
  readonly endpoint: string
  readonly sampler: string
  readonly ratio: number
}

export interface Config {
  readonly service: ServiceName
  readonly host: string
  readonly port: number
  readonly adminPort: number | undefined
  readonly logLevel: string
  readonly publicHosts: readonly string[]
  /** Sites whose pages may use the API in a browser. Empty for the services behind the gateway. */
  readonly corsOrigins: readonly string[]
  readonly maxConcurrentRequests: number
  readonly maxConnections: number
  /** The most bytes that are kept for clients that have not sent all or not read all. */
  readonly maxKeptBytes: number
  /** The longest an answer waits for its client to read it. */
  readonly answerTimeoutMs: number
  /** The longest a request waits for other services before it answers 202. */
  readonly requestBudgetMs: number
  /** The longest one attempt at one call may take. */
  readonly callTimeoutMs: number
  /** The longest an answer waits for its letter; later, recovery delivers it. */
  readonly letterBudgetMs: number
  readonly shutdownGraceMs: number
  readonly drainDelayMs: number
  /** How long recovery leaves a row to the request that wrote it. */
  readonly leaseMs: number
  readonly recoveryIntervalMs: number
  readonly database: DatabaseConfig | undefined
  readonly upstreams: Readonly<Partial<Record<ServiceName, string>>>
  readonly publicUrl: string
  readonly access: AccessConfig
  /** The private key with which it shows other services who it is, if it calls any. */
  readonly serviceKey: string | undefined
  /** The public keys of the services that may call it. */
  readonly callerKeys: Readonly<Partial<Record<ServiceName, readonly string[]>>>
  /** Undefined: nobody collects traces. */
  readonly tracing: TracingConfig | undefined
  /** What only this service reads: see `ownSettings`. */
  readonly own: Readonly<Partial<OwnSettings>>
}

/** For code that passes the environment on, like the launcher. */
export const currentEnvironment = (): Environment => process.env

const withoutEmpty = (environment: Environment) =>
  Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))

/** Parses with a schema, or throws a ConfigError whose message a person can act on. */
export const readVariables = <Schema extends z.ZodType>(
  schema: Schema,
  environment: Environment = process.env,
): z.output<Schema> => {
  const parsed = schema.safeParse(withoutEmpty(environment))
  if (parsed.success) return parsed.data
  const complaints = parsed.error.issues.map((issue) => {
    const name = issue.path.join('.')
    const given = withoutEmpty(environment)[name]
    return given === undefined ? `${name} is missing` : `${name} ${issue.message}`
  })
  throw new ConfigError(`wrong configuration: ${complaints.join('; ')}`)
}

/** An issuer's name has no slash at its end, unless it says one itself. */
const withoutSlash = (url: string) => url.replace(/\/+$/, '')

const accessConfig = (values: Variables): AccessConfig => ({
  issuer: values.ISSUER_URL ?? `${withoutSlash(values.PUBLIC_URL)}/identity`,
  isOwnIssuer: values.ISSUER_URL === undefined,
  jwksUrl:
    values.JWKS_URL ??
    (values.ISSUER_URL === undefined
      ? `${withoutSlash(values.IDENTITY_URL)}/identity/jwks`
      : undefined),
  rolesClaim: values.ROLES_CLAIM,
  keyRefreshMs: values.KEY_REFRESH_MS,
  keyCooldownMs: values.KEY_COOLDOWN_MS,
})

const tracingConfig = (values: Variables): TracingConfig | undefined => {
  const collector = values.OTEL_EXPORTER_OTLP_ENDPOINT
  const endpoint =
    values.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ??
    (collector === undefined ? undefined : `${withoutSlash(collector)}/v1/traces`)
  if (endpoint === undefined) return undefined
  return { endpoint, sampler: values.OTEL_TRACES_SAMPLER, ratio: values.OTEL_TRACES_SAMPLER_ARG }
}

export const readConfig = (
  service: ServiceName,
  environment: Environment = process.env,
): Config => {
  const values = readVariables(variablesOf(service), environment) as unknown as Variables
  const { upstreams, hasDatabase } = registry[service]
  if (values.LEASE_MS <= values.REQUEST_BUDGET_MS + values.LETTER_BUDGET_MS) {
    throw new ConfigError(
      'wrong configuration: LEASE_MS must be longer than REQUEST_BUDGET_MS and LETTER_BUDGET_MS together, or recovery would interfere with live requests',
    )
  }
  return {
    service,
    host: values.HOST,
    port: values.PORT,
    adminPort: values.ADMIN_PORT,
    logLevel: values.LOG_LEVEL,
    publicHosts: values.PUBLIC_HOSTS,
    corsOrigins: values.CORS_ORIGINS ?? [],
    maxConcurrentRequests: values.MAX_CONCURRENT_REQUESTS,
    maxConnections: values.MAX_CONNECTIONS,
    maxKeptBytes: values.MAX_KEPT_BYTES,
    answerTimeoutMs: values.ANSWER_TIMEOUT_MS,
    requestBudgetMs: values.REQUEST_BUDGET_MS,
    callTimeoutMs: values.CALL_TIMEOUT_MS,
    letterBudgetMs: values.LETTER_BUDGET_MS,
    shutdownGraceMs: values.SHUTDOWN_GRACE_MS,
    drainDelayMs: values.DRAIN_DELAY_MS,
    leaseMs: values.LEASE_MS,
    recoveryIntervalMs: values.RECOVERY_INTERVAL_MS,
    database: hasDatabase
      ? {
          url: values.DATABASE_URL,
          poolSize: values.DATABASE_POOL_SIZE,
          statementTimeoutMs: values.STATEMENT_TIMEOUT_MS,
          prepare: values.DATABASE_PREPARE === 'true',
        }
      : undefined,
    upstreams: Object.fromEntries(
      upstreams.map((name) => [name, values[urlVariable(name) as `${string}_URL`]]),
    ),
    publicUrl: withoutSlash(values.PUBLIC_URL),
    access: accessConfig(values),
    serviceKey: values.SERVICE_KEY,
    callerKeys: Object.fromEntries(
      callersOf(service).map((caller) => [
        caller,
        values[publicKeysVariable(caller) as `${string}_PUBLIC_KEYS`] ?? [],
      ]),
    ),
    tracing: tracingConfig(values),
    own: { [service]: readVariables(z.object(ownVariables[service]), environment) },
  }
}

/** The settings that only one service has. */
export const ownSettings = <Name extends ServiceName>(
  { own }: Pick<Config, 'own'>,
  service: Name,
): OwnSettings[Name] => {
  const settings: Config['own'][Name] = own[service]
  if (settings === undefined) throw new Error(`these are not the settings of ${service}`)
  return settings
}
