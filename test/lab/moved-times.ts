import type { ServiceName } from '../../src/registry.ts'
import type { OwnPostgres } from './own-postgres.ts'
import { eventually } from './wait.ts'

/**
 * Lets time pass for one row: moves instants of it into the past. The triggers of the product refuse
 * that, so they are off for this one session. Answers that were given before tell the instants as
 * they were, so whoever compares answers translates.
 */
export interface MovedRow {
  readonly service: ServiceName
  readonly table: string
  /** Whose rows: a column and its value. */
  readonly where: readonly [column: string, value: string]
  readonly columns: readonly string[]
}

/** So far that no instant of a test is met by chance. */
const movedByDays = 4_000
const movedByMs = movedByDays * 86_400_000

export const movePast = async (
  { sql }: Pick<OwnPostgres, 'sql'>,
  { service, table, where: [column, value], columns }: MovedRow,
): Promise<number> => {
  const changes = columns.map((name) => `${name} = ${name} - interval '${movedByDays} days'`)
  const move = () =>
    sql(service).begin(async (session) => {
      await session`set local session_replication_role = replica`
      // What was moved already is in the past: a second try moves nothing.
      const moved = await session.unsafe(
        `update ${table} set ${changes.join(', ')} where ${column} = $1 and ${columns[0]} > now()`,
        [value],
      )
      return moved.count
    })
  // Postgres may be down now: a campaign wants that.
  return eventually(move, { withinMs: 10_000, everyMs: 20 })
}

const instant = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g
/** Before the first one of these, no instant of a test is its own. */
const oldestMs = Date.parse('2026-01-01T00:00:00Z')

const asItWas = (text: string): string => {
  const ms = Date.parse(text)
  return ms < oldestMs ? new Date(ms + movedByMs).toISOString() : text
}

/** Bodies of answers with all instants as they were before any was moved. */
export const withTimesAsTheyWere = <Value>(value: Value): Value =>
  JSON.parse(JSON.stringify(value).replaceAll(instant, asItWas)) as Value
