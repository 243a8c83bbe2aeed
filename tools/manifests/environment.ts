import {
  migrationVariables,
  readConfig,
  readVariables,
  urlVariable,
  variablesOf,
  type Config,
} from '../../src/platform/base/config.ts'
import { registry, type ServiceName } from '../../src/registry.ts'
import type { Catalog, Container } from './catalog.ts'
import type { Manifest, Path } from './documents.ts'

/**
 * The environment that a container will see, worked out as Kubernetes does, and
 * whether it is one that config.ts understands: no variable that nobody reads,
 * no value that would be refused, nothing left to a default meant for laptops.
 */
interface Seen {
  readonly variables: Readonly<Record<string, string>>
  /** Where each variable is written, for messages. */
  readonly origins: Readonly<Record<string, string>>
  /** Variables that others are made of by `$(NAME)`. */
  readonly usedByOthers: ReadonlySet<string>
}

const reference = /\$\(([A-Z0-9_]+)\)/g

const decoded = (data: Readonly<Record<string, string>> | undefined) =>
  Object.fromEntries(
    Object.entries(data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString('utf8'),
    ]),
  )

export const environmentOf = (
  catalog: Catalog,
  manifest: Manifest,
  container: Container,
  path: Path,
): Seen => {
  const variables: Record<string, string> = {}
  const origins: Record<string, string> = {}
  const usedByOthers = new Set<string>()
  for (const [index, { configMapRef }] of (container.envFrom ?? []).entries()) {
    const map = catalog.find('ConfigMap', configMapRef?.name ?? '')
    const at = [...path, 'envFrom', index]
    catalog.check(Boolean(map), manifest, at, `there is no ConfigMap ${configMapRef?.name}`)
    for (const [key, value] of Object.entries(map?.value.data ?? {})) {
      variables[key] = value
      origins[key] = map?.at(['data', key]) ?? ''
    }
  }
  for (const [index, { name, value, valueFrom }] of (container.env ?? []).entries()) {
    const at = [...path, 'env', index]
    origins[name] = manifest.at(at)
    if (value !== undefined) {
      variables[name] = value.replaceAll(reference, (_, used: string) => {
        usedByOthers.add(used)
        const isKnown = variables[used] !== undefined
        catalog.check(
          isKnown,
          manifest,
          at,
          `${name} is made of ${used}, which is not set before it`,
        )
        return variables[used] ?? ''
      })
    }
    const { configMapKeyRef, secretKeyRef } = valueFrom ?? {}
    const source = configMapKeyRef ?? secretKeyRef
    if (!source) continue
    const kind = configMapKeyRef ? 'ConfigMap' : 'Secret'
    const found = configMapKeyRef
      ? catalog.find('ConfigMap', source.name ?? '')?.value.data
      : decoded(catalog.find('Secret', source.name ?? '')?.value.data)
    const key = found?.[source.key]
    catalog.check(key !== undefined, manifest, at, `${kind} ${source.name} has no ${source.key}`)
    if (key !== undefined) variables[name] = key
  }
  return { variables, origins, usedByOthers }
}

/** Read by Node itself: the authorities that a Postgres behind TLS is believed by. */
const readByNode = new Set(['NODE_EXTRA_CA_CERTS'])

const complainOfUnread = (catalog: Catalog, seen: Seen, known: object, who: string) => {
  for (const name of Object.keys(seen.variables)) {
    if (name in known || readByNode.has(name) || seen.usedByOthers.has(name)) continue
    catalog.problems.push(`${seen.origins[name]} ${who} reads no variable ${name}`)
  }
}

const refusalOf = (read: () => unknown): string | undefined => {
  try {
    read()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Defaults of config.ts that lead to this machine, where the others are not. */
const neededVariables = (service: ServiceName) => [
  'HOST',
  'PORT',
  'DRAIN_DELAY_MS',
  'SHUTDOWN_GRACE_MS',
  ...registry[service].upstreams.map(urlVariable),
  ...(registry[service].hasDatabase ? ['DATABASE_URL', 'DATABASE_POOL_SIZE'] : []),
  ...(service === 'gateway' ? ['ADMIN_PORT'] : []),
]

/** The role that owns a database is named like it; others who work on it have that as a prefix. */
const isRoleOf = (service: ServiceName, variable: DatabaseVariable, role: string) =>
  variable === 'OWNER_DATABASE_URL' ? role === service : role.startsWith(`${service}_`)

type DatabaseVariable = 'DATABASE_URL' | 'OWNER_DATABASE_URL'

const checkDatabaseUrl = (
  catalog: Catalog,
  service: ServiceName,
  variable: DatabaseVariable,
  { variables, origins }: Seen,
) => {
  const { [variable]: given } = variables
  if (given === undefined || !URL.canParse(given)) return
  const url = new URL(given)
  const at = origins[variable]
  const server = catalog.find('Service', url.hostname)?.value.spec
  const port = Number(url.port || 5432)
  if (!isRoleOf(service, variable, url.username) || url.pathname !== `/${service}`) {
    const role = variable === 'OWNER_DATABASE_URL' ? service : `a role ${service}_…`
    catalog.problems.push(`${at} ${variable} must name ${role} and the database ${service}`)
  }
  if (!server?.ports?.some((one) => one.port === port)) {
    catalog.problems.push(`${at} ${variable} leads to ${url.host}, which no Service is`)
  }
}

export const checkServiceEnvironment = (
  catalog: Catalog,
  service: ServiceName,
  manifest: Manifest,
  container: Container,
  path: Path,
): Config | undefined => {
  const seen = environmentOf(catalog, manifest, container, path)
  complainOfUnread(catalog, seen, variablesOf(service).shape, service)
  for (const name of neededVariables(service)) {
    const isSet = seen.variables[name] !== undefined
    catalog.check(isSet, manifest, path, `${service} needs the variable ${name}`)
  }
  for (const upstream of registry[service].upstreams) {
    const name = urlVariable(upstream)
    const expected = `http://${upstream}:${registry[upstream].defaultPort}`
    if (seen.variables[name] === undefined || seen.variables[name] === expected) continue
    catalog.problems.push(`${seen.origins[name]} ${name} must be ${expected}`)
  }
  if (registry[service].hasDatabase) checkDatabaseUrl(catalog, service, 'DATABASE_URL', seen)
  const refusal = refusalOf(() => readConfig(service, seen.variables))
  if (refusal === undefined) return readConfig(service, seen.variables)
  catalog.complain(manifest, path, `${service} would not start: ${refusal}`)
  return undefined
}

export const checkMigrationEnvironment = (
  catalog: Catalog,
  service: ServiceName,
  manifest: Manifest,
  container: Container,
  path: Path,
) => {
  const seen = environmentOf(catalog, manifest, container, path)
  complainOfUnread(catalog, seen, migrationVariables.shape, `migrate ${service}`)
  const needsOwner = seen.variables['OWNER_DATABASE_URL'] !== undefined
  catalog.check(needsOwner, manifest, path, 'migrations need the variable OWNER_DATABASE_URL')
  checkDatabaseUrl(catalog, service, 'DATABASE_URL', seen)
  checkDatabaseUrl(catalog, service, 'OWNER_DATABASE_URL', seen)
  const refusal = refusalOf(() => readVariables(migrationVariables, seen.variables))
  catalog.check(refusal === undefined, manifest, path, `migrations would not start: ${refusal}`)
}
