import { sql } from 'drizzle-orm'
import {
  boolean,
  check,
  doublePrecision,
  foreignKey,
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
import { locales, memberRoles } from './states.ts'

export { operatorActs } from '../../platform/database/operator-acts.ts'

const time = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })

/** Members come and go at one of these: rounded, two of them could change their order. */
const moment = (name: string) => timestamp(name, { withTimezone: true })

/** What people see of a company. */
const shownColumns = () => ({
  name: text().notNull(),
  description: text(),
  address: text(),
  phone: text(),
  lat: doublePrecision(),
  lng: doublePrecision(),
  active: boolean().notNull(),
})

/**
 * Companies as they are now. Whoever changes a company or its members locks its row and moves its
 * version: who decided by what an older version showed must look again.
 */
export const companies = pgTable(
  'companies',
  {
    id: uuid().primaryKey(),
    ...shownColumns(),
    version: integer().notNull().default(1),
    createdAt: time('created_at').notNull().defaultNow(),
  },
  (table) => [
    index('companies_active')
      .on(table.id)
      .where(sql`${table.active}`),
    check('companies_place', sql`(${table.lat} is null) = (${table.lng} is null)`),
  ],
)

/** What a company was after each change, for ever: answers to POST and PATCH are built from it. */
export const companyVersions = pgTable(
  'company_versions',
  {
    id: uuid().primaryKey(),
    companyId: uuid('company_id')
      .notNull()
      .references(() => companies.id),
    /** The first one is that of its creation. */
    version: integer().notNull(),
    actor: uuid().notNull(),
    /** Keys belong to who acts. */
    idempotencyKey: text('idempotency_key'),
    /** What was asked for: a repeat is compared with it. */
    payload: jsonb().notNull(),
    ...shownColumns(),
    requestId: text('request_id').notNull(),
    createdAt: time('created_at').notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('company_versions_number').on(table.companyId, table.version),
    uniqueIndex('company_versions_first_key')
      .on(table.actor, table.idempotencyKey)
      .where(sql`${table.version} = 1`),
    uniqueIndex('company_versions_key')
      .on(table.companyId, table.actor, table.idempotencyKey)
      .where(sql`${table.version} > 1`),
  ],
)

/**
 * Who was a member from when to when. A row is only ever ended, so that everybody who asks for one
 * moment hears the same.
 */
export const memberships = pgTable(
  'memberships',
  {
    id: uuid().primaryKey(),
    companyId: uuid('company_id')
      .notNull()
      .references(() => companies.id),
    userId: uuid('user_id').notNull(),
    role: text({ enum: memberRoles }).notNull(),
    /** As user told them when this person joined. */
    name: text().notNull(),
    email: text().notNull(),
    locale: text({ enum: locales }).notNull(),
    joinedAt: moment('joined_at').notNull().defaultNow(),
    /** Null for who is a member now. */
    leftAt: moment('left_at'),
    addedBy: uuid('added_by').notNull(),
    removedBy: uuid('removed_by'),
    /** Keys belong to who acts. */
    idempotencyKey: text('idempotency_key'),
    requestId: text('request_id').notNull(),
  },
  (table) => [
    uniqueIndex('memberships_present')
      .on(table.companyId, table.userId)
      .where(sql`${table.leftAt} is null`),
    uniqueIndex('memberships_key').on(table.companyId, table.addedBy, table.idempotencyKey),
    index('memberships_of_user')
      .on(table.userId, table.companyId)
      .where(sql`${table.leftAt} is null`),
    /** By the person first: else it is as good as the first one, and full of who has left. */
    index('memberships_over_time').on(table.userId, table.companyId, table.joinedAt),
    /** Finds who was there at a moment without a look at all who left before. */
    index('memberships_until').on(
      table.companyId,
      sql`coalesce(${table.leftAt}, 'infinity'::timestamptz)`,
    ),
    check('memberships_role', isListed(table.role, memberRoles)),
    check('memberships_locale', isListed(table.locale, locales)),
    check('memberships_end', sql`${table.leftAt} >= ${table.joinedAt}`),
    check('memberships_removed', sql`(${table.leftAt} is null) = (${table.removedBy} is null)`),
  ],
)

/** A tree of which everybody may hold a part: only names change. */
export const categories = pgTable(
  'categories',
  {
    id: uuid().primaryKey(),
    /** Its place among all: two that are added at once cannot have the same, and there is an end. */
    place: integer().notNull(),
    name: text().notNull(),
    parentId: uuid('parent_id'),
    depth: integer().notNull(),
    createdAt: time('created_at').notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('categories_place').on(table.place),
    foreignKey({
      name: 'categories_parent',
      columns: [table.parentId],
      foreignColumns: [table.id],
    }),
    check('categories_count', sql`${table.place} between 1 and 500`),
    check('categories_depth', sql`${table.depth} between 1 and 3`),
    check('categories_root', sql`(${table.parentId} is null) = (${table.depth} = 1)`),
  ],
)

/** Each name that a category was given, for ever: answers to POST and PATCH are built from it. */
export const categoryNames = pgTable(
  'category_names',
  {
    id: uuid().primaryKey(),
    categoryId: uuid('category_id')
      .notNull()
      .references(() => categories.id),
    /** Whether the category was added with it. */
    isFirst: boolean('is_first').notNull(),
    name: text().notNull(),
    actor: uuid().notNull(),
    /** Keys belong to who acts. */
    idempotencyKey: text('idempotency_key'),
    requestId: text('request_id').notNull(),
    createdAt: time('created_at').notNull().defaultNow(),
  },
  (table) => [
    uniqueIndex('category_names_first_key')
      .on(table.actor, table.idempotencyKey)
      .where(sql`${table.isFirst}`),
    uniqueIndex('category_names_key')
      .on(table.categoryId, table.actor, table.idempotencyKey)
      .where(sql`not ${table.isFirst}`),
  ],
)

export type CompanyRow = typeof companies.$inferSelect
export type VersionRow = typeof companyVersions.$inferSelect
export type MemberRow = typeof memberships.$inferSelect
export type CategoryRow = typeof categories.$inferSelect
export type CategoryNameRow = typeof categoryNames.$inferSelect
