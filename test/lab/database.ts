import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'
import { runtimeRoleOf } from '../../src/local/postgres/provision.ts'
import type { ServiceName } from '../../src/registry.ts'
import { whenFileEnds } from './cleanup.ts'

export interface DatabaseAddresses {
  /** The address that the service gets. */
  readonly url: string
  /** The address with the role that owns the tables. */
  readonly ownerUrl: string
}

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

/** A new, migrated, empty database for that service. */
export const freshDatabase = async (service: ServiceName): Promise<DatabaseAddresses> => {
  const { urls, ownerUrls } = inject('templates')
  const name = `${service}_${randomBytes(6).toString('hex')}`
  const sql = adminSql()
  await sql.unsafe(`create database "${name}" template "${service}" owner "${service}"`)
  whenFileEnds(() => sql.unsafe(`drop database if exists "${name}" with (force)`))
  await sql.unsafe(`revoke all on database "${name}" from public`)
  await sql.unsafe(`grant connect on database "${name}" to "${runtimeRoleOf(service)}"`)
  const inIt = (url = '') => Object.assign(new URL(url), { pathname: `/${name}` }).href
  return { url: inIt(urls[service]), ownerUrl: inIt(ownerUrls[service]) }
}

/** A new database, as its service, the owner of its tables and its administrator see it. */
export interface TestDatabase {
  readonly url: string
  /** As the owner: what it may not do, only a superuser may do. */
  readonly sql: postgres.Sql
  readonly asService: postgres.Sql
  readonly admin: postgres.Sql
  /** Ends the service's connections as a failing network would. Returns how many there were. */
  readonly killConnections: () => Promise<number>
}

const connect = (url: string, max: number) => {
  const sql = postgres(url, { max, onnotice: () => {}, connection: { application_name: 'test' } })
  whenFileEnds(() => sql.end({ timeout: 1 }))
  return sql
}

const open = ({ url, ownerUrl }: DatabaseAddresses): TestDatabase => {
  const { pathname } = new URL(url)
  const adminUrl = new URL(inject('adminUrl'))
  adminUrl.pathname = pathname
  const admin = connect(adminUrl.href, 2)
  const killConnections = async () => {
    const killed = await admin`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = ${pathname.slice(1)} and application_name = 'orderly'`
    return killed.length
  }
  return { url, sql: connect(ownerUrl, 4), asService: connect(url, 4), admin, killConnections }
}

/** Migrated and empty. */
export const createTestDatabase = async (service: ServiceName): Promise<TestDatabase> =>
  open(await freshDatabase(service))

/** Not migrated. Its own role owns it and may do nothing else. */
export const createEmptyDatabase = async (): Promise<TestDatabase> => {
  const name = `empty_${randomBytes(6).toString('hex')}`
  const password = randomBytes(12).toString('hex')
  const sql = adminSql()
  await sql.unsafe(`create role ${name} with login password '${password}'`)
  whenFileEnds(() => sql.unsafe(`drop role if exists ${name}`))
  await sql.unsafe(`create database ${name} owner ${name}`)
  whenFileEnds(() => sql.unsafe(`drop database if exists ${name} with (force)`))
  const url = new URL(inject('adminUrl'))
  url.pathname = `/${name}`
  url.username = name
  url.password = password
  return open({ url: url.href, ownerUrl: url.href })
}
