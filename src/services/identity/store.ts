import { eq, sql } from 'drizzle-orm'
import type { Database } from '../../platform/database/db.ts'
import { defineStatement, rowsOf, text, type ItemOf } from '../../platform/database/statement.ts'
import { logins, secrets, sessions, type LoginRow } from './schema.ts'
import type { Role } from './states.ts'

export type { LoginRow } from './schema.ts'

export type StoredLogin = LoginRow & { readonly replayed: boolean }

/** Nothing was stored: another user's login has this name. */
export interface HeldName {
  readonly id: null
}

const insertLogins = defineStatement(import.meta.url, {
  name: 'insert logins',
  table: logins,
  input: {
    id: 'uuid',
    username: 'text',
    email: 'text',
    locale: text<LoginRow['locale']>(),
    passwordHash: 'text',
  },
  returns: rowsOf<StoredLogin | HeldName>(),
  distinctBy: ({ id, username }) => [id, `username ${username.toLowerCase()}`],
})

export type LoginToStore = ItemOf<typeof insertLogins>

const changeRoles = defineStatement(import.meta.url, {
  name: 'change roles',
  table: logins,
  input: { username: 'text', role: text<Role>(), granted: 'boolean' },
  returns: rowsOf<LoginRow>(),
})

const changePasswords = defineStatement(import.meta.url, {
  name: 'change passwords',
  input: { username: 'text', passwordHash: 'text' },
  returns: rowsOf<{ readonly username: string }>(),
})

const openSessions = defineStatement(import.meta.url, {
  name: 'open sessions',
  table: sessions,
  input: { id: 'uuid', loginId: 'uuid', secretHash: 'text', lifetimeMs: 'bigint' },
  returns: rowsOf<{ readonly id: string }>(),
})

/** The login, if the session was refreshed. `reused` says that it ended by this. */
type Refreshed = { readonly reused: boolean } & (LoginRow | { readonly id: null })

const refreshSessions = defineStatement(import.meta.url, {
  name: 'refresh sessions',
  table: logins,
  input: { id: 'uuid', presented: 'text', next: 'text' },
  returns: rowsOf<Refreshed>(),
  distinctBy: ({ id }) => [id],
})

const endSessions = defineStatement(import.meta.url, {
  name: 'end sessions',
  input: { id: 'uuid' },
  returns: rowsOf<{ readonly ended: boolean }>(),
  distinctBy: ({ id }) => [id],
})

const forgetSessions = defineStatement(import.meta.url, {
  name: 'forget sessions',
  input: { maxRows: 'int' },
  returns: rowsOf<{ readonly id: string }>(),
})

const keepSecrets = defineStatement(import.meta.url, {
  name: 'keep secrets',
  table: secrets,
  input: { name: 'text', value: 'text' },
  returns: rowsOf<{ readonly value: string }>(),
  distinctBy: ({ name }) => [name],
})

export const createIdentityStore = (database: Database) => {
  const findByName = async (username: string): Promise<LoginRow | undefined> => {
    const rows = await database.read('find login by name', (reader) =>
      reader
        .select()
        .from(logins)
        .where(eq(sql`lower(${logins.username})`, username.toLowerCase())),
    )
    return rows[0]
  }

  const find = async (id: string): Promise<LoginRow | undefined> => {
    const rows = await database.read('find login', (reader) =>
      reader.select().from(logins).where(eq(logins.id, id)),
    )
    return rows[0]
  }

  return {
    insertLogin: database.statement(insertLogins),
    findByName,
    find,
    changeRole: async (change: ItemOf<typeof changeRoles>): Promise<LoginRow | undefined> =>
      (await database.execute(changeRoles, [change]))[0],
    /** Ends all that its owner is signed in by as well. Undefined: there is no such login. */
    changePassword: async (change: ItemOf<typeof changePasswords>) =>
      (await database.execute(changePasswords, [change]))[0],
    openSession: database.statement(openSessions),
    refreshSession: database.statement(refreshSessions),
    endSession: database.statement(endSessions),
    forgetSessions: async (maxRows: number): Promise<number> =>
      (await database.execute(forgetSessions, [{ maxRows }])).length,
    /** The secret of this name: the given one, unless there was one already. */
    keepSecret: database.statement(keepSecrets),
  }
}

export type IdentityStore = ReturnType<typeof createIdentityStore>
