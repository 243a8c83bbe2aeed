import { Gauge } from 'prom-client'
import { createReading } from '../../platform/base/reading.ts'
import type { Log, Metrics } from '../../platform/base/telemetry.ts'
import type { VerdictRow } from './schema.ts'
import type { BooksStore } from './store-books.ts'

/** Somebody who has just audited sees the verdict. A database that hangs does not hold up the scrape. */
const atOnce = { keptMs: 0, restPerWork: 0 }

/**
 * The last verdict, read when the metrics are: by the end of a key, so that it costs nothing to speak
 * of. Before the first audit both are 0, and a timestamp of 0 is as old as can be.
 */
export const addBooksMetrics = ({ registry }: Metrics, { latest }: BooksStore, log: Log): void => {
  let last: VerdictRow | undefined
  const read = createReading(async () => {
    try {
      last = (await latest()) ?? last
    } catch (error) {
      // What was read before is still the last that is known.
      log.warn({ err: error }, 'the verdict of the books cannot be read')
    }
  }, atOnce)

  const add = (name: string, help: string, valueOf: (verdict: VerdictRow) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        // All that are read together tell the same verdict.
        await read()
        if (last !== undefined) this.set(valueOf(last))
      },
    })

  add(
    'books_violations',
    'Violations that the last audit of the books found',
    ({ violations }) => violations,
  )
  add(
    'books_last_audit_timestamp_seconds',
    'When the last audit of the books began',
    ({ startedAt }) => startedAt.getTime() / 1_000,
  )
}
