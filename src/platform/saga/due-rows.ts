import type { Database } from '../database/db.ts'

/**
 * Rows that owe something to someone: `due_at` says when recovery may take them
 * (null: nothing is owed), `attempts` how often it did, `timeline` what came of
 * each step. Every saga table has these columns, so their statements are one.
 */
export interface TimelineEntry {
  readonly at: string
  readonly step: string
  readonly attempt: number
  readonly outcome: string
  readonly ms: number
}

export interface DueRow {
  readonly id: string
  readonly attempts: number
}

/** A row tried for days must not grow for days: from here on the last entry is overwritten. */
const maxTimelineEntries = 20

/** SQL that adds an entry to a row's timeline. */
export const appended = (timeline: string, entry: string) =>
  `case when jsonb_array_length(${timeline}) < ${maxTimelineEntries} then ${timeline} || ${entry}
        else jsonb_set(${timeline}, '{${maxTimelineEntries - 1}}', ${entry}) end`

/** SQL for "so many milliseconds from now". */
export const fromNow = (milliseconds: string) =>
  `now() + ${milliseconds} * interval '1 millisecond'`

const claimText = (table: string) => `
with input as (
  select * from json_to_recordset($1::text::json) as t("maxRows" int, "leaseMs" int)
), due as materialized (
  select id from ${table} where due_at <= now()
  order by due_at limit (select "maxRows" from input) for update skip locked
)
update ${table} t set due_at = ${fromNow('input."leaseMs"')}, attempts = t.attempts + 1
from due, input where t.id = due.id returning t.*`

/** A row that somebody else finished meanwhile is left alone, and that is an answer as well. */
const postponeText = (table: string) => `
with input as (
  select * from json_to_recordset($1::text::json) as t(ord int, id uuid, "delayMs" int, entry jsonb)
), postponed as (
  update ${table} t
  set due_at = ${fromNow('i."delayMs"')}, timeline = ${appended('t.timeline', 'i.entry')}
  from input i where t.id = i.id and t.due_at is not null returning t.id
)
select i.ord, p.id is not null as postponed from input i left join postponed p on p.id = i.id`

const settleText = (table: string) => `
with input as (
  select * from json_to_recordset($1::text::json) as t(ord int, id uuid, entry jsonb)
), settled as (
  update ${table} t set due_at = null, timeline = ${appended('t.timeline', 'i.entry')}
  from input i where t.id = i.id and t.due_at is not null returning t.id
)
select i.ord, s.id is not null as settled from input i left join settled s on s.id = i.id`

export const createDueRows = <Row extends DueRow>(
  database: Database,
  table: string,
  leaseMs: number,
) => {
  const byId = (item: { readonly id: string }) => [item.id]
  const claim = claimText(table)
  const postpone = database.statement<
    { id: string; delayMs: number; entry: TimelineEntry },
    { ord: number; postponed: boolean }
  >(`postpone ${table}`, postponeText(table), byId)
  const settle = database.statement<
    { id: string; entry: TimelineEntry },
    { ord: number; settled: boolean }
  >(`settle ${table}`, settleText(table), byId)
  return {
    /** Takes due rows for this worker alone, until their new lease is over. */
    claim: (maxRows: number) =>
      database.execute<Row>(`claim ${table}`, claim, [{ maxRows, leaseMs }]),
    /** Notes an attempt without an answer and when to try again. */
    postpone,
    /** Notes that nothing is owed any more. */
    settle,
  }
}
