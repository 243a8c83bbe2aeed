import { and, eq, ne } from 'drizzle-orm'
import { createDueRows, type TimelineEntry } from '../../platform/saga/due-rows.ts'
import { appended, fromNow } from '../../platform/database/statement.ts'
import type { Database } from '../../platform/database/db.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { users, type UserRow } from './schema.ts'

export type { UserRow } from './schema.ts'

export interface UserToStore {
  readonly username: string
  readonly email: string
  readonly phone: string | null
  readonly firstName: string | null
  readonly lastName: string | null
  readonly idempotencyKey: string | null
  readonly requestId: string
}

export type StoredUser = UserRow & { readonly replayed: boolean }

/** Nobody was stored: the name or the address is taken, and there was no key to remember that under. */
export interface TakenUser {
  readonly id: null
  readonly reason: NonNullable<UserRow['reason']>
}

/**
 * The user is stored, with the account still PENDING, before billing is asked.
 * A refusal is stored too when it has a key, so that a late repeat finds it.
 */
const insertText = `
with input as materialized (
  select * from json_to_recordset($1::text::json) as t(
    ord int, id uuid, username text, email text, phone text, "firstName" text, "lastName" text,
    "idempotencyKey" text, "requestId" text, "leaseMs" int)
), known as materialized (
  select i.ord, u.id from input i join users u on u.idempotency_key = i."idempotencyKey"
), judged as materialized (
  select i.*, case
    when exists (select from users u where lower(u.username) = lower(i.username)
      and u.account <> 'REFUSED') then 'username-taken'
    when exists (select from users u where lower(u.email) = lower(i.email)
      and u.account <> 'REFUSED') then 'email-taken'
  end as reason
  from input i where not exists (select from known k where k.ord = i.ord)
), inserted as (
  insert into users (id, username, email, phone, first_name, last_name, idempotency_key,
    request_id, account, reason, due_at)
  select id, username, email, phone, "firstName", "lastName", "idempotencyKey", "requestId",
    case when reason is null then 'PENDING' else 'REFUSED' end, reason,
    case when reason is null then ${fromNow('"leaseMs"')} end
  from judged where reason is null or "idempotencyKey" is not null
  on conflict do nothing returning *
), answers as (
  select k.ord, true as replayed, k.id, null as refusal from known k
  union all
  select j.ord, false, n.id, j.reason from judged j left join inserted n on n.id = j.id
  where n.id is not null or (j.reason is not null and j."idempotencyKey" is null)
), stored as (
  select u.* from users u join known k on k.id = u.id union all select * from inserted
)
select a.ord, a.replayed, s.*, coalesce(s.reason, a.refusal) as reason
from answers a left join stored s on s.id = a.id`

const openedText = `
with input as (
  select * from json_to_recordset($1::text::json) as t(ord int, id uuid, entry jsonb)
), opened as (
  update users u set account = 'OPEN', due_at = null, attempts = 0,
    timeline = ${appended('u.timeline', 'i.entry')}
  from input i where u.id = i.id and u.account = 'PENDING' returning u.*
)
select i.ord, o.* from input i join opened o on o.id = i.id
union all
select i.ord, u.* from input i join users u on u.id = i.id where u.account = 'OPEN'`

export const createUserStore = (database: Database, leaseMs: number) => {
  const insert = database.statement<
    UserToStore & { readonly id: string; readonly leaseMs: number },
    (StoredUser | TakenUser) & { readonly ord: number }
  >({
    name: 'insert users',
    text: insertText,
    distinctBy: ({ username, email, idempotencyKey }) => [
      `username ${username.toLowerCase()}`,
      `email ${email.toLowerCase()}`,
      ...(idempotencyKey === null ? [] : [`key ${idempotencyKey}`]),
    ],
  })

  const markOpen = database.statement<
    { readonly id: string; readonly entry: TimelineEntry },
    UserRow & { readonly ord: number }
  >({ name: 'open users', text: openedText, distinctBy: (user) => [user.id] })

  const find = async (id: string): Promise<UserRow | undefined> => {
    const rows = await database.read('find user', (reader) =>
      reader
        .select()
        .from(users)
        .where(and(eq(users.id, id), ne(users.account, 'REFUSED'))),
    )
    return rows[0]
  }

  return {
    insert: (user: UserToStore): Promise<StoredUser | TakenUser> =>
      insert({ ...user, id: uuidv7(), leaseMs }),
    markOpen,
    find,
    due: createDueRows(database, users, leaseMs),
  }
}

export type UserStore = ReturnType<typeof createUserStore>
