import { z } from 'zod'
import {
  callersOf,
  defaultAdminPort,
  registry,
  servicesWithDatabase,
  type ServiceName,
} from '../../registry.ts'
import { isPrivateKey, isPublicKey } from './service-keys.ts'

/** The variables that are read, with what they may be and what they are when nothing is said. */

export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))

const port = wholeNumber(0, 65_535)
const durationMs = wholeNumber(1, 600_000)
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
/** Names without port, or origins, with commas between them. */
const listOf = (pattern: RegExp, error: string) =>
  z
    .string()
    .transform((list) => list.split(',').map((item) => item.trim().toLowerCase()))
    .refine((items) => items.every((item) => pattern.test(item)), error)
    .default([])

const hostNames = listOf(
  /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/,
  'must be names like shop.example.com, with commas between them',
)
const webOrigins = listOf(
  /^https?:\/\/[a-z0-9._-]+(:\d{1,5})?$/,
  'must be origins like https://shop.example.com, with commas between them',
)

const postgresUrl = z.url({
  protocol: /^postgres(ql)?$/,
  error: 'must look like postgres://user:password@host:5432/database',
})

const commonVariables = {
  HOST: z.string().min(1).default('127.0.0.1'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** Names by which it may be called, beside those of this machine. */
  PUBLIC_HOSTS: hostNames,
  MAX_CONCURRENT_REQUESTS: wholeNumber(1, 100_000).default(512),
  /** Above it the connection that was quiet for longest is closed. */
  MAX_CONNECTIONS: wholeNumber(16, 100_000).default(4_096),
  /** Half bodies, waiting requests and unread answers, all together. */
  MAX_KEPT_BYTES: wholeNumber(1_048_576, 999_999_999).default(16_777_216),
  ANSWER_TIMEOUT_MS: durationMs.default(30_000),
  REQUEST_BUDGET_MS: durationMs.default(2_000),
  CALL_TIMEOUT_MS: durationMs.default(1_000),
  LETTER_BUDGET_MS: durationMs.default(1_000),
  SHUTDOWN_GRACE_MS: durationMs.default(10_000),
  /** How long to go on serving after SIGTERM: 6,000 in Kubernetes, longer than callers keep connections. */
  DRAIN_DELAY_MS: wholeNumber(0, 600_000).default(0),
  LEASE_MS: durationMs.default(6_000),
  RECOVERY_INTERVAL_MS: durationMs.default(500),
}

/** Traces, by the names of OpenTelemetry. Headers and certificates the exporter reads itself. */
const tracingVariables = {
  /** Where the collector is; traces are collected when this or the next says so. */
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional(),
  /** The whole address for traces, when it is not the one above with /v1/traces. */
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: httpUrl.optional(),
  OTEL_TRACES_SAMPLER: z
    .enum([
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ])
    .default('parentbased_always_on'),
  /** The share of traces for a sampler with a ratio. */
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'must be a number from 0 to 1')
    .transform(Number)
    .default(1),
}

/** Who may issue the tokens of people, and where its keys are read. */
const accessVariables = {
  /** Where people reach the gateway: our own issuer is below it. */
  PUBLIC_URL: httpUrl.default(`http://localhost:${registry.gateway.defaultPort}`),
  /** Another issuer. Then our own does not run. */
  ISSUER_URL: httpUrl.optional(),
  /** Where the issuer's keys are read, when that is not where it says itself. */
  JWKS_URL: httpUrl.optional(),
  IDENTITY_URL: httpUrl.default(`http://127.0.0.1:${registry.identity.defaultPort}`),
  /** The claim that has the roles, with dots between the steps to it. */
  ROLES_CLAIM: z
    .string()
    .regex(/^[^\s.]+(\.[^\s.]+)*$/, 'must be a name like roles or realm_access.roles')
    .default('roles'),
  /** A key that the issuer has withdrawn is refused after twice this time at the latest. */
  KEY_REFRESH_MS: durationMs.default(30_000),
  /**
   * Keys that nobody knows are asked for no more often than this, and a token that may have a new
   * one waits so long: less than the gateway waits for a service.
   */
  KEY_COOLDOWN_MS: durationMs.default(2_000),
}

const serviceKey = z
  .string()
  .refine(isPrivateKey, 'must be an Ed25519 key as `node src/main.ts make-keys` prints it')

/** One key, or two while they are being changed. */
const publicKeys = z
  .string()
  .transform((list) => list.split(',').map((item) => item.trim()))
  .refine(
    (keys) => keys.length <= 2 && keys.every(isPublicKey),
    'must be one or two Ed25519 public keys, with a comma between them',
  )

/** The variable with the public keys of a service that calls. */
export const publicKeysVariable = (caller: ServiceName) => `${caller.toUpperCase()}_PUBLIC_KEYS`

const passwordVariables = {
  /** The memory that one guess costs. Less than the default only makes sense in tests. */
  PASSWORD_MEMORY_KIB: wholeNumber(1_024, 999_999).default(19_456),
}

/** What the server of the gateway reads, and that of no other service. */
const doorVariables = {
  ADMIN_PORT: port.default(defaultAdminPort),
  CORS_ORIGINS: webOrigins,
}

/** What only the code of one service reads. */
export const ownVariables = {
  identity: {
    ...passwordVariables,
    KEY_LIFETIME_HOURS: wholeNumber(1, 100_000).default(720),
    /** How long a new key is published before it signs: all who verify must know it by then. */
    KEY_LEAD_MS: wholeNumber(0, 86_400_000).default(120_000),
    /** How often each replica looks for changed keys. */
    KEY_POLL_MS: durationMs.default(5_000),
    SESSION_DAYS: wholeNumber(1, 3_650).default(30),
    SIGN_IN_FAILURES_PER_NAME: wholeNumber(1, 1_000_000).default(10),
    SIGN_IN_FAILURES_PER_ADDRESS: wholeNumber(1, 1_000_000).default(100),
    /** How many sign-ins and sign-outs on our pages an address may begin: each is a row. */
    SIGN_IN_PAGES_PER_ADDRESS: wholeNumber(1, 1_000_000).default(500),
    SIGN_IN_WINDOW_MS: wholeNumber(1_000, 86_400_000).default(900_000),
  },
  user: {
    ...passwordVariables,
    /** From one address; 0 means no limit. */
    SIGN_UPS_PER_HOUR: wholeNumber(0, 1_000_000).default(0),
  },
  billing: {
    /** Who may put money on an account: its owner, or only people with the role `teller`. */
    DEPOSITS_BY: z.enum(['owner', 'teller']).default('owner'),
  },
  order: {},
  company: {},
  booking: {
    /** How long a time is held for a booking that is not paid yet. Then it is open again. */
    HOLD_MS: durationMs.default(15_000),
    /** Until how long before the start a customer may cancel. */
    CANCEL_UNTIL_MINUTES: wholeNumber(0, 525_600).default(60),
  },
  notification: {},
  gateway: {
    /** How many proxies stand before it: by that the address of a client is found. */
    PROXY_HOPS: wholeNumber(0, 10).default(0),
    /** Where the lab of the launcher is, which sets this: pages lead there. */
    LAB_URL: z
      .url({
        protocol: /^http$/,
        hostname: /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/,
        error: 'must be an http:// address of this machine',
      })
      .optional(),
  },
} satisfies Record<ServiceName, z.ZodRawShape>

export type OwnSettings = {
  readonly [Name in ServiceName]: Readonly<z.output<z.ZodObject<(typeof ownVariables)[Name]>>>
}

/** Where the database of a service is, for what works with several of them. */
export const databaseVariable = (service: ServiceName) => `${service.toUpperCase()}_DATABASE_URL`

const databaseVariables = {
  DATABASE_URL: postgresUrl,
  STATEMENT_TIMEOUT_MS: durationMs.default(5_000),
}

/** The variables of a process that only migrates. */
export const migrationVariables = z.object({
  ...databaseVariables,
  /** The role that owns the tables, when DATABASE_URL names one that only works on them. */
  OWNER_DATABASE_URL: postgresUrl.optional(),
})

/** The variables of the audit: each database by the name of its service. */
export const auditVariables = z.object({
  LEASE_MS: commonVariables.LEASE_MS,
  ISSUER_URL: accessVariables.ISSUER_URL,
  ...Object.fromEntries(
    servicesWithDatabase.map((name) => [databaseVariable(name), postgresUrl.optional()]),
  ),
})

/** The variables of a command that changes the keys of our own issuer. */
export const rotationVariables = z.object({
  KEY_LEAD_MS: ownVariables.identity.KEY_LEAD_MS,
  KEY_POLL_MS: ownVariables.identity.KEY_POLL_MS,
})

/** The variables of a command that makes a password. */
export const newPasswordVariables = z.object(passwordVariables)

const serviceDatabaseVariables = {
  ...databaseVariables,
  DATABASE_POOL_SIZE: wholeNumber(1, 100).default(6),
  /** `false` behind a pooler that does not keep prepared statements. */
  DATABASE_PREPARE: z.enum(['true', 'false']).default('true'),
}

export const urlVariable = (service: ServiceName) => `${service.toUpperCase()}_URL`

/** The variables that one service reads, as a schema: also what the manifests are checked against. */
export const variablesOf = (service: ServiceName) => {
  const { defaultPort, hasDatabase, upstreams } = registry[service]
  const isCaller = service !== 'gateway' && upstreams.length > 0
  const callerVariables = Object.fromEntries(
    callersOf(service).map((caller) => [publicKeysVariable(caller), publicKeys]),
  )
  const upstreamVariables = Object.fromEntries(
    upstreams.map((name) => [
      urlVariable(name),
      httpUrl.default(`http://127.0.0.1:${registry[name].defaultPort}`),
    ]),
  )
  return z.object({
    ...commonVariables,
    PORT: port.default(defaultPort),
    ...(hasDatabase ? serviceDatabaseVariables : {}),
    ...upstreamVariables,
    ...accessVariables,
    ...tracingVariables,
    ...(isCaller ? { SERVICE_KEY: serviceKey } : {}),
    ...callerVariables,
    ...(service === 'gateway' ? doorVariables : {}),
    ...ownVariables[service],
  })
}

/** What a service's variables are once they are read. */
export type Variables = z.output<
  z.ZodObject<
    typeof commonVariables &
      typeof serviceDatabaseVariables &
      typeof accessVariables &
      typeof tracingVariables
  >
> & {
  readonly PORT: number
  readonly ADMIN_PORT?: number
  readonly CORS_ORIGINS?: readonly string[]
  readonly SERVICE_KEY?: string
} & Readonly<Record<`${string}_URL`, string>> &
  Readonly<Record<`${string}_PUBLIC_KEYS`, readonly string[]>>
