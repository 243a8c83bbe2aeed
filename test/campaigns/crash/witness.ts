import type { Sql } from 'postgres'
import { servicesWithDatabase, type ServiceName } from '../../../src/registry.ts'
import type { OwnPostgres } from '../../lab/own-postgres.ts'
import { eventually } from '../../lab/wait.ts'

/**
 * Reads from the databases what no public answer tells: what services still owe, which edges the
 * states took, and under which keys money moved. It only reads, except that its own trigger notes
 * each edge.
 */
export interface Edge {
  readonly table: string
  readonly id: string
  readonly was: string
  readonly became: string
}

export interface KeyedWithdrawal {
  readonly key: string
  readonly createdAt: Date
}

const statusColumns = [
  { service: 'user', table: 'users', column: 'account' },
  { service: 'order', table: 'orders', column: 'status' },
  { service: 'order', table: 'order_changes', column: 'status' },
] as const

const witnessText = (table: string, column: string) => `
create table if not exists witnessed (
  seq bigint generated always as identity, of text, id uuid, user_id uuid, was text, became text);
create or replace function witness_${table}() returns trigger language plpgsql security definer as $$
begin
  insert into public.witnessed (of, id, user_id, was, became)
  values ('${table}', new.id, ${table === 'users' ? 'new.id' : 'new.user_id'}, old.${column}, new.${column});
  return new;
end $$;
create trigger witness_${table} after update on ${table}
  for each row when (old.${column} is distinct from new.${column})
  execute function witness_${table}()`

export const installWitness = async ({ sql }: Pick<OwnPostgres, 'sql'>) => {
  for (const { service, table, column } of statusColumns) {
    await sql(service).unsafe(witnessText(table, column))
  }
}

/** Postgres may be down now: the test wants that. */
const patience = { withinMs: 10_000, everyMs: 20 }

/** Finds every table with a due date, so that nobody must add a new saga here. */
const findSagaTables = (sql: Sql) =>
  sql<{ name: string }[]>`
    select table_name as name from information_schema.columns
    where column_name = 'due_at' and table_schema = 'public'`

export const createWitness = ({ sql: sqlOf }: Pick<OwnPostgres, 'sql'>) => {
  const sagaTables = new Map<ServiceName, readonly string[]>()
  const on = <Result>(service: ServiceName, read: (sql: Sql) => Promise<Result>) =>
    eventually(() => read(sqlOf(service)), patience)
  const tablesOf = async (service: ServiceName) => {
    const known = sagaTables.get(service)
    if (known) return known
    const found = (await on(service, findSagaTables)).map(({ name }) => name)
    sagaTables.set(service, found)
    return found
  }

  return {
    /** Returns how many rows of a table recovery would find now. */
    countDue: async (service: ServiceName, table: string): Promise<number> => {
      const [row] = await on(
        service,
        (sql) =>
          sql<{ count: number }[]>`
          select count(*)::int as count from ${sql(table)} where due_at <= now()`,
      )
      return row?.count ?? 0
    },

    /** Returns what any service owes to a user. */
    owed: async (userId: string): Promise<string[]> => {
      const lists = await Promise.all(
        servicesWithDatabase.map(async (service) => {
          const tables = await tablesOf(service)
          const texts = tables.map(
            (table) => `select '${table} ' || id as row from ${table}
              where due_at is not null and ${table === 'users' ? 'id' : 'user_id'} = $1`,
          )
          if (texts.length === 0) return []
          return on(service, (sql) =>
            sql.unsafe<{ row: string }[]>(texts.join(' union all '), [userId], { prepare: true }),
          )
        }),
      )
      return lists.flat().map(({ row }) => row)
    },

    edges: async (userId: string): Promise<Edge[]> => {
      const lists = await Promise.all(
        [...new Set(statusColumns.map(({ service }) => service))].map((service) =>
          on(
            service,
            (sql) =>
              sql<Edge[]>`select of as table, id, was, became from witnessed
              where user_id = ${userId} order by seq`,
          ),
        ),
      )
      return lists.flat()
    },

    /** Returns the withdrawals that the order service made, by their keys. */
    withdrawals: (userId: string): Promise<KeyedWithdrawal[]> =>
      on(
        'billing',
        (sql) =>
          sql<KeyedWithdrawal[]>`
          select key, created_at as "createdAt" from operations
          where user_id = ${userId} and kind = 'WITHDRAW' and status = 'DONE'
          and key like 'saga:%'`,
      ),

    /** Returns the rows of the order service that may have caused a withdrawal. */
    causes: (userId: string): Promise<{ id: string; createdAt: Date }[]> =>
      on(
        'order',
        (sql) =>
          sql<{ id: string; createdAt: Date }[]>`
          select id, created_at as "createdAt" from orders where user_id = ${userId}
          union all
          select id, created_at from order_changes where user_id = ${userId}`,
      ),
  }
}
