import postgres from 'postgres'
import { inject } from 'vitest'
import type { ServiceName } from '../../src/registry.ts'
import { whenFileEnds } from './cleanup.ts'
import type { AdministeredSystem, System } from './system.ts'

/** Lets the administrator look into the databases of a system on the Postgres that tests share. */
export const administered = (system: System): AdministeredSystem => {
  const connections = new Map<string, postgres.Sql>()
  const open = (database: string) => {
    const { pathname } = new URL(system.databases[database as ServiceName] as string)
    const { href } = Object.assign(new URL(inject('adminUrl')), { pathname })
    const sql = postgres(href, { max: 1, onnotice: () => {} })
    whenFileEnds(() => sql.end({ timeout: 1 }))
    connections.set(database, sql)
    return sql
  }
  return {
    ...system,
    postgres: { sql: (database) => connections.get(database) ?? open(database) },
  }
}
