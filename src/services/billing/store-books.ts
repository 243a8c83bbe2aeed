import { and, desc, gt, isNull, lt, or } from 'drizzle-orm'
import { afterAllIds } from '../../platform/database/owners.ts'
import type { Database } from '../../platform/database/db.ts'
import { defineStatement, json, rowsOf, type ItemOf } from '../../platform/database/statement.ts'
import { booksVerdicts, type BooksViolation, type VerdictRow } from './schema.ts'

const recordVerdicts = defineStatement(import.meta.url, {
  name: 'record verdicts',
  table: booksVerdicts,
  input: {
    id: 'uuid',
    startedAt: 'text',
    since: 'text?',
    durationMs: 'bigint',
    rows: 'bigint',
    violations: 'bigint',
    byInvariant: json<Readonly<Record<string, number>>>(),
    first: json<readonly BooksViolation[]>(),
  },
  returns: rowsOf<{ readonly id: string }>(),
})

export type NewVerdict = ItemOf<typeof recordVerdicts>

export const createBooksStore = (database: Database) => ({
  record: async (verdict: NewVerdict): Promise<void> => {
    await database.execute(recordVerdicts, [verdict])
  },

  /**
   * Ids grow with time, so the last one is at the end of the key. Of an audit that read only what was
   * touched since, all is said when it found something: that it found nothing says nothing of the rest.
   */
  latest: async (): Promise<VerdictRow | undefined> => {
    const [verdict] = await database.read('latest verdict', (reader) =>
      reader
        .select()
        .from(booksVerdicts)
        .where(
          and(
            lt(booksVerdicts.id, afterAllIds),
            or(isNull(booksVerdicts.since), gt(booksVerdicts.violations, 0)),
          ),
        )
        .orderBy(desc(booksVerdicts.id))
        .limit(1),
    )
    return verdict
  },
})

export type BooksStore = ReturnType<typeof createBooksStore>
