import { sql } from 'drizzle-orm'
import {
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { isListed } from '../../platform/database/checks.ts'
import { locales, sessionEndings } from './states.ts'

export { operatorActs } from '../../platform/database/operator-acts.ts'
export { throttled } from '../../platform/database/throttled.ts'

const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })

/** Who may sign in. The id is that of the user, whose service chose it. */
export const logins = pgTable(
  'logins',
  {
    id: uuid().primaryKey(),
    username: text().notNull(),
    email: text().notNull(),
    locale: text({ enum: locales }).notNull(),
    /** As the user service sent it: repeats of its call are compared with it. */
    passwordHash: text('password_hash').notNull(),
    /** Of the password that a command made since. Then the first one opens nothing any more. */
    newPasswordHash: text('new_password_hash'),
    roles: jsonb().$type<readonly string[]>().notNull().default([]),
    createdAt: time('created_at').notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('logins_username').on(sql`lower(${table.username})`),
    check('logins_locale', isListed(table.locale, locales)),
    check('logins_roles', sql`jsonb_typeof(${table.roles}) = 'array'`),
  ],
)

/** A family of refresh tokens, of which only the newest one serves. */
export const sessions = pgTable(
  'sessions',
  {
    id: uuid().primaryKey(),
    loginId: uuid('login_id')
      .notNull()
      .references(() => logins.id),
    /** SHA-256 of the present refresh token's secret. */
    secretHash: text('secret_hash').notNull(),
    createdAt: time('created_at').notNull().defaultNow(),
    usedAt: time('used_at').notNull().defaultNow(),
    expiresAt: time('expires_at').notNull(),
    endedAt: time('ended_at'),
    ending: text({ enum: sessionEndings }),
  },
  (table) => [
    index('sessions_login').on(table.loginId),
    index('sessions_expiry').on(table.expiresAt),
    check('sessions_known_ending', isListed(table.ending, sessionEndings)),
    check('sessions_ending', sql`(${table.endedAt} is null) = (${table.ending} is null)`),
  ],
)

/** A private key as JWK. */
export interface PrivateJwk {
  readonly kty: string
  readonly crv: string
  readonly x: string
  readonly d: string
}

/**
 * The keys that tokens are signed with, one after the other. A key is published from its first
 * day, signs from `signs_from`, and is removed at `retires_at`: then its row stays, without the key.
 */
export const signingKeys = pgTable(
  'signing_keys',
  {
    kid: text().primaryKey(),
    /** One more than that of the key before: of two replicas that rotate at once, one wins. */
    generation: integer().notNull().unique('signing_keys_generation'),
    jwk: jsonb().$type<PrivateJwk>(),
    createdAt: time('created_at').notNull().defaultNow(),
    signsFrom: time('signs_from').notNull(),
    retiresAt: time('retires_at'),
  },
  (table) => [
    index('signing_keys_present')
      .on(table.generation)
      .where(sql`${table.jwk} is not null`),
    check('signing_keys_removed', sql`${table.jwk} is not null or ${table.retiresAt} is not null`),
  ],
)

/** What else is made once and must be the same in every replica and after a restart. */
export const secrets = pgTable('secrets', {
  name: text().primaryKey(),
  value: text().notNull(),
  createdAt: time('created_at').notNull().defaultNow(),
})

/** What oidc-provider stores: sessions of browsers, codes, refresh tokens, grants. */
export const oidcModels = pgTable(
  'oidc_models',
  {
    model: text().notNull(),
    id: text().notNull(),
    payload: jsonb().$type<Record<string, unknown>>().notNull(),
    uid: text(),
    grantId: text('grant_id'),
    consumedAt: time('consumed_at'),
    expiresAt: time('expires_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.model, table.id] }),
    index('oidc_models_uid')
      .on(table.uid)
      .where(sql`${table.uid} is not null`),
    index('oidc_models_grant')
      .on(table.grantId)
      .where(sql`${table.grantId} is not null`),
    index('oidc_models_expiry').on(table.expiresAt),
    /** Whose it is, or who has signed in by it just now. */
    index('oidc_models_account').on(
      sql`coalesce(${table.payload} ->> 'accountId', ${table.payload} -> 'result' -> 'login' ->> 'accountId')`,
    ),
  ],
)

export type LoginRow = typeof logins.$inferSelect
