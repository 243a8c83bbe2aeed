/**
 * The map of the system: which services exist, where they listen by default,
 * whether they own a database, and whom they may call. Everything else that
 * needs to know (the launcher, the manifests, the architecture picture)
 * reads it from here.
 */
export const serviceNames = [
  'identity',
  'user',
  'billing',
  'order',
  'company',
  'booking',
  'notification',
  'gateway',
] as const

export type ServiceName = (typeof serviceNames)[number]

export interface ServiceEntry {
  /** Port when `PORT` does not say otherwise. */
  readonly defaultPort: number
  /** Owns a Postgres database of the same name. */
  readonly hasDatabase: boolean
  /** The only services it may call: its clients, its URLs, its network policy. */
  readonly upstreams: readonly ServiceName[]
  /** What it is for, in one line: used by start-up output and pictures. */
  readonly purpose: string
}

export const registry: Readonly<Record<ServiceName, ServiceEntry>> = {
  identity: {
    defaultPort: 8006,
    hasDatabase: true,
    upstreams: [],
    purpose: 'names, passwords, keys: an OpenID Connect issuer',
  },
  user: {
    defaultPort: 8001,
    hasDatabase: true,
    upstreams: ['identity', 'billing'],
    purpose: 'people who order',
  },
  billing: {
    defaultPort: 8002,
    hasDatabase: true,
    upstreams: ['notification'],
    purpose: 'accounts and money operations',
  },
  order: {
    defaultPort: 8003,
    hasDatabase: true,
    upstreams: ['user', 'billing', 'notification'],
    purpose: 'orders; orchestrates payment, then the letter',
  },
  company: {
    defaultPort: 8007,
    hasDatabase: true,
    upstreams: ['user'],
    purpose: 'companies, their managers, categories of what they offer',
  },
  booking: {
    defaultPort: 8008,
    hasDatabase: true,
    upstreams: ['company', 'billing', 'notification'],
    purpose: 'times to book; orchestrates payment, then letters',
  },
  notification: {
    defaultPort: 8004,
    hasDatabase: true,
    upstreams: [],
    purpose: 'letters',
  },
  gateway: {
    defaultPort: 8000,
    hasDatabase: false,
    upstreams: ['identity', 'user', 'billing', 'order', 'company', 'booking', 'notification'],
    purpose: 'the one public door: routing and Swagger UI',
  },
}

/** The gateway's metrics never appear on its public port: they are served here. */
export const defaultAdminPort = 8005

export const isServiceName = (value: string): value is ServiceName =>
  (serviceNames as readonly string[]).includes(value)

/**
 * The services that may call this one and say so by a signed token. The gateway is not among them:
 * it passes on what clients send, and has no identity of its own.
 */
export const callersOf = (service: ServiceName): readonly ServiceName[] =>
  serviceNames.filter(
    (caller) => caller !== 'gateway' && registry[caller].upstreams.includes(service),
  )

export const servicesWithDatabase = serviceNames.filter((name) => registry[name].hasDatabase)
