import { createHmac } from 'node:crypto'
import postgres from 'postgres'
import { registry, type ServiceName } from '../../registry.ts'
import { StartError } from './start-error.ts'

export interface ProvisionOptions {
  /** A Postgres on which we may make roles and databases. Not a pooler: locks are held on it. */
  readonly adminUrl: string
  readonly services: readonly ServiceName[]
  /** A secret of this machine, used when the administrator's address has no password. */
  readonly secret: string
  /** The whole server is ours, so its other databases are closed to the services' roles as well. */
  readonly isOurServer: boolean
}

export type DatabaseUrls = Partial<Record<ServiceName, string>>

export interface ProvisionedDatabases {
  /** For the services: roles that work on the tables, and can neither change nor drop them. */
  readonly urls: DatabaseUrls
  /** For the migrations: roles that own the databases and their tables. */
  readonly ownerUrls: DatabaseUrls
}

/** The database and its owner are named like the service; this is the role of the service itself. */
export const runtimeRoleOf = (service: ServiceName) => `${service}_service`

/** Two launchers may share one Postgres. Any fixed number works if nobody else uses it. */
const lockNumber = 7_306_116_020n

/** Marks our own roles, so that we leave alone those of others. */
const mark = 'made by orderly'

/**
 * The roles' passwords follow from the administrator's, so they are the same at
 * every start, on every machine that uses this Postgres, and are stored nowhere.
 */
export const rolePassword = (secret: string, role: string) =>
  createHmac('sha256', secret).update(`orderly role ${role}`).digest('base64url')

const urlFor = (adminUrl: string, service: ServiceName, role: string, password: string): string => {
  const url = new URL(adminUrl)
  url.username = role
  url.password = password
  url.pathname = `/${service}`
  return url.href
}

type Sql = postgres.Sql

interface Found {
  /** The roles that are there, and were made by us. */
  readonly roles: ReadonlySet<string>
  readonly hasDatabase: boolean
}

const notOurs = (what: string, service: ServiceName) =>
  new StartError(
    `the Postgres of DATABASE_URL has a ${what}: set ${service.toUpperCase()}_DATABASE_URL and its siblings to databases made by hand, or use another Postgres`,
  )

/** Finds what is there already. Throws when it belongs to somebody else. */
const inspect = async (sql: Sql, service: ServiceName): Promise<Found> => {
  const roles = await sql<{ name: string; mark: string | null }[]>`
    select rolname as name, shobj_description(oid, 'pg_authid') as mark from pg_roles
    where rolname in ${sql([service, runtimeRoleOf(service)])}`
  for (const role of roles) {
    if (role.mark !== mark) throw notOurs(`role "${role.name}" that is not orderly's`, service)
  }
  const [database] = await sql<{ owner: string }[]>`
    select pg_get_userbyid(datdba) as owner from pg_database where datname = ${service}`
  if (database && database.owner !== service) {
    throw notOurs(`database "${service}" that belongs to ${database.owner}`, service)
  }
  return { roles: new Set(roles.map(({ name }) => name)), hasDatabase: database !== undefined }
}

const ensureRole = async (sql: Sql, role: string, { roles }: Found, password: string) => {
  // Utility statements take no parameters; the password is base64url and needs no escaping.
  const verb = roles.has(role) ? 'alter' : 'create'
  await sql.unsafe(`${verb} role "${role}" with login password '${password}'`)
  if (!roles.has(role)) await sql.unsafe(`comment on role "${role}" is '${mark}'`)
}

const ensureDatabase = async (sql: Sql, service: ServiceName, { hasDatabase }: Found) => {
  if (!hasDatabase) {
    // Without being a superuser, one must be a member of a role to give it a database.
    await sql.unsafe(`grant "${service}" to current_user`)
    await sql.unsafe(`create database "${service}" owner "${service}"`)
  }
  // Everybody may connect to a new database, unless told otherwise.
  await sql.unsafe(`revoke all on database "${service}" from public`)
  await sql.unsafe(`grant connect on database "${service}" to "${runtimeRoleOf(service)}"`)
}

const closeOtherDatabases = async (sql: Sql) => {
  await sql.unsafe('revoke all on database postgres from public')
  await sql.unsafe('revoke all on database template1 from public')
}

/** Explains errors of Postgres, or of the way to it, that the user can mend. */
const explain = (error: unknown, adminUrl: string): unknown => {
  const { code, message } = error as { code?: string; message: string }
  const { host } = new URL(adminUrl)
  const explanations: Record<string, string> = {
    '28P01': `the Postgres at ${host} refuses the user name or password of DATABASE_URL`,
    '28000': `the Postgres at ${host} refuses the user of DATABASE_URL: ${message}`,
    '3D000': `the database that DATABASE_URL names does not exist on ${host}`,
    '42501': `the user of DATABASE_URL may not make roles and databases on ${host}: ${message}`,
    '53100': `the disk of the Postgres at ${host} is full`,
    '53300': `the Postgres at ${host} has no connection left: ${message}`,
    '57P03': `the Postgres at ${host} is just starting or stopping: try again`,
  }
  const known = explanations[code ?? '']
  if (known) return new StartError(known)
  const isNetwork = /^(E[A-Z_]+|CONNECT_TIMEOUT|CONNECTION_)/.test(code ?? '')
  if (!isNetwork) return error
  return new StartError(`no Postgres answers at ${host} (${code}): start it, or mend DATABASE_URL`)
}

/** Makes one database and two roles for each service. No service reaches another's data. */
export const provision = async (options: ProvisionOptions): Promise<ProvisionedDatabases> => {
  const { adminUrl, services, isOurServer } = options
  const secret = decodeURIComponent(new URL(adminUrl).password) || options.secret
  const sql = postgres(adminUrl, {
    max: 1,
    connect_timeout: 5,
    onnotice: () => {},
    prepare: false,
    // The driver's own query for types fails without an error when the connection breaks meanwhile.
    fetch_types: false,
    connection: { application_name: 'orderly launcher' },
  })
  const urls: DatabaseUrls = {}
  const ownerUrls: DatabaseUrls = {}
  const ensureService = async (service: ServiceName, found: Found) => {
    const runtime = runtimeRoleOf(service)
    for (const role of [service, runtime]) {
      await ensureRole(sql, role, found, rolePassword(secret, role))
    }
    await ensureDatabase(sql, service, found)
    urls[service] = urlFor(adminUrl, service, runtime, rolePassword(secret, runtime))
    ownerUrls[service] = urlFor(adminUrl, service, service, rolePassword(secret, service))
  }
  try {
    await sql`select pg_advisory_lock(${lockNumber.toString()}::bigint)`
    const found = new Map<ServiceName, Found>()
    for (const service of services.filter((name) => registry[name].hasDatabase)) {
      found.set(service, await inspect(sql, service))
    }
    // Nothing is made before we know that nothing is in the way.
    for (const [service, present] of found) await ensureService(service, present)
    if (isOurServer) await closeOtherDatabases(sql)
    return { urls, ownerUrls }
  } catch (error) {
    throw explain(error, adminUrl)
  } finally {
    // The end of the connection releases the lock.
    await sql.end({ timeout: 1 })
  }
}
