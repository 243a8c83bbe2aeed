import type { Sql } from 'postgres'
import { servicesWithDatabase, type ServiceName } from '../../../src/registry.ts'
import type { OwnPostgres } from '../../lab/own-postgres.ts'
import { tablesWithDue, watchedTables, type WatchedTable } from '../../lab/sagas.ts'
import { eventually } from '../../lab/wait.ts'

/**
 * Reads from the databases what no public answer tells: what services still owe, which edges the
 * states took, and under which keys money moved. It only reads, except that its own trigger notes
 * each edge.
 *
 * A system works on one run at a time. So everything that happens from the beginning of a watch is
 * the run's, whoever acts in it.
 */
export interface SeenEdge {
  readonly table: string
  readonly id: string
  readonly was: string
  readonly became: string
}

interface Keyed {
  readonly key: string
  readonly createdAt: Date
}

const watchedServices = [...new Set(watchedTables.map(({ service }) => service))]

const triggerText = ({ table, column }: WatchedTable) => `
create table if not exists witnessed (
  seq bigint generated always as identity, of text, id uuid, was text, became text);
create or replace function witness_${table}() returns trigger language plpgsql security definer as $$
begin
  insert into public.witnessed (of, id, was, became)
  values ('${table}', new.id, old.${column}, new.${column});
  return new;
end $$;
create trigger witness_${table} after update on ${table}
  for each row when (old.${column} is distinct from new.${column})
  execute function witness_${table}()`

export const installWitness = async ({ sql }: Pick<OwnPostgres, 'sql'>) => {
  for (const watched of watchedTables) await sql(watched.service).unsafe(triggerText(watched))
}

/** Postgres may be down now: the test wants that. */
const patience = { withinMs: 10_000, everyMs: 20 }

/** The driver does not know arrays here: it was told not to ask for the types. */
const idsIn = (keys: readonly string[]) =>
  `{${keys.map((key) => key.slice('saga:'.length)).join(',')}}`

/** Reads something of each, and joins the rows. */
const fromAll = async <Of, Row>(
  all: readonly Of[],
  read: (one: Of) => Promise<readonly Row[]>,
): Promise<Row[]> => (await Promise.all(all.map(read))).flat()

export const createWitness = ({ sql: sqlOf }: Pick<OwnPostgres, 'sql'>) => {
  const sagaTables = new Map<ServiceName, readonly string[]>()
  const on = <Result>(service: ServiceName, read: (sql: Sql) => Promise<Result>) =>
    eventually(() => read(sqlOf(service)), patience)
  const tablesOf = async (service: ServiceName) => {
    const known = sagaTables.get(service)
    if (known) return known
    const found = await on(service, tablesWithDue)
    sagaTables.set(service, found)
    return found
  }

  const owedNow = () =>
    fromAll(servicesWithDatabase, async (service) => {
      const tables = await tablesOf(service)
      if (tables.length === 0) return []
      const texts = tables.map(
        (table) => `select '${table} ' || id as row from ${table} where due_at is not null`,
      )
      const rows = await on(service, (sql) =>
        sql.unsafe<{ row: string }[]>(texts.join(' union all '), [], { prepare: true }),
      )
      return rows.map(({ row }) => row)
    })

  const lastSeq = async (service: ServiceName): Promise<number> => {
    const [last] = await on(
      service,
      (sql) => sql<{ seq: number }[]>`select coalesce(max(seq), 0)::int as seq from witnessed`,
    )
    return last?.seq ?? 0
  }

  /** From now on, what happens belongs to this watch; what was left before does not. */
  const watch = async () => {
    const before = new Set(await owedNow())
    const seqs = new Map(
      await Promise.all(
        watchedServices.map(async (service) => [service, await lastSeq(service)] as const),
      ),
    )
    const [now] = await on('billing', (sql) => sql<{ at: Date }[]>`select now() as at`)
    const since = now?.at ?? new Date(0)

    return {
      /** Returns what any service owes. */
      owed: async (): Promise<string[]> => (await owedNow()).filter((row) => !before.has(row)),

      edges: (): Promise<SeenEdge[]> =>
        fromAll(watchedServices, (service) =>
          on(
            service,
            (sql) =>
              sql<SeenEdge[]>`select of as table, id, was, became from witnessed
              where seq > ${seqs.get(service) ?? 0} order by seq`,
          ),
        ),

      /** Returns the withdrawals that sagas made, by their keys. */
      withdrawals: (): Promise<Keyed[]> =>
        on(
          'billing',
          (sql) =>
            sql<Keyed[]>`select key, created_at as "createdAt" from operations
            where created_at >= ${since} and kind = 'WITHDRAW' and status = 'DONE'
            and key like 'saga:%'`,
        ),

      /** Returns the rows that may have caused these withdrawals, by the same keys. */
      causes: (keys: readonly string[]): Promise<Keyed[]> =>
        fromAll(
          watchedTables.filter(({ takesMoney }) => takesMoney),
          ({ service, table }) =>
            on(
              service,
              (sql) =>
                sql<Keyed[]>`select 'saga:' || id as key, created_at as "createdAt"
                from ${sql(table)} where id = any(${idsIn(keys)}::uuid[])`,
            ),
        ),
    }
  }

  return {
    watch,

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
  }
}

export type Watch = Awaited<ReturnType<ReturnType<typeof createWitness>['watch']>>
