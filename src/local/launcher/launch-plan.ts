import { z } from 'zod'
import { ConfigError, readVariables, type Environment } from '../../platform/base/config.ts'
import { databaseVariable, variablesOf, wholeNumber } from '../../platform/base/variables.ts'
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

const portNumber = variablesOf('gateway').shape.PORT
// The shape depends on the service, which its type does not tell.
const shapeOfUser: unknown = variablesOf('user').shape
const postgresUrl = (shapeOfUser as { DATABASE_URL: z.ZodType<string> }).DATABASE_URL

const defaultLabPort = 8010

const launchVariables = z.object({
  // Without its default: a user who sets a level wants to see it on the screen.
  LOG_LEVEL: variablesOf('gateway').shape.LOG_LEVEL.unwrap().optional(),
  HOST: variablesOf('gateway').shape.HOST,
  // Without its default, which would not know the port.
  PUBLIC_URL: variablesOf('gateway').shape.PUBLIC_URL.unwrap().optional(),
  ISSUER_URL: variablesOf('gateway').shape.ISSUER_URL,
  LOG_FILE_MAX_MB: wholeNumber(1, 10_000).default(16),
  LOG_FILES_KEPT: wholeNumber(0, 1_000).default(4),
  LOG_MAX_DAYS: wholeNumber(1, 10_000).default(14),
  DATABASE_URL: postgresUrl.optional(),
  ADMIN_PORT: portNumber.default(defaultAdminPort),
  LAB_PORT: portNumber.default(defaultLabPort),
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

/** What `--lab` adds. */
export interface LabPlan {
  /** Where its page is. */
  readonly port: number
  /** Where the second process of order listens. */
  readonly secondOrderPort: number
}

export interface LaunchPlan {
  /** The services that are started, in the order of the registry. */
  readonly services: readonly ServiceName[]
  /** Another issuer of tokens, which takes the place of our own identity. */
  readonly otherIssuer: string | undefined
  /** Where people on this machine reach the gateway: part of what our own tokens say. */
  readonly publicUrl: string
  /** Where to listen. `reachableHost` is the address that answers on this machine. */
  readonly host: string
  readonly reachableHost: string
  readonly ports: Readonly<Record<ServiceName, number>>
  readonly adminPort: number
  /** Undefined when the user set none: then warnings and errors are shown. */
  readonly logLevel: string | undefined
  /** How much of each service's log is kept. */
  readonly logLimits: LogLimits
  /** Databases that are used as they are. */
  readonly givenDatabases: Partial<Record<ServiceName, string>>
  /** A Postgres on which the other databases are made. Undefined means an embedded one. */
  readonly adminUrl: string | undefined
  /** Undefined without the lab. */
  readonly lab: LabPlan | undefined
}

/** How people call a host. */
export const nameOf = (host: string) => (host === '127.0.0.1' ? 'localhost' : host)

const everywhere = new Set(['0.0.0.0', '::', '[::]'])

/** With another issuer our own has nothing to do: no process, no database, no port. */
const servicesWith = (otherIssuer: string | undefined) =>
  serviceNames.filter((name) => name !== 'identity' || otherIssuer === undefined)

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
export const readPlan = async (
  environment: Environment,
  { hasLab = false }: { readonly hasLab?: boolean } = {},
): Promise<LaunchPlan> => {
  const values = readVariables(launchVariables, environment) as Record<string, string | number>
  const text = (variable: string) => values[variable] as string | undefined
  const host = String(values['HOST'])
  const reachableHost = everywhere.has(host) ? '127.0.0.1' : host
  const otherIssuer = text('ISSUER_URL')
  const services = servicesWith(otherIssuer)
  const wanted: WantedPort[] = []
  for (const [name, variable] of [
    ...services.map((service) => [service, portVariable(service)] as const),
    ['gateway metrics', 'ADMIN_PORT'] as const,
    ...(hasLab ? [['lab', 'LAB_PORT'] as const] : []),
  ]) {
    const port = Number(values[variable]) || (await freePort())
    wanted.push({ name, variable, port })
  }
  refuseDoubles(wanted)
  const portOf = (variable: string) =>
    wanted.find((entry) => entry.variable === variable)?.port as number
  const ports = Object.fromEntries(
    services.map((service) => [service, portOf(portVariable(service))]),
  ) as Record<(typeof services)[number], number>
  return {
    services,
    otherIssuer,
    publicUrl: text('PUBLIC_URL') ?? `http://${nameOf(reachableHost)}:${ports.gateway}`,
    host,
    reachableHost,
    ports,
    adminPort: portOf('ADMIN_PORT'),
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
    lab: hasLab ? { port: portOf('LAB_PORT'), secondOrderPort: await freePort() } : undefined,
  }
}

const portTroubles: Record<string, string> = {
  EADDRINUSE: 'is taken by another program',
  EACCES: 'may not be used by this user',
  EADDRNOTAVAIL: 'cannot be opened, because HOST is no address of this machine',
  ENOTFOUND: 'cannot be opened, because HOST is no address of this machine',
}

/** Runs before anything is started: else one of the services would report it. */
export const refuseTakenPorts = async ({ services, host, ports, adminPort, lab }: LaunchPlan) => {
  const wanted: WantedPort[] = [
    ...services.map((name) => ({ name, variable: portVariable(name), port: ports[name] })),
    { name: 'gateway metrics', variable: 'ADMIN_PORT', port: adminPort },
    ...(lab ? [{ name: 'lab', variable: 'LAB_PORT', port: lab.port }] : []),
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
