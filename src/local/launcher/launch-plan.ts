import { z } from 'zod'
import {
  ConfigError,
  readConfig,
  readVariables,
  urlVariable,
  variablesOf,
  wholeNumber,
  type Environment,
} from '../../platform/base/config.ts'
import {
  defaultAdminPort,
  registry,
  serviceNames,
  servicesWithDatabase,
  type ServiceName,
} from '../../registry.ts'
import { freePort, whyPortIsTaken } from '../postgres/free-port.ts'
import type { LogLimits } from './log-files.ts'
import { StartError } from '../postgres/start-error.ts'

/** `PORT` moves the public port, as everybody expects. Each other service has a variable of its own. */
export const portVariable = (service: ServiceName) =>
  service === 'gateway' ? 'PORT' : `${service.toUpperCase()}_PORT`

export const databaseVariable = (service: ServiceName) => `${service.toUpperCase()}_DATABASE_URL`

const portNumber = variablesOf('gateway').shape.PORT
// The shape depends on the service, which its type does not tell.
const shapeOfUser: unknown = variablesOf('user').shape
const postgresUrl = (shapeOfUser as { DATABASE_URL: z.ZodType<string> }).DATABASE_URL

const launchVariables = z.object({
  DATA_DIR: z.string().optional(),
  // Without its default: a user who sets a level wants to see it on the screen.
  LOG_LEVEL: variablesOf('gateway').shape.LOG_LEVEL.unwrap().optional(),
  HOST: variablesOf('gateway').shape.HOST,
  LOG_FILE_MAX_MB: wholeNumber(1, 10_000).default(16),
  LOG_FILES_KEPT: wholeNumber(0, 1_000).default(4),
  LOG_MAX_DAYS: wholeNumber(1, 10_000).default(14),
  DATABASE_URL: postgresUrl.optional(),
  ADMIN_PORT: portNumber.default(defaultAdminPort),
  ...Object.fromEntries(
    serviceNames.map((name) => [
      portVariable(name),
      portNumber.default(registry[name].defaultPort),
    ]),
  ),
  ...Object.fromEntries(
    servicesWithDatabase.map((name) => [databaseVariable(name), postgresUrl.optional()]),
  ),
})

export interface LaunchPlan {
  /** Where to listen. `reachableHost` is the address that answers on this machine. */
  readonly host: string
  readonly reachableHost: string
  readonly ports: Readonly<Record<ServiceName, number>>
  readonly adminPort: number
  readonly dataFolder: string | undefined
  /** Undefined when the user set none: then warnings and errors are shown. */
  readonly logLevel: string | undefined
  /** How much of each service's log is kept. */
  readonly logLimits: LogLimits
  /** Databases that are used as they are. */
  readonly givenDatabases: Partial<Record<ServiceName, string>>
  /** A Postgres on which the other databases are made. Undefined means an embedded one. */
  readonly adminUrl: string | undefined
}

const everywhere = new Set(['0.0.0.0', '::', '[::]'])

interface WantedPort {
  readonly name: string
  readonly variable: string
  readonly port: number
}

const refuseDoubles = (wanted: readonly WantedPort[]) => {
  for (const [index, { variable, port }] of wanted.entries()) {
    const other = wanted.slice(0, index).find((earlier) => earlier.port === port)
    if (other) {
      throw new ConfigError(
        `wrong configuration: ${other.variable} and ${variable} are both ${port}, and each needs a port of its own`,
      )
    }
  }
}

/** Reads the launcher's variables. A port of 0 becomes any free one. */
export const readPlan = async (environment: Environment): Promise<LaunchPlan> => {
  const values = readVariables(launchVariables, environment) as Record<string, string | number>
  const host = String(values['HOST'])
  const wanted: WantedPort[] = []
  for (const [name, variable] of [
    ...serviceNames.map((service) => [service, portVariable(service)] as const),
    ['gateway metrics', 'ADMIN_PORT'] as const,
  ]) {
    const port = Number(values[variable]) || (await freePort())
    wanted.push({ name, variable, port })
  }
  refuseDoubles(wanted)
  const portOf = (variable: string) =>
    wanted.find((entry) => entry.variable === variable)?.port as number
  const text = (variable: string) => values[variable] as string | undefined
  return {
    host,
    reachableHost: everywhere.has(host) ? '127.0.0.1' : host,
    ports: Object.fromEntries(
      serviceNames.map((service) => [service, portOf(portVariable(service))]),
    ) as Record<ServiceName, number>,
    adminPort: portOf('ADMIN_PORT'),
    dataFolder: text('DATA_DIR'),
    logLevel: text('LOG_LEVEL'),
    logLimits: {
      maxBytes: Number(values['LOG_FILE_MAX_MB']) * 1_000_000,
      filesKept: Number(values['LOG_FILES_KEPT']),
      maxAgeMs: Number(values['LOG_MAX_DAYS']) * 86_400_000,
    },
    givenDatabases: Object.fromEntries(
      servicesWithDatabase.flatMap((service) => {
        const url = text(databaseVariable(service))
        return url === undefined ? [] : [[service, url]]
      }),
    ),
    adminUrl: text('DATABASE_URL'),
  }
}

const portTroubles: Record<string, string> = {
  EADDRINUSE: 'is taken by another program',
  EACCES: 'may not be used by this user',
  EADDRNOTAVAIL: 'cannot be opened, because HOST is no address of this machine',
  ENOTFOUND: 'cannot be opened, because HOST is no address of this machine',
}

/** Runs before anything is started: else one of five services would report it. */
export const refuseTakenPorts = async ({ host, ports, adminPort }: LaunchPlan) => {
  const wanted: WantedPort[] = [
    ...serviceNames.map((name) => ({ name, variable: portVariable(name), port: ports[name] })),
    { name: 'gateway metrics', variable: 'ADMIN_PORT', port: adminPort },
  ]
  for (const { name, variable, port } of wanted) {
    const code = await whyPortIsTaken(port, host)
    if (code === undefined) continue
    const trouble = portTroubles[code] ?? `cannot be opened (${code})`
    const remedy =
      code.startsWith('EADDRNOT') || code === 'ENOTFOUND'
        ? 'set HOST to one, or leave it out'
        : `stop what uses it, or choose another with ${variable}, for example ${variable}=${port + 100} npm start`
    throw new StartError(`port ${port} (${name}) ${trouble}: ${remedy}`)
  }
}

/** Variables that the launcher reads and that would mean something else to a service. */
const launcherOnly = new Set([
  'DATA_DIR',
  'DATABASE_URL',
  'PORT',
  'ADMIN_PORT',
  'LOG_FILE_MAX_MB',
  'LOG_FILES_KEPT',
  'LOG_MAX_DAYS',
  ...serviceNames.flatMap((name) => [
    portVariable(name),
    databaseVariable(name),
    urlVariable(name),
  ]),
])

/** The environment of one service: its own variables, and ours without those of the launcher. */
export const serviceEnvironment = (
  service: ServiceName,
  plan: LaunchPlan,
  databaseUrl: string | undefined,
  environment: Environment,
): Record<string, string> => {
  const own: Record<string, string> = { HOST: plan.host, PORT: String(plan.ports[service]) }
  if (service === 'gateway') own['ADMIN_PORT'] = String(plan.adminPort)
  if (databaseUrl !== undefined) own['DATABASE_URL'] = databaseUrl
  for (const upstream of registry[service].upstreams) {
    own[urlVariable(upstream)] = `http://${plan.reachableHost}:${plan.ports[upstream]}`
  }
  const passedOn = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !launcherOnly.has(entry[0]),
  )
  return { ...Object.fromEntries(passedOn), ...own }
}

/** Finds wrong variables of the services before anything is started. */
export const checkServiceVariables = (plan: LaunchPlan, environment: Environment) => {
  for (const service of serviceNames) {
    const { hasDatabase } = registry[service]
    const placeholder = hasDatabase ? 'postgres://127.0.0.1/later' : undefined
    readConfig(service, serviceEnvironment(service, plan, placeholder, environment))
  }
}
