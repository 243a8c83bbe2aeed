import { createHash } from 'node:crypto'
import type { Database } from '../database/db.ts'
import { defineStatement, rowsOf } from '../database/statement.ts'
import { throttled } from '../database/throttled.ts'
import { ProblemError } from '../base/errors.ts'

/**
 * Limits how often somebody may try something, over all replicas. An attempt is counted before it
 * is made, and given back when it must not count. Who is unknown is limited as everybody else, so
 * the answer does not tell who exists.
 */
interface Taken {
  readonly subject: string
  /** The end of its window; null if it was refused. */
  readonly takenUntil: Date | null
  readonly waitMs: number
}

const takeAttempts = defineStatement(import.meta.url, {
  name: 'take attempts',
  table: throttled,
  input: { subject: 'text', maxAttempts: 'int', windowMs: 'int' },
  returns: rowsOf<Taken>(),
})

const giveBackAttempts = defineStatement(import.meta.url, {
  name: 'give back attempts',
  table: throttled,
  input: { subject: 'text', takenUntil: 'text' },
  returns: rowsOf<{ readonly subject: string }>(),
})

const forgetAttempts = defineStatement(import.meta.url, {
  name: 'forget attempts',
  table: throttled,
  input: { maxRows: 'int' },
  returns: rowsOf<{ readonly subject: string }>(),
})

export interface Limit {
  /** What is counted, and whose: `sign-in masha`. Only its hash is stored. */
  readonly subject: string
  readonly maxAttempts: number
}

export interface Attempt {
  /** Lets it not count, in the window in which it was taken. */
  readonly giveBack: () => Promise<void>
}

const hidden = (subject: string) => createHash('sha256').update(subject).digest('base64url')

const isTaken = (row: Taken): row is Taken & { readonly takenUntil: Date } =>
  row.takenUntil !== null

const tooMany = (waitMs: number) => {
  const seconds = Math.max(1, Math.ceil(waitMs / 1_000))
  return new ProblemError('too-many-attempts', `Try again in ${seconds} seconds.`, {
    headers: { 'retry-after': `${seconds}` },
  })
}

export const createThrottle = (database: Database, windowMs: number) => {
  const giveBack = async (rows: readonly Taken[]) => {
    const taken = rows
      .filter(isTaken)
      .map(({ subject, takenUntil }) => ({ subject, takenUntil: takenUntil.toISOString() }))
    if (taken.length > 0) await database.execute(giveBackAttempts, taken)
  }

  return {
    /** Counts an attempt against each limit, or against none: then it throws too-many-attempts. */
    take: async (limits: readonly Limit[]): Promise<Attempt> => {
      const rows = await database.execute(
        takeAttempts,
        limits.map(({ subject, maxAttempts }) => ({
          subject: hidden(subject),
          maxAttempts,
          windowMs,
        })),
      )
      if (!rows.every(isTaken)) {
        await giveBack(rows)
        throw tooMany(Math.max(...rows.map(({ waitMs }) => waitMs)))
      }
      return { giveBack: () => giveBack(rows) }
    },
    /** Deletes up to so many rows whose window is over, and says how many there were. */
    forget: async (maxRows: number): Promise<number> =>
      (await database.execute(forgetAttempts, [{ maxRows }])).length,
  }
}

export type Throttle = ReturnType<typeof createThrottle>
