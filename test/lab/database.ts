import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { inject } from 'vitest'
import type { ServiceName } from '../../src/registry.ts'
import { whenFileEnds } from './cleanup.ts'
import { adminSql, freshDatabaseOf, type DatabaseAddresses } from './postgres.ts'

/** A fresh database, as its service, the owner of its tables and its administrator see it. */
export interface TestDatabase {
  readonly url: string
  /** As the owner: what is refused here is refused to everybody but a superuser. */
  readonly sql: postgres.Sql
  readonly asService: postgres.Sql
  readonly admin: postgres.Sql
  /** Ends the service's connections as a failing network would; says how many there were. */
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
  open(await freshDatabaseOf(service))

/** Not even migrated, with a role of its own that owns it and may do nothing else. */
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
