import { eq, type SQL } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'

/**
 * The conditions that leave only the rows of all these owners: of who looks (null: an operator, who
 * sees all), and of who is asked for. Two different owners leave nothing, and Postgres sees that
 * from the index alone. One owner is one condition: twice the same would look rarer than it is.
 */
export const ownedBy = (
  column: AnyPgColumn,
  ...owners: readonly (string | null | undefined)[]
): SQL[] =>
  [...new Set(owners)].flatMap((owner) =>
    owner === null || owner === undefined ? [] : eq(column, owner),
  )

/**
 * The cursor of the first page, newest first: it is greater than every id. A list without it would
 * be another statement, and one that names no place in the index.
 */
export const afterAllIds = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
