import type postgres from 'postgres'
import type { ServiceName } from '../../../src/registry.ts'

/** What is in the tables of all services, for comparing it before and after. */
export type Databases = Readonly<Partial<Record<ServiceName, postgres.Sql>>>

const tablesOf = async (sql: postgres.Sql): Promise<string[]> => {
  const rows = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`
  return rows.map(({ name }) => name)
}

const digest = (table: string) =>
  `select '${table}' as name, count(*)::int as rows,
    md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as digest from "${table}" t`

/** One text that changes with every row of every table. */
export const contentsOf = async (databases: Databases): Promise<string> => {
  const all = Object.entries(databases).map(async ([service, sql]) => {
    const tables = await tablesOf(sql)
    return [service, await sql.unsafe(`${tables.map(digest).join(' union all ')} order by name`)]
  })
  return JSON.stringify(await Promise.all(all))
}

/** How many rows owe something that is still to be done: it changes tables, whoever comes meanwhile. */
export const countOwedIn = async (databases: Databases): Promise<number> => {
  const all = Object.values(databases).map(async (sql) => {
    const tables = await sql<{ name: string }[]>`
      select table_name as name from information_schema.columns
      where table_schema = 'public' and column_name = 'due_at'`
    const counts = tables.map(async ({ name }) => {
      const [row] = await sql.unsafe<{ count: number }[]>(
        `select count(*)::int from "${name}" where due_at is not null`,
      )
      return row?.count ?? 0
    })
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0)
  })
  return (await Promise.all(all)).reduce((sum, count) => sum + count, 0)
}

export const countActsIn = async (databases: Databases, service: ServiceName): Promise<number> => {
  const sql = databases[service]
  if (sql === undefined) return 0
  const rows = await sql<{ count: number }[]>`select count(*)::int from operator_acts`
  return rows[0]?.count ?? 0
}
