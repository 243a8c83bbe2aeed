import type { Log, Metrics } from '../base/telemetry.ts'
import { watchRecovery } from './recovery-metrics.ts'

/** The result for a row that recovery took: all its work is done, or it waits for its next attempt. */
export type RowOutcome = 'finished' | 'postponed'

interface Late {
  /** For how long the row had been due. */
  readonly lateSeconds: number
}

/**
 * The loop that finishes what a request began. It claims rows whose lease is over
 * (`for update skip locked` in the store gives each to one worker) and runs the same
 * function on them as the request itself.
 */
export interface RecoveryOptions<Row> {
  /** The saga table: the same word in logs and metrics. */
  readonly name: string
  readonly intervalMs: number
  readonly log: Log
  readonly metrics: Metrics
  /** Takes up to `limit` due rows and gives each a new lease. */
  readonly claim: (limit: number) => Promise<readonly (Row & Late)[]>
  /** Advances one row as far as possible. It must not throw for an unknown outcome. */
  readonly advance: (row: Row) => Promise<RowOutcome>
}

export interface Loop {
  readonly start: () => void
  readonly stop: () => Promise<void>
}

/** All claimed rows are advanced at once, so this also limits the load on other services. */
const rowsPerRound = 32
const jitter = 0.3

const withJitter = (ms: number) => ms * (1 - jitter / 2 + Math.random() * jitter)

export const createRecovery = <Row>(options: RecoveryOptions<Row>): Loop => {
  const { name, intervalMs, log, metrics, claim, advance } = options
  const counters = watchRecovery(metrics, name)
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let round: Promise<void> = Promise.resolve()

  const advanceOne = async (row: Row) => {
    try {
      const outcome = await advance(row)
      counters.rows[outcome].inc()
    } catch (error) {
      counters.rows.failed.inc()
      log.warn({ err: error, loop: name }, 'recovery could not advance a row; it stays due')
    }
  }

  const runRound = async () => {
    try {
      let found = rowsPerRound
      while (found === rowsPerRound && !stopped) {
        const rows = await claim(rowsPerRound)
        found = rows.length
        for (const { lateSeconds } of rows) counters.claimDelay.observe(lateSeconds)
        await Promise.all(rows.map(advanceOne))
        counters.rounds.finished.inc()
      }
    } catch (error) {
      counters.rounds.failed.inc()
      log.warn({ err: error, loop: name }, 'recovery could not look for due rows')
    }
    schedule()
  }

  const schedule = () => {
    if (stopped) return
    timer = setTimeout(() => {
      round = runRound()
    }, withJitter(intervalMs))
  }

  return {
    start: schedule,
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await round
    },
  }
}

const firstBackoffMs = 250
const maxBackoffMs = 3_000

/** How long to wait after so many `attempts` of recovery that got no answer. */
export const backoffMs = (attempts: number): number =>
  Math.round(withJitter(Math.min(firstBackoffMs * 2 ** Math.min(attempts, 10), maxBackoffMs)))
