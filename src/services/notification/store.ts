import { and, desc, eq, lt } from 'drizzle-orm'
import type { Database } from '../../platform/database/db.ts'
import { afterAllIds, ownedBy } from '../../platform/database/owners.ts'
import { foundRows, namedColumns, namedIn } from '../../platform/database/search.ts'
import { defineStatement, rowsOf, text, type ItemOf } from '../../platform/database/statement.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { letters, type LetterRow } from './schema.ts'
import type { Canceller, LetterKind } from './states.ts'

export interface LetterQuery {
  /** Whose letters are seen; null: everybody's. */
  readonly viewer: string | null
  readonly userId?: string | undefined
  readonly orderId?: string | undefined
  readonly bookingId?: string | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

export type StoredLetter = LetterRow & { readonly replayed: boolean }

const insertLetters = defineStatement(import.meta.url, {
  name: 'insert letters',
  table: letters,
  input: {
    id: 'uuid',
    key: 'text',
    userId: 'uuid',
    email: 'text',
    kind: text<LetterKind>(),
    orderId: 'uuid?',
    bookingId: 'uuid?',
    title: 'text?',
    startsAt: 'text?',
    timeZone: 'text?',
    cancelledBy: text<Canceller | null>(),
    because: 'text?',
    amount: 'bigint',
    subject: 'text',
    body: 'text',
  },
  returns: rowsOf<StoredLetter>(),
  distinctBy: ({ key }) => [key],
})

export type LetterToStore = Omit<ItemOf<typeof insertLetters>, 'id'>

const searchLetters = defineStatement(import.meta.url, {
  name: 'search letters',
  input: namedColumns,
  returns: foundRows,
})

export const createNotificationStore = (database: Database) => {
  const insert = database.statement(insertLetters)

  const list = ({
    viewer,
    userId,
    orderId,
    bookingId,
    limit,
    cursor = afterAllIds,
  }: LetterQuery): Promise<LetterRow[]> =>
    database.read('list letters', (reader) =>
      reader
        .select()
        .from(letters)
        .where(
          and(
            ...ownedBy(letters.userId, viewer, userId),
            orderId === undefined ? undefined : eq(letters.orderId, orderId),
            bookingId === undefined ? undefined : eq(letters.bookingId, bookingId),
            lt(letters.id, cursor),
          ),
        )
        .orderBy(desc(letters.id))
        .limit(limit + 1),
    )

  return {
    search: (text: string) => database.lookUp(searchLetters, namedIn(text)),
    insert: (letter: LetterToStore): Promise<StoredLetter> => insert({ ...letter, id: uuidv7() }),
    list,
  }
}

export type NotificationStore = ReturnType<typeof createNotificationStore>
