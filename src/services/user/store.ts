import { and, eq, getTableColumns, ne } from 'drizzle-orm'
import type { BacklogColumns } from '../../platform/saga/backlog.ts'
import { createDueRows, entry } from '../../platform/saga/due-rows.ts'
import { createOwed, createOwing } from '../../platform/saga/owed.ts'
import { foundRows, soughtColumns, soughtIn } from '../../platform/database/search.ts'
import { defineStatement, rowsOf, text, type ItemOf } from '../../platform/database/statement.ts'
import type { Database } from '../../platform/database/db.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { traceOfRow } from '../../platform/base/trace.ts'
import { users, type UserRow } from './schema.ts'
import type { Locale } from './states.ts'

export type { UserRow } from './schema.ts'

/** A user as it may be shown: nothing of the password is even read. */
export type ShownUser = Omit<UserRow, 'passwordHash' | 'passwordSalt'>

export type StoredUser = UserRow & { readonly replayed: boolean }

/**
 * Nobody was stored: this person signed up before, or the name or the address is taken and there was
 * no key to remember that under.
 */
export interface TakenUser {
  readonly id: null
  readonly reason: NonNullable<UserRow['reason']> | 'user-exists'
}

const insertUsers = defineStatement(import.meta.url, {
  name: 'insert users',
  table: users,
  input: {
    id: 'uuid',
    refusalId: 'uuid',
    username: 'text',
    email: 'text',
    phone: 'text?',
    firstName: 'text?',
    lastName: 'text?',
    locale: text<Locale>(),
    passwordHash: 'text?',
    passwordSalt: 'text?',
    idempotencyKey: 'text?',
    requestId: 'text',
    trace: 'text?',
    leaseMs: 'int',
  },
  returns: rowsOf<StoredUser | TakenUser>(),
  distinctBy: ({ id, username, email, idempotencyKey }) => [
    `id ${id}`,
    `username ${username.toLowerCase()}`,
    `email ${email.toLowerCase()}`,
    ...(idempotencyKey === null ? [] : [`key ${idempotencyKey}`]),
  ],
})

export type UserToStore = Omit<
  ItemOf<typeof insertUsers>,
  'id' | 'refusalId' | 'trace' | 'leaseMs'
> & {
  /** Another issuer has chosen it; our own users get a new one. */
  readonly id?: string
}

const noteLogins = defineStatement(import.meta.url, {
  name: 'note logins',
  table: users,
  input: { id: 'uuid', entry },
  returns: rowsOf<UserRow>(),
  distinctBy: ({ id }) => [id],
})

const openUsers = defineStatement(import.meta.url, {
  name: 'open users',
  table: users,
  input: { id: 'uuid', entry },
  returns: rowsOf<UserRow & { readonly changed: boolean }>(),
  distinctBy: ({ id }) => [id],
})

const { passwordHash: _hash, passwordSalt: _salt, ...shownColumns } = getTableColumns(users)

const backlog = {
  state: 'account',
  states: ['PENDING'],
  undecidedSince: { PENDING: 'created_at' },
} satisfies BacklogColumns

const searchUsers = defineStatement(import.meta.url, {
  name: 'search users',
  input: soughtColumns,
  returns: foundRows,
})

export const createUserStore = (database: Database, leaseMs: number) => {
  const insert = database.statement(insertUsers)

  const find = async (id: string): Promise<ShownUser | undefined> => {
    const [found] = await database.read('find user', (reader) =>
      reader
        .select(shownColumns)
        .from(users)
        .where(and(eq(users.id, id), ne(users.account, 'REFUSED'))),
    )
    return found
  }

  const findByKey = async (idempotencyKey: string): Promise<StoredUser | undefined> => {
    const [found] = await database.read('find user by key', (reader) =>
      reader.select().from(users).where(eq(users.idempotencyKey, idempotencyKey)),
    )
    return found && { ...found, replayed: true }
  }

  return {
    search: (text: string) => database.lookUp(searchUsers, soughtIn(text)),
    insert: (user: UserToStore): Promise<StoredUser | TakenUser> =>
      insert({ id: uuidv7(), ...user, refusalId: uuidv7(), trace: traceOfRow(), leaseMs }),
    noteLogin: database.statement(noteLogins),
    markOpen: database.statement(openUsers),
    find,
    /** The user or the refusal that a key belongs to. */
    findByKey,
    due: createDueRows(database, users, { leaseMs, backlog }),
    owed: createOwed(
      createOwing(database, {
        kind: 'user',
        table: users,
        tell: ({ id, account, requestId }) => ({
          about: id,
          userId: id,
          state: account,
          requestId,
        }),
      }),
    ),
  }
}

export type UserStore = ReturnType<typeof createUserStore>
