import { and, desc, eq, lt } from 'drizzle-orm'
import type { Database } from '../../platform/database/db.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { letters, type LetterRow } from './schema.ts'

export interface LetterToStore {
  readonly key: string
  readonly userId: string
  readonly email: string
  readonly kind: string
  readonly orderId: string | null
  readonly amount: number
  readonly subject: string
  readonly body: string
}

export interface LetterQuery {
  readonly userId?: string | undefined
  readonly orderId?: string | undefined
  readonly cursor?: string | undefined
  readonly limit: number
}

export type StoredLetter = LetterRow & { readonly replayed: boolean }

/** A key that is known answers with its letter, whatever was sent with it now. */
const insertText = `
with input as (
  select * from json_to_recordset($1::text::json) as t(
    ord int, id uuid, key text, "userId" uuid, email text, kind text, "orderId" uuid,
    amount bigint, subject text, body text)
), inserted as (
  insert into letters (id, key, user_id, email, kind, order_id, amount, subject, body)
  select id, key, "userId", email, kind, "orderId", amount, subject, body from input
  on conflict (key) do nothing returning *
)
select i.ord, false as replayed, l.* from input i join inserted l on l.id = i.id
union all
select i.ord, true as replayed, l.* from input i join letters l on l.key = i.key
where not exists (select from inserted n where n.id = i.id)`

export const createNotificationStore = (database: Database) => {
  const insert = database.statement<LetterToStore & { id: string }, StoredLetter & { ord: number }>(
    'insert letters',
    insertText,
    (letter) => [letter.key],
  )

  const list = ({ userId, orderId, cursor, limit }: LetterQuery): Promise<LetterRow[]> =>
    database.read('list letters', (reader) =>
      reader
        .select()
        .from(letters)
        .where(
          and(
            userId === undefined ? undefined : eq(letters.userId, userId),
            orderId === undefined ? undefined : eq(letters.orderId, orderId),
            cursor === undefined ? undefined : lt(letters.id, cursor),
          ),
        )
        .orderBy(desc(letters.id))
        .limit(limit + 1),
    )

  return {
    insert: (letter: LetterToStore): Promise<StoredLetter> => insert({ id: uuidv7(), ...letter }),
    list,
  }
}

export type NotificationStore = ReturnType<typeof createNotificationStore>
