import type { DueRow, TimelineEntry } from './db-due-rows.ts'
import type { Outcome } from './http-client.ts'
import { backoffMs } from './recovery.ts'

/** One visit of one step, as the owner of the row will see it. */
export const timelineEntry = (
  row: DueRow,
  step: string,
  outcome: 'done' | 'refused' | 'unknown',
  { ms }: Pick<Outcome<unknown>, 'ms'>,
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

/** Nobody answered: the row stays due and recovery comes back to it, each time a little later. */
export const postpone = (
  rows: Postponable,
  row: DueRow,
  step: string,
  outcome: Pick<Outcome<unknown>, 'ms'>,
) =>
  rows.postpone({
    id: row.id,
    delayMs: backoffMs(row.attempts),
    entry: timelineEntry(row, step, 'unknown', outcome),
  })

/** Keys that services use between themselves begin with this; the gateway keeps it from the public. */
export const sagaKeyPrefix = 'saga:'

export const sagaKey = (id: string) => `${sagaKeyPrefix}${id}`
