import { uuidv7 } from '../../platform/base/ids.ts'
import { createLog, createMetrics } from '../../platform/base/telemetry.ts'
import { createDatabase } from '../../platform/database/db.ts'
import type { BooksViolation } from './schema.ts'
import { createBooksStore } from './store-books.ts'

/** What the audit found, as it hands it over. */
export interface FoundByAudit {
  readonly startedAt: string
  readonly since: string | null
  readonly durationMs: number
  readonly rows: Readonly<Record<string, number>>
  readonly violations: readonly BooksViolation[]
  /** Violations that were not kept. */
  readonly more: number
}

/** The first few say where to look. The audit prints all of them. */
const mostKept = 10

const countBy = (violations: readonly BooksViolation[]) =>
  Object.fromEntries(
    [...Map.groupBy(violations, ({ invariant }) => invariant)].map(([name, found]) => [
      name,
      found.length,
    ]),
  )

/** Writes a verdict down, straight in the database: the audit is no service, and has no token. */
export const recordVerdict = async (url: string, found: FoundByAudit): Promise<void> => {
  const { startedAt, since, durationMs, rows, violations, more } = found
  const database = createDatabase({
    config: { url, poolSize: 1, statementTimeoutMs: 5_000, prepare: false },
    log: createLog('billing', 'fatal'),
    metrics: createMetrics('billing', false),
  })
  try {
    await createBooksStore(database).record({
      id: uuidv7(),
      startedAt,
      since,
      durationMs,
      rows: Object.values(rows).reduce((sum, each) => sum + each, 0),
      violations: violations.length + more,
      byInvariant: countBy(violations),
      first: violations.slice(0, mostKept),
    })
  } finally {
    await database.close()
  }
}
