import type { Log } from '../base/telemetry.ts'
import type { Loop } from './recovery.ts'

/** Deletes up to so many rows whose time is over, and says how many there were. */
export type Forget = (maxRows: number) => Promise<number>

const rowsAtOnce = 500
const intervalMs = 60_000

/** The loop that deletes what nobody can use any more. Replicas take different rows. */
export const createSweep = (forgets: readonly Forget[], log: Log): Loop => {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let round: Promise<void> = Promise.resolve()

  const sweep = async (forget: Forget) => {
    let found = rowsAtOnce
    while (found === rowsAtOnce && !stopped) found = await forget(rowsAtOnce)
  }

  const run = async () => {
    try {
      for (const forget of forgets) await sweep(forget)
    } catch (error) {
      log.warn({ err: error }, 'what is over could not be deleted; it is tried again')
    }
    schedule()
  }

  const schedule = () => {
    if (stopped) return
    // Not all replicas at the same moment.
    timer = setTimeout(
      () => {
        round = run()
      },
      intervalMs * (0.5 + Math.random()),
    )
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
