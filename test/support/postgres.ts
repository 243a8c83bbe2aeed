import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'
import { provision } from '../../src/dev/provision.ts'
import { migrateDatabase } from '../../src/platform/migrate.ts'
import type { ServiceName } from '../../src/registry.ts'
import { whenFileEnds } from './cleanup.ts'

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
const makeTemplate = async (service: ServiceName): Promise<string> => {
  const adminUrl = inject('adminUrl')
  const lock = await adminSql().reserve()
  try {
    await lock`select pg_advisory_lock(hashtext(${`template of ${service}`}))`
    // Idempotent; it also tells the address, which follows from the administrator's password.
    const urls = await provision({ adminUrl, services: [service], secret: '', isOurServer: true })
    const url = urls[service] as string
    if (!(await isMarked(lock, service))) {
      await migrateDatabase({ url, service })
      await lock.unsafe(`comment on database "${service}" is '${templateMark}'`)
    }
    return url
  } finally {
    await lock`select pg_advisory_unlock_all()`
    lock.release()
  }
}

const templates = new Map<ServiceName, Promise<string>>()

const templateOf = (service: ServiceName) => {
  const template = templates.get(service) ?? makeTemplate(service)
  templates.set(service, template)
  return template
}

/** The address of a new, migrated, empty database for that service, owned by its own role. */
export const freshDatabase = async (service: ServiceName): Promise<string> => {
  const url = new URL(await templateOf(service))
  const name = `${service}_${randomBytes(6).toString('hex')}`
  const sql = adminSql()
  await sql.unsafe(`create database "${name}" template "${service}" owner "${service}"`)
  whenFileEnds(() => sql.unsafe(`drop database if exists "${name}" with (force)`))
  await sql.unsafe(`revoke all on database "${name}" from public`)
  url.pathname = `/${name}`
  return url.href
}
