import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'
import { provision, runtimeRoleOf } from '../../src/local/postgres/provision.ts'
import { migrateDatabase } from '../../src/platform/database/migrate.ts'
import type { ServiceName } from '../../src/registry.ts'
import { whenFileEnds } from './cleanup.ts'

export interface DatabaseAddresses {
  /** As the service gets it. */
  readonly url: string
  /** With the role that owns the tables. */
  readonly ownerUrl: string
}

/** A service's migrated database is made once per run; the tests get copies of it. */
const templateMark = 'ready to be copied'

let admin: postgres.Sql | undefined

/** The connection of this file as administrator of the tests' Postgres. */
export const adminSql = (): postgres.Sql => {
  if (admin) return admin
  const sql = postgres(inject('adminUrl'), { max: 4, onnotice: () => {}, prepare: false })
  admin = sql
  whenFileEnds(async () => {
    admin = undefined
    await sql.end({ timeout: 5 })
  })
  return sql
}

const isMarked = async (sql: postgres.Sql | postgres.ReservedSql, service: ServiceName) => {
  const rows = await sql`
    select from pg_database
    where datname = ${service} and shobj_description(oid, 'pg_database') = ${templateMark}`
  return rows.length > 0
}

/** Several test files may want the same template at once: one makes it, the others wait. */
const makeTemplate = async (service: ServiceName): Promise<DatabaseAddresses> => {
  const adminUrl = inject('adminUrl')
  const lock = await adminSql().reserve()
  try {
    await lock`select pg_advisory_lock(hashtext(${`template of ${service}`}))`
    // Idempotent; it also tells the address, which follows from the administrator's password.
    const made = await provision({ adminUrl, services: [service], secret: '', isOurServer: true })
    const url = made.urls[service] as string
    const ownerUrl = made.ownerUrls[service] as string
    if (!(await isMarked(lock, service))) {
      await migrateDatabase({ url, ownerUrl, service })
      await lock.unsafe(`comment on database "${service}" is '${templateMark}'`)
    }
    return { url, ownerUrl }
  } finally {
    await lock`select pg_advisory_unlock_all()`
    lock.release()
  }
}

const templates = new Map<ServiceName, Promise<DatabaseAddresses>>()

const templateOf = (service: ServiceName) => {
  const template = templates.get(service) ?? makeTemplate(service)
  templates.set(service, template)
  return template
}

/** The addresses of a new, migrated, empty database for that service. */
export const freshDatabaseOf = async (service: ServiceName): Promise<DatabaseAddresses> => {
  const template = await templateOf(service)
  const name = `${service}_${randomBytes(6).toString('hex')}`
  const sql = adminSql()
  await sql.unsafe(`create database "${name}" template "${service}" owner "${service}"`)
  whenFileEnds(() => sql.unsafe(`drop database if exists "${name}" with (force)`))
  await sql.unsafe(`revoke all on database "${name}" from public`)
  await sql.unsafe(`grant connect on database "${name}" to "${runtimeRoleOf(service)}"`)
  const inIt = (address: string) => Object.assign(new URL(address), { pathname: `/${name}` }).href
  return { url: inIt(template.url), ownerUrl: inIt(template.ownerUrl) }
}

/** Only as the service itself gets it. */
export const freshDatabase = async (service: ServiceName): Promise<string> =>
  (await freshDatabaseOf(service)).url
