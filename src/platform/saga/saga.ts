import { BatchExhaustedError } from '../database/batch.ts'
import type { DueRow, TimelineEntry } from './due-rows.ts'
import { ProblemError, type ProblemCode } from '../base/errors.ts'
import { sagaKeyPrefix } from '../base/idempotency-keys.ts'
import { hideAddresses } from '../base/redaction.ts'
import { backoffMs } from './recovery.ts'
import type { Log } from '../base/telemetry.ts'

/** The result of one step, as the call of a client returns it. */
export interface StepOutcome {
  readonly outcome: 'done' | 'refused' | 'unknown'
  readonly ms: number
  /** Requests of this one call. */
  readonly attempts?: number
  /** Why the outcome is unknown. */
  readonly reason?: string
  /** Why it was refused. */
  readonly code?: string
}

/** A row holds some of these for ever, and everybody who may see the row reads them. */
const maxReason = 120
const anyId = /[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/gi

/**
 * The reason as it may be kept: it can quote what something else than a service answered, so it is
 * cut, and keeps nothing that could be about a person.
 */
const briefReason = (reason: string): string =>
  hideAddresses(reason)
    .replaceAll(anyId, '{id}')
    .replaceAll(/[^ -~]/g, '?')
    .slice(0, maxReason)

/** One attempt at one step, as the owner of the row sees it. */
export const timelineEntry = (
  row: DueRow,
  step: string,
  { outcome, ms, attempts = 1, reason, code }: StepOutcome,
): TimelineEntry => {
  const why = reason ?? code
  return {
    at: new Date().toISOString(),
    step,
    attempt: row.attempts + 1,
    outcome,
    ms,
    ...(why === undefined ? {} : { reason: briefReason(why) }),
    ...(attempts > 1 ? { calls: attempts } : {}),
  }
}

interface Postponable {
  readonly postpone: (item: {
    readonly id: string
    readonly delayMs: number
    readonly entry: TimelineEntry
  }) => Promise<unknown>
}

/** The outcome is unknown: the row stays due, and recovery tries it again, each time a little later. */
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
 * Advances a row for the request that stored it. Recovery will finish a stored row, so if the
 * database fails now, this returns the row as it is: "nothing was done" would be wrong, and a
 * client without a key would do everything again.
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

/** The id from which a key was made, or undefined if it is no such key. */
export const idOfSagaKey = (key: string): string | undefined => sagaKeyPattern.exec(key)?.[1]
