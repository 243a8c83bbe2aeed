import { and, eq, ne } from 'drizzle-orm'
import { createDueRows, entry } from '../../platform/saga/due-rows.ts'
import { defineStatement, rowsOf, type ItemOf } from '../../platform/database/statement.ts'
import type { Database } from '../../platform/database/db.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { users, type UserRow } from './schema.ts'

export type { UserRow } from './schema.ts'

export type StoredUser = UserRow & { readonly replayed: boolean }

/** Nobody was stored: the name or the address is taken, and there was no key to remember that under. */
export interface TakenUser {
  readonly id: null
  readonly reason: NonNullable<UserRow['reason']>
}

const insertUsers = defineStatement(import.meta.url, {
  name: 'insert users',
  table: users,
  input: {
    id: 'uuid',
    username: 'text',
    email: 'text',
    phone: 'text?',
    firstName: 'text?',
    lastName: 'text?',
    idempotencyKey: 'text?',
    requestId: 'text',
    leaseMs: 'int',
  },
  returns: rowsOf<StoredUser | TakenUser>(),
  distinctBy: ({ username, email, idempotencyKey }) => [
    `username ${username.toLowerCase()}`,
    `email ${email.toLowerCase()}`,
    ...(idempotencyKey === null ? [] : [`key ${idempotencyKey}`]),
  ],
})

export type UserToStore = Omit<ItemOf<typeof insertUsers>, 'id' | 'leaseMs'>

const openUsers = defineStatement(import.meta.url, {
  name: 'open users',
  table: users,
  input: { id: 'uuid', entry },
  returns: rowsOf<UserRow>(),
  distinctBy: ({ id }) => [id],
})

export const createUserStore = (database: Database, leaseMs: number) => {
  const insert = database.statement(insertUsers)

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
    markOpen: database.statement(openUsers),
    find,
    due: createDueRows(database, users, leaseMs),
  }
}

export type UserStore = ReturnType<typeof createUserStore>
