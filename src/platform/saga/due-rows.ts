import type { Database } from '../database/db.ts'
import { createBacklog, type BacklogColumns } from './backlog.ts'
import { defineStatement, getTableName, json, rowsOf, type Table } from '../database/statement.ts'

/**
 * Rows with unfinished work. `due_at` says when recovery may take a row (null: nothing
 * is owed), `attempts` says how often it did, and `timeline` has the result of each
 * step. Every saga table has these columns, so they share their statements.
 */
export interface TimelineEntry {
  readonly at: string
  readonly step: string
  readonly attempt: number
  readonly outcome: string
  readonly ms: number
  /** Why it was refused, or why its outcome is unknown. */
  readonly reason?: string
  /** How many requests the step took, if it was more than one. */
  readonly calls?: number
}

export interface DueRow {
  readonly id: string
  readonly attempts: number
}

/** The result of a step, as input of the statements that add it to a row's timeline. */
export const entry = json<TimelineEntry>()

/** A row that recovery took, and for how long it had been due. */
export type Claimed<Row> = Row & { readonly lateSeconds: number }

const byId = ({ id }: { readonly id: string }) => [id]

export interface DueRowsSettings {
  readonly leaseMs: number
  readonly backlog: BacklogColumns
}

export const createDueRows = <Row extends DueRow>(
  database: Database,
  table: Table & { readonly $inferSelect: Row },
  { leaseMs, backlog }: DueRowsSettings,
) => {
  const tableName = getTableName(table)
  const claim = defineStatement(import.meta.url, {
    name: `claim ${tableName}`,
    file: 'claim',
    table,
    input: { maxRows: 'int', leaseMs: 'int' },
    returns: rowsOf<Claimed<Row>>(),
  })
  const postpone = defineStatement(import.meta.url, {
    name: `postpone ${tableName}`,
    file: 'postpone',
    table,
    input: { id: 'uuid', delayMs: 'int', entry },
    returns: rowsOf<{ readonly postponed: boolean }>(),
    distinctBy: byId,
  })
  const settle = defineStatement(import.meta.url, {
    name: `settle ${tableName}`,
    file: 'settle',
    table,
    input: { id: 'uuid', entry },
    returns: rowsOf<{ readonly settled: boolean }>(),
    distinctBy: byId,
  })
  return {
    /** Takes due rows for this worker only, until their new lease ends. */
    claim: (maxRows: number): Promise<Claimed<Row>[]> =>
      database.execute(claim, [{ maxRows, leaseMs }]),
    /** Stores that an attempt got no answer, and when to try again. */
    postpone: database.statement(postpone),
    /** Stores that the row owes nothing any more. */
    settle: database.statement(settle),
    table: tableName,
    states: backlog.states,
    /** What is open, for the metrics. */
    backlog: createBacklog(database, table, backlog),
  }
}
