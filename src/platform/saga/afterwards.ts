import type { Log } from '../base/telemetry.ts'

/**
 * What a row owes that nobody waits for. All that comes within a moment starts in one turn of the
 * event loop, so that it shares calls and statements: the more there is, the less each costs.
 *
 * It is due in the database as well. So what is one too many, or is lost with this process, is done
 * by recovery.
 */
export interface AfterwardsOptions<Row> {
  /** Finishes one row. It must not throw for an unknown outcome. */
  readonly finish: (row: Row) => Promise<unknown>
  readonly log: Log
}

/** Long enough to gather many under load, too short to be noticed. */
const gatherMs = 50
/** If what is called hangs, no more than this pile up in memory. */
const maxUnfinished = 512

export const createAfterwards = <Row extends { readonly id: string }>({
  finish,
  log,
}: AfterwardsOptions<Row>) => {
  let gathered: Row[] = []
  let timer: NodeJS.Timeout | undefined
  const running = new Set<Promise<void>>()

  const finishOne = async (row: Row) => {
    try {
      await finish(row)
    } catch (error) {
      log.warn({ err: error, id: row.id }, 'what a row owes is left to recovery')
    }
  }

  const startAll = () => {
    clearTimeout(timer)
    timer = undefined
    const rows = gathered
    gathered = []
    for (const row of rows) {
      const run: Promise<void> = finishOne(row).finally(() => running.delete(run))
      running.add(run)
    }
  }

  return {
    add: (row: Row): void => {
      if (gathered.length + running.size >= maxUnfinished) return
      gathered.push(row)
      timer ??= setTimeout(startAll, gatherMs)
    },
    /** Finishes what is there: after this, nothing may be added. */
    stop: async (): Promise<void> => {
      startAll()
      await Promise.all(running)
    },
  }
}
