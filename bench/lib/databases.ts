import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type postgres from 'postgres'
import { projectFolder } from '../../src/local/postgres/data-folder.ts'
import type { DatabaseUrls } from '../../src/local/postgres/provision.ts'
import { servicesWithDatabase, type ServiceName } from '../../src/registry.ts'
import { makeDatabases, openPostgres } from '../../test/lab/own-postgres.ts'

const owners = servicesWithDatabase as readonly Exclude<ServiceName, 'gateway'>[]
type Owner = (typeof owners)[number]

export interface BenchDatabases {
  readonly name: string
  /** What the services get, each with its own role. */
  readonly urls: DatabaseUrls
  /** The administrator's connections, for seeding and checking. */
  readonly admin: Readonly<Record<Owner, postgres.Sql>>
}

export interface BareDatabase {
  readonly url: string
  readonly admin: postgres.Sql
}

const migrationFiles = async (service: ServiceName): Promise<string[]> => {
  const folder = path.join(projectFolder, 'src', 'services', service, 'migrations')
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(names.map((name) => readFile(path.join(folder, name), 'utf8')))
}

/**
 * The rival gets the same tables with all their indexes, checks and triggers,
 * but in one database, so that each of its clients needs one connection only.
 */
const createBareTables = async (admin: postgres.Sql) => {
  const services = ['billing', 'order', 'notification'] as const
  for (const service of services) {
    await admin.unsafe(`create schema "bare_${service}"`)
    await admin.unsafe(`set search_path = "bare_${service}"`)
    for (const text of await migrationFiles(service)) {
      await admin.unsafe(text.replaceAll('"public".', `"bare_${service}".`))
    }
  }
  const schemas = services.map((service) => `"bare_${service}"`).join(', ')
  await admin.unsafe(`set search_path = ${schemas}`)
  await admin.unsafe(`alter database bare set search_path = ${schemas}`)
  // The same as the services' roles have: commits are on disk, and no plan that was made for an
  // empty table is kept for a full one.
  await admin.unsafe('alter database bare set synchronous_commit = on')
  await admin.unsafe('alter database bare set enable_seqscan = off')
}

/** A Postgres of the bench's own, with the product's settings, in a temporary folder. */
export const startBenchPostgres = async () => {
  const postgres = await openPostgres()
  const [row] = await postgres.sql('postgres')<{ version: string }[]>`
    select current_setting('server_version') as version`
  return {
    ...postgres,
    version: row?.version ?? 'unknown',
    /** One set of the services' databases; several sets live on the same Postgres. */
    createSet: async (name: string): Promise<BenchDatabases> => {
      const { urls } = await makeDatabases(postgres, { set: name })
      const admin = owners.map((owner) => [owner, postgres.sql(`${owner}_${name}`)] as const)
      return { name, urls, admin: Object.fromEntries(admin) as BenchDatabases['admin'] }
    },
    createBare: async (): Promise<BareDatabase> => {
      await postgres.sql('postgres').unsafe('create database bare')
      const admin = postgres.sql('bare')
      await createBareTables(admin)
      const url = Object.assign(new URL(postgres.server().url), { pathname: '/bare' }).href
      return { url, admin }
    },
  }
}

export type BenchPostgres = Awaited<ReturnType<typeof startBenchPostgres>>
