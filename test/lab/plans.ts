import { randomBytes } from 'node:crypto'
import { drizzle } from 'drizzle-orm/postgres-js'
import type postgres from 'postgres'
import type { Database } from '../../src/platform/database/db.ts'

/**
 * The statements of a store as they really are: the store uses a database that only writes down the
 * statements.
 */
export interface RecordedStatement {
  readonly name: string
  readonly text: string
  /** As the driver sends them: a batched statement has one, a JSON document of rows. */
  readonly parameters: readonly unknown[]
  /** How many rows its callers asked for in total. */
  readonly asked: number
  /** How many rows it says itself that it reads at most. */
  readonly mayRead?: number | undefined
}

type Written = Pick<RecordedStatement, 'name' | 'text'>

interface Batched {
  readonly text: string
  readonly items: object[]
}

/** `found` are the rows that a statement returns when another one follows from them. */
export const createRecorder = (found: Readonly<Record<string, readonly object[]>> = {}) => {
  const batched = new Map<string, Batched>()
  const recorded: RecordedStatement[] = []
  const reader = drizzle.mock()

  const database = {
    statement: ({ name, text }: Written) => {
      const items: object[] = []
      batched.set(name, { text, items })
      return async (item: object) => {
        items.push({ ord: items.length, ...item })
        return {}
      }
    },
    execute: async ({ name, text }: Written, items: readonly { maxRows?: number }[]) => {
      const asked = items[0]?.maxRows ?? items.length
      recorded.push({ name, text, parameters: [JSON.stringify(items)], asked })
      return found[name] ?? []
    },
    /** A statement that looks through lists says how much it may return, and perhaps read. */
    lookUp: async (
      { name, text }: Written,
      item: { readonly maxItems: number; readonly maxRead?: number },
    ) => {
      const parameters = [JSON.stringify([item])]
      recorded.push({ name, text, parameters, asked: item.maxItems, mayRead: item.maxRead })
      return []
    },
    read: async (
      name: string,
      build: (reader: unknown) => { toSQL: () => { sql: string; params: unknown[] } },
    ) => {
      const { sql, params } = build(reader).toSQL()
      // Every read of many rows gives a limit; a read by key wants one row.
      const limit = / limit \$\d+$/.test(sql) ? Number(params.at(-1)) : 1
      recorded.push({ name, text: sql, parameters: params, asked: limit })
      return []
    },
  }

  const unused = new Set<PropertyKey>()
  const statements = (): RecordedStatement[] => [
    ...recorded,
    ...[...batched].map(([name, { text, items }]) => ({
      name,
      text,
      parameters: [JSON.stringify(items)],
      asked: items.length,
    })),
  ]

  return {
    database: database as unknown as Database,
    /** The same store. It notes which of its functions a test uses. */
    watch: <Store extends object>(store: Store): Store => {
      for (const verb of Object.keys(store)) unused.add(verb)
      return new Proxy(store, {
        get: (target, verb) => {
          unused.delete(verb)
          return Reflect.get(target, verb)
        },
      })
    },
    /** Every statement that was used. A statement that was not used has no rows. */
    recording: () => ({ statements: statements(), unused: [...unused] }),
  }
}

export interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  readonly 'Recheck Cond'?: string
  readonly 'Actual Rows'?: number
  readonly 'Actual Loops'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Index Recheck'?: number
  readonly Plans?: readonly PlanNode[]
}

export type PlanMode = 'force_custom_plan' | 'force_generic_plan'

const literal = (value: unknown) =>
  typeof value === 'number' ? String(value) : `'${String(value).replaceAll("'", "''")}'`

class Undone extends Error {}

/**
 * Prepares and explains a statement as production runs it, and undoes its effect: with `analyze` it
 * really runs.
 */
export const explain = async (
  sql: postgres.Sql,
  { text, parameters }: RecordedStatement,
  { mode, analyze }: { readonly mode: PlanMode; readonly analyze: boolean },
): Promise<PlanNode> => {
  let plan: PlanNode | undefined
  // A prepared statement stays when a transaction fails.
  const name = `examined_${randomBytes(6).toString('hex')}`
  const values = parameters.length === 0 ? '' : `(${parameters.map(literal).join(', ')})`
  await sql
    .begin(async (transaction) => {
      await transaction.unsafe(`set local plan_cache_mode = ${mode}`)
      await transaction.unsafe(`prepare ${name} as ${text}`)
      const rows = await transaction.unsafe<{ 'QUERY PLAN': [{ Plan: PlanNode }] }[]>(
        `explain (${analyze ? 'analyze, timing off, ' : ''}format json) execute ${name} ${values}`,
      )
      plan = rows[0]?.['QUERY PLAN'][0].Plan
      await transaction.unsafe(`deallocate ${name}`)
      throw new Undone()
    })
    .catch((error: unknown) => {
      if (!(error instanceof Undone)) throw error
    })
  if (!plan) throw new Error('there is no plan')
  return plan
}

export const nodesOf = (plan: PlanNode): PlanNode[] => [
  plan,
  ...(plan.Plans ?? []).flatMap((child) => nodesOf(child)),
]

const indexScans = new Set(['Index Scan', 'Index Only Scan', 'Bitmap Index Scan'])

/** Returns the tables that a plan reads completely, also by an index. */
export const tablesReadWhole = (plan: PlanNode): string[] =>
  nodesOf(plan).flatMap((node) => {
    const type = node['Node Type']
    const isWhole = indexScans.has(type) ? node['Index Cond'] === undefined : type === 'Seq Scan'
    return isWhole ? [`${type} of ${node['Relation Name'] ?? ''} ${node['Index Name'] ?? ''}`] : []
  })

const readBy = (node: PlanNode) =>
  ((node['Actual Rows'] ?? 0) +
    (node['Rows Removed by Filter'] ?? 0) +
    (node['Rows Removed by Index Recheck'] ?? 0)) *
  (node['Actual Loops'] ?? 1)

/** Returns the most rows that one scan of a plan touched, including those that it dropped. */
export const mostRowsRead = (plan: PlanNode): { readonly rows: number; readonly where: string } => {
  const scans = nodesOf(plan)
    .filter((node) => node['Relation Name'] ?? node['Index Name'])
    .map((node) => {
      const where = [node['Node Type'], node['Relation Name'] ?? '', node['Index Name'] ?? '']
      return { rows: Math.round(readBy(node)), where: where.filter(Boolean).join(' ') }
    })
  return scans.reduce((most, scan) => (scan.rows > most.rows ? scan : most), { rows: 0, where: '' })
}

export const indexesUsed = (plan: PlanNode): string[] =>
  nodesOf(plan).flatMap((node) => node['Index Name'] ?? [])
