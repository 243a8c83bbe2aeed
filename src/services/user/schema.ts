import { sql } from 'drizzle-orm'
import {
  check,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { isListed } from '../../platform/database/checks.ts'
import type { TimelineEntry } from '../../platform/saga/due-rows.ts'
import { accountStatuses, locales, refusalReasons } from './states.ts'

export { operatorActs } from '../../platform/database/operator-acts.ts'
export { retries } from '../../platform/database/retries.ts'
export { throttled } from '../../platform/database/throttled.ts'

/**
 * People, and the saga that makes their logins and opens their accounts. A REFUSED row is no user:
 * it stores a refusal, so that its key never creates a user later.
 */
export const users = pgTable(
  'users',
  {
    id: uuid().primaryKey(),
    username: text().notNull(),
    email: text().notNull(),
    phone: text(),
    firstName: text('first_name'),
    lastName: text('last_name'),
    locale: text({ enum: locales }).notNull().default('en'),
    /** What the password is checked by, kept until identity has it. Null also where it never was. */
    passwordHash: text('password_hash'),
    /** The hash without its secret part, kept for ever: a repeat makes the hash again with it. */
    passwordSalt: text('password_salt'),
    idempotencyKey: text('idempotency_key').unique('users_key'),
    requestId: text('request_id').notNull(),
    account: text({ enum: accountStatuses }).notNull(),
    reason: text({ enum: refusalReasons }),
    dueAt: timestamp('due_at', { withTimezone: true }),
    attempts: integer().notNull().default(0),
    timeline: jsonb().$type<TimelineEntry[]>().notNull().default([]),
    createdAt: timestamp('created_at', { withTimezone: true, precision: 3 }).notNull().defaultNow(),
    /** Where its spans belong; null when nobody collected traces. */
    trace: text(),
  },
  (table) => [
    uniqueIndex('users_username')
      .on(sql`lower(${table.username})`)
      .where(sql`${table.account} <> 'REFUSED'`),
    uniqueIndex('users_email')
      .on(sql`lower(${table.email})`)
      .where(sql`${table.account} <> 'REFUSED'`),
    index('users_due')
      .on(table.dueAt)
      .where(sql`${table.dueAt} is not null`),
    check('users_account', isListed(table.account, accountStatuses)),
    check('users_known_reason', isListed(table.reason, refusalReasons)),
    check('users_reason', sql`(${table.account} = 'REFUSED') = (${table.reason} is not null)`),
    check('users_known_locale', isListed(table.locale, locales)),
    // Whose login is not made yet has no open account, and a refusal keeps nothing of a password.
    check(
      'users_password_hash',
      sql`${table.passwordHash} is null or (${table.account} = 'PENDING' and ${table.passwordSalt} is not null)`,
    ),
    check(
      'users_password_salt',
      sql`${table.passwordSalt} is null or ${table.account} <> 'REFUSED'`,
    ),
    check('users_due', sql`(${table.account} = 'PENDING') = (${table.dueAt} is not null)`),
  ],
)

export type UserRow = typeof users.$inferSelect
