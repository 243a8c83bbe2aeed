import { setTimeout as sleep } from 'node:timers/promises'
import { servicesWithDatabase, type ServiceName } from '../../src/registry.ts'
import type { OwnPostgres } from '../lab/own-postgres.ts'
import { tablesWithDue } from '../lab/sagas.ts'
import { sagaTables, type PayingRow } from './audit-sagas.ts'

/**
 * Asks the tables what the invariants ask from outside: tens of thousands of orders are too many to
 * read through the API.
 */
export const tables: Readonly<Partial<Record<ServiceName, readonly string[]>>> = {
  identity: ['logins'],
  user: ['users'],
  billing: ['accounts', 'operations', 'deposit_letters'],
  order: ['orders', 'order_changes'],
  company: ['companies', 'company_versions', 'memberships', 'categories', 'category_names'],
  booking: ['offers', 'offer_terms', 'bookings', 'booking_letters'],
  notification: ['letters'],
}

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

export const countDue = async ({ sql }: Sql): Promise<number> => {
  const counts = servicesWithDatabase.map(async (service) => {
    const names = await tablesWithDue(sql(service))
    if (names.length === 0) return 0
    const texts = names.map(
      (name) => `select count(*)::int as due from ${name} where due_at is not null`,
    )
    const rows = await sql(service).unsafe<{ due: number }[]>(texts.join(' union all '))
    return rows.reduce((sum, { due }) => sum + due, 0)
  })
  return (await Promise.all(counts)).reduce((sum, due) => sum + due, 0)
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
  for (const { cause, sum } of await sql('billing').unsafe<{ cause: string; sum: string }[]>(`
    select coalesce(reference, key) as cause, -sum(effect) as sum from operations
    where coalesce(reference, key) like 'saga:%' group by 1`)) {
    moved.set(cause, Number(sum))
  }
  for (const { what, service, payingRows, misfits } of sagaTables) {
    for (const { id, status, isOpen, paid } of await sql(service).unsafe<PayingRow[]>(payingRows)) {
      const taken = moved.get(`saga:${id}`) ?? 0
      if (isOpen || taken !== Number(paid)) {
        faults.push(`${what} ${id} is ${status}, should have taken ${paid}, and took ${taken}`)
      }
      moved.delete(`saga:${id}`)
    }
    for (const row of misfits === undefined ? [] : await sql(service).unsafe(misfits)) {
      faults.push(`the rows of ${what} do not fit each other: ${JSON.stringify(row)}`)
    }
  }
  for (const [key, sum] of moved) {
    if (sum !== 0 && !hasStrangers) faults.push(`${sum} was taken under ${key}, which is no saga`)
  }
  const written = new Set(
    (await sql('notification').unsafe<KeyRow[]>('select key from letters')).map(({ key }) => key),
  )
  const owed = [
    ...(await sql('billing').unsafe<KeyRow[]>(depositLettersOwed)).map(({ key }) => key),
    ...(await Promise.all(sagaTables.map((saga) => saga.letterKeys({ sql })))).flat(),
  ]
  for (const key of owed) {
    if (!written.delete(key)) faults.push(`the letter ${key} was never written`)
  }
  if (hasStrangers) return faults
  return [...faults, ...[...written].map((key) => `nobody owed the letter ${key}`)]
}
