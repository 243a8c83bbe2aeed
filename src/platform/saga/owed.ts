import { uuidv7 } from '../base/ids.ts'
import type {
  Owed,
  OwedQuery,
  OwedRow,
  RetryAnswer,
  ToldOfOwed,
  WantedRetry,
} from '../base/owed.ts'
import type { Database } from '../database/db.ts'
import { defineStatement, getTableName, rowsOf, type Table } from '../database/statement.ts'
import type { DueRow, TimelineEntry } from './due-rows.ts'

/**
 * What the rows of a table owe, for operators: a list, oldest first, and a way to have a row tried at
 * once. That changes nothing but when recovery looks at the row.
 */
interface OwingRow extends DueRow {
  readonly createdAt: Date
  readonly dueAt: Date | null
  readonly timeline: readonly TimelineEntry[]
}

export interface OwingTable<Row extends OwingRow> {
  readonly kind: string
  readonly table: Table & { readonly $inferSelect: Row }
  readonly tell: (row: Row) => ToldOfOwed
}

/** In an outage thousands may owe something. More are not looked at: a list is there at once. */
const maxRead = 2_000
const maxTries = 5

/** As in `retry.sql`: an attempt that goes on has a number that no entry has yet. */
const isAtWork = ({ timeline, attempts }: OwingRow, dueAt: Date) => {
  const last = timeline.at(-1)
  const hasEnded = last?.outcome === 'unknown' && last.attempt === attempts + 1
  return dueAt.getTime() > Date.now() && !hasEnded
}

export const createOwing = <Row extends OwingRow>(
  database: Database,
  { kind, table, tell }: OwingTable<Row>,
) => {
  const tableName = getTableName(table)
  const listOwed = defineStatement(import.meta.url, {
    name: `owed ${tableName}`,
    file: 'owed',
    table,
    input: { afterAt: 'text', afterId: 'uuid', maxItems: 'int', maxRead: 'int' },
    returns: rowsOf<Row & { readonly isCut: boolean }>(),
  })
  const retryOne = defineStatement(import.meta.url, {
    name: `retry ${tableName}`,
    file: 'retry',
    table,
    input: {
      id: 'uuid',
      operator: 'uuid',
      owedId: 'uuid',
      idempotencyKey: 'text?',
      requestId: 'text',
    },
    returns: rowsOf<RetryAnswer | { readonly outcome: 'again' }>(),
  })
  const toOwed = (row: Row): OwedRow<TimelineEntry>[] => {
    const { id, createdAt, dueAt, attempts, timeline } = row
    if (dueAt === null) return []
    const shown = { kind, id, createdAt, dueAt, attempts, timeline }
    return [{ ...tell(row), ...shown, isAtWork: isAtWork(row, dueAt) }]
  }
  return {
    list: async ({ after, limit }: OwedQuery) => {
      const query = { afterAt: after.at, afterId: after.id, maxItems: limit + 1, maxRead }
      const rows = await database.lookUp(listOwed, query)
      return { items: rows.flatMap(toOwed), isAll: rows[0]?.isCut !== true }
    },
    retry: async (wanted: WantedRetry): Promise<RetryAnswer> => {
      for (let tries = 0; tries < maxTries; tries += 1) {
        const [answer] = await database.execute(retryOne, [{ ...wanted, id: uuidv7() }])
        if (answer === undefined) return { outcome: 'missing' }
        if (answer.outcome !== 'again') return answer
      }
      throw new Error(`the key of a retry of ${wanted.owedId} is taken, and is not found`)
    },
  }
}

type Owing = ReturnType<typeof createOwing>

const byAge = (one: OwedRow<unknown>, other: OwedRow<unknown>) =>
  one.createdAt.getTime() - other.createdAt.getTime() || (one.id < other.id ? -1 : 1)

/** The same over all tables of a service whose rows may owe something. */
export const createOwed = (...tables: readonly Owing[]): Owed<TimelineEntry> => ({
  list: async (query) => {
    const lists = await Promise.all(tables.map(({ list }) => list(query)))
    const items = lists.flatMap((each) => each.items).toSorted(byAge)
    return { items: items.slice(0, query.limit + 1), isAll: lists.every(({ isAll }) => isAll) }
  },
  retry: async (wanted) => {
    for (const { retry } of tables) {
      const answer = await retry(wanted)
      if (answer.outcome !== 'missing') return answer
    }
    return { outcome: 'missing' }
  },
})
