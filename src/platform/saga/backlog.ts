import type { Database } from '../database/db.ts'
import { defineStatement, getTableName, rowsOf, type Table } from '../database/statement.ts'

/**
 * What a saga table has open: how many rows, in which states, and since when. It is read for the
 * metrics, from the partial index of what is due.
 */
export interface OpenRows {
  readonly state: string
  readonly openRows: number
  /** Null where no row of the state is undecided, or owes a letter. */
  readonly undecidedSeconds: number | null
  readonly letterSeconds: number | null
  /** Below zero until the first of the rows is due. */
  readonly overdueSeconds: number
}

/** The names of columns that say what an open row waits for, and since when. */
export interface BacklogColumns {
  /** Without it all open rows are in the one state of the list. */
  readonly state?: string
  /** The states that a row may be in while it is open. */
  readonly states: readonly [string, ...string[]]
  /** For each state without a decision, since when it is in it. */
  readonly undecidedSince?: Readonly<Record<string, string>>
  /** Since when a row in any other state owes a letter. */
  readonly letterOwedSince?: string
}

/** With more rows than this, which took a long outage, the figures are of the first so many. */
const maxItems = 100_000

const never = 'null::timestamptz'

/** By state, what a row that waits for its decision tells; for all others `otherwise`. */
const byState = (
  { state = '', undecidedSince = {} }: BacklogColumns,
  tell: (column: string) => string,
  otherwise: string,
) => {
  const cases = Object.entries(undecidedSince).map(
    ([name, column]) => `when '${name}' then ${tell(column)}`,
  )
  return cases.length === 0 ? otherwise : `case t.${state} ${cases.join(' ')} else ${otherwise} end`
}

/** Reads the backlog of one table. */
export const createBacklog = (database: Database, table: Table, columns: BacklogColumns) => {
  const { state, states, letterOwedSince } = columns
  const owedSince = letterOwedSince === undefined ? never : `t.${letterOwedSince}`
  const statement = defineStatement(import.meta.url, {
    name: `backlog ${getTableName(table)}`,
    file: 'backlog',
    table,
    input: { maxItems: 'int' },
    returns: rowsOf<OpenRows>(),
    parts: {
      state: state === undefined ? `'${states[0]}'::text` : `t.${state}`,
      'undecided-since': byState(columns, (column) => `t.${column}`, never),
      'letter-owed-since': byState(columns, () => never, owedSince),
    },
  })
  return (): Promise<OpenRows[]> => database.lookUp(statement, { maxItems })
}
