import { setTimeout as sleep } from 'node:timers/promises'
import { servicesWithDatabase, type ServiceName } from '../../src/registry.ts'
import type { OwnPostgres } from '../lab/own-postgres.ts'

/**
 * Asks the tables what the invariants ask from outside: tens of thousands of orders are too many to
 * read through the API.
 */
export const tables: Readonly<Partial<Record<ServiceName, readonly string[]>>> = {
  identity: ['logins'],
  user: ['users'],
  billing: ['accounts', 'operations', 'deposit_letters'],
  order: ['orders', 'order_changes'],
  notification: ['letters'],
}

const tablesWithDue = ['users', 'deposit_letters', 'orders', 'order_changes']

type Sql = Pick<OwnPostgres, 'sql'>

const eachTable = async <Result>(
  { sql }: Sql,
  look: (table: string, database: ReturnType<OwnPostgres['sql']>) => Promise<Result>,
) => {
  const found = new Map<string, Result>()
  for (const service of servicesWithDatabase) {
    for (const table of tables[service] ?? []) found.set(table, await look(table, sql(service)))
  }
  return found
}

export const countRows = (databases: Sql): Promise<Map<string, number>> =>
  eachTable(databases, async (table, sql) => {
    const [row] = await sql.unsafe(`select count(*)::int as count from ${table}`)
    return row?.['count'] as number
  })

/** Changes with every change of any row. */
export const fingerprint = async (databases: Sql): Promise<string> => {
  const found = await eachTable(databases, async (table, sql) => {
    const [row] = await sql.unsafe(
      `select count(*) as count, sum(hashtextextended(t::text, 0)) as sum from ${table} t`,
    )
    return `${table} ${row?.['count']} ${row?.['sum']}`
  })
  return [...found.values()].join('\n')
}

export const countDue = async (databases: Sql): Promise<number> => {
  const found = await eachTable(databases, async (table, sql) => {
    if (!tablesWithDue.includes(table)) return 0
    const [row] = await sql.unsafe(
      `select count(*)::int as due from ${table} where due_at is not null`,
    )
    return row?.['due'] as number
  })
  return [...found.values()].reduce((sum, due) => sum + due, 0)
}

/** Waits until nothing is undecided and no letter is owed. Returns how long that took. */
export const untilAtRest = async (databases: Sql, withinMs = 30_000): Promise<number> => {
  const startMs = performance.now()
  for (;;) {
    const due = await countDue(databases)
    const tookMs = performance.now() - startMs
    if (due === 0) return tookMs
    if (tookMs > withinMs)
      throw new Error(`${due} rows still wait for something after ${withinMs} ms`)
    await sleep(100)
  }
}

const faultyAccounts = `
  select a.user_id, a.balance, a.version, coalesce(sum(o.effect), 0) as sum, max(o.seq) as last
  from accounts a left join operations o using (user_id)
  group by a.user_id
  having a.balance <> coalesce(sum(o.effect), 0) or a.version <> coalesce(max(o.seq), 0)`

const negativePrefixes = `
  select user_id, seq, running from (
    select user_id, seq, balance_after, sum(effect) over (partition by user_id order by seq) as running
    from operations where seq is not null
  ) entries where running < 0 or running <> balance_after`

interface OrderRow {
  readonly id: string
  readonly status: string
  readonly reason: string | null
  readonly paid: string
}

const letterKeysOwed = `
  select id || ':' || case decision when 'APPROVED' then 'ORDER_APPROVED' else 'ORDER_REJECTED' end as key
  from orders where decision is not null and coalesce(reason, '') <> 'user-not-found'
  union all
  select id || ':' || case kind when 'CANCEL' then 'ORDER_CANCELLED' else 'ORDER_REPRICED' end
  from order_changes where status = 'DONE' and to_price is distinct from from_price`

const depositLettersOwed = `
  select id || ':DEPOSIT' as key from operations where kind = 'DEPOSIT' and status = 'DONE'`

interface KeyRow {
  readonly key: string
}

export interface AuditOptions {
  /** The test also calls the services behind the gateway, by routes that only services use. */
  readonly hasStrangers?: boolean
}

/** Returns what is wrong between the tables of the services. They must be at rest. */
export const auditFaults = async (
  { sql }: Sql,
  { hasStrangers = false }: AuditOptions = {},
): Promise<string[]> => {
  const faults: string[] = []
  for (const text of [faultyAccounts, negativePrefixes]) {
    for (const row of await sql('billing').unsafe(text)) {
      faults.push(`the account does not agree with its operations: ${JSON.stringify(row)}`)
    }
  }
  const moved = new Map<string, number>()
  for (const { order, sum } of await sql('billing').unsafe<{ order: string; sum: string }[]>(`
    select coalesce(reference, key) as order, -sum(effect) as sum from operations
    where coalesce(reference, key) like 'saga:%' group by 1`)) {
    moved.set(order, Number(sum))
  }
  const orders = await sql('order').unsafe<OrderRow[]>(
    "select id, status, reason, case status when 'APPROVED' then present_price else 0 end as paid from orders",
  )
  for (const { id, status, paid } of orders) {
    const taken = moved.get(`saga:${id}`) ?? 0
    if (status === 'PENDING' || taken !== Number(paid)) {
      faults.push(`order ${id} is ${status}, should have taken ${paid}, and took ${taken}`)
    }
    moved.delete(`saga:${id}`)
  }
  for (const [key, sum] of moved) {
    if (sum !== 0 && !hasStrangers) faults.push(`${sum} was taken under ${key}, which is no order`)
  }
  const written = new Set(
    (await sql('notification').unsafe<KeyRow[]>('select key from letters')).map(({ key }) => key),
  )
  const owed = [
    ...(await sql('order').unsafe<KeyRow[]>(letterKeysOwed)),
    ...(await sql('billing').unsafe<KeyRow[]>(depositLettersOwed)),
  ]
  for (const { key } of owed) {
    if (!written.delete(key)) faults.push(`the letter ${key} was never written`)
  }
  if (hasStrangers) return faults
  return [...faults, ...[...written].map((key) => `nobody owed the letter ${key}`)]
}
