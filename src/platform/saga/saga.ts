import { BatchExhaustedError } from '../database/batch.ts'
import type { DueRow, TimelineEntry } from './due-rows.ts'
import { ProblemError, type ProblemCode } from '../base/errors.ts'
import { sagaKeyPrefix } from '../base/idempotency-keys.ts'
import { backoffMs } from './recovery.ts'
import type { Log } from '../base/telemetry.ts'

/** What came of one step, as a client's call tells it. */
interface StepOutcome {
  readonly outcome: 'done' | 'refused' | 'unknown'
  readonly ms: number
}

/** One visit of one step, as the owner of the row will see it. */
export const timelineEntry = (
  row: DueRow,
  step: string,
  { outcome, ms }: StepOutcome,
): TimelineEntry => ({
  at: new Date().toISOString(),
  step,
  attempt: row.attempts + 1,
  outcome,
  ms,
})

interface Postponable {
  readonly postpone: (item: {
    readonly id: string
    readonly delayMs: number
    readonly entry: TimelineEntry
  }) => Promise<unknown>
}

/** Nobody decided: the row stays due and recovery comes back to it, each time a little later. */
export const postpone = (rows: Postponable, row: DueRow, step: string, outcome: StepOutcome) =>
  rows.postpone({
    id: row.id,
    delayMs: backoffMs(row.attempts),
    entry: timelineEntry(row, step, outcome),
  })

const fromDatabase: ReadonlySet<ProblemCode> = new Set(['unavailable', 'outcome-unknown'])

export const isFromDatabase = (error: unknown) =>
  error instanceof BatchExhaustedError ||
  (error instanceof ProblemError && fromDatabase.has(error.code))

/**
 * Advances a row for the request that stored it. What is stored will be finished, so a database
 * that fails from here on leaves the row as it is: "nothing was done" would be wrong, and a client
 * without a key would do it all once more.
 */
export const advanceOrLeave = async <Row extends DueRow, Result>(
  row: NoInfer<Row>,
  advance: (row: Row) => Promise<Result>,
  log: Log,
): Promise<Row | Result> => {
  try {
    return await advance(row)
  } catch (error) {
    if (!isFromDatabase(error)) throw error
    log.warn({ err: error, id: row.id }, 'a stored row is left to recovery')
    return row
  }
}

export const sagaKey = (id: string) => `${sagaKeyPrefix}${id}`

const sagaKeyPattern = new RegExp(`^${sagaKeyPrefix}([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

/** The id that a key was made of; undefined when it is no such key. */
export const idOfSagaKey = (key: string): string | undefined => sagaKeyPattern.exec(key)?.[1]
