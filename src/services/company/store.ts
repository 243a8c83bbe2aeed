import { and, desc, eq, isNull, lt, sql } from 'drizzle-orm'
import type { Database } from '../../platform/database/db.ts'
import { afterAllIds } from '../../platform/database/owners.ts'
import { foundRows, namedColumns, namedIn } from '../../platform/database/search.ts'
import {
  defineStatement,
  json,
  rowsOf,
  text,
  type ItemOf,
} from '../../platform/database/statement.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import type { CompanyChange, NewCompany } from './contract.ts'
import {
  companies,
  companyVersions,
  memberships,
  type CompanyRow,
  type MemberRow,
  type VersionRow,
} from './schema.ts'

/** A version with what answers show beside it. */
export type ShownVersion = VersionRow & { readonly companyCreatedAt: Date }

export type InsertedCompany = ShownVersion & { readonly replayed: boolean }

/** Why something was not done: nothing is stored, and it may succeed another time. */
export type Refused<Outcome extends string> = Outcome extends string
  ? { readonly outcome: Outcome }
  : never

export interface Told {
  /** `known` when an earlier request with the same key has done it. */
  readonly outcome: 'done' | 'known'
}

export type ChangedCompany = (Told & ShownVersion) | Refused<'missing' | 'forbidden'>

const insertCompanies = defineStatement(import.meta.url, {
  name: 'insert companies',
  table: companyVersions,
  input: {
    id: 'uuid',
    versionId: 'uuid',
    membershipId: 'uuid',
    actor: 'uuid',
    /** Who the actor is: the first member. */
    memberName: 'text',
    email: 'text',
    locale: text<MemberRow['locale']>(),
    payload: json<NewCompany>(),
    idempotencyKey: 'text?',
    requestId: 'text',
  },
  returns: rowsOf<InsertedCompany>(),
})

const changeCompanies = defineStatement(import.meta.url, {
  name: 'change companies',
  table: companyVersions,
  input: {
    id: 'uuid',
    companyId: 'uuid',
    actor: 'uuid',
    isOperator: 'boolean',
    payload: json<CompanyChange>(),
    idempotencyKey: 'text?',
    requestId: 'text',
  },
  returns: rowsOf<ChangedCompany>(),
  distinctBy: ({ companyId }) => [companyId],
})

type NewVersion = Omit<ItemOf<typeof insertCompanies>, 'id' | 'versionId' | 'membershipId'>
type Change = Omit<ItemOf<typeof changeCompanies>, 'id'>

export interface CompaniesPage {
  /** Only companies of which this user is a member. */
  readonly memberId?: string | undefined
  /** Also those that are not active. */
  readonly withInactive: boolean
  readonly cursor?: string | undefined
  readonly limit: number
}

const isPresent = isNull(memberships.leftAt)
/** Written out: with parameters instead, Postgres could not know that a partial index fits. */
const isFirst = sql`${companyVersions.version} = 1`
const isActive = sql`${companies.active}`

const searchCompanies = defineStatement(import.meta.url, {
  name: 'search companies',
  input: { id: namedColumns.id, maxItems: namedColumns.maxItems },
  returns: foundRows,
})

export const createCompanyStore = (database: Database) => {
  const insert = database.statement(insertCompanies)
  const change = database.statement(changeCompanies)

  const find = async (id: string): Promise<CompanyRow | undefined> => {
    const [found] = await database.read('find company', (reader) =>
      reader.select().from(companies).where(eq(companies.id, id)),
    )
    return found
  }

  /** The company that a key has created. */
  const findByKey = async (
    actor: string,
    idempotencyKey: string,
  ): Promise<InsertedCompany | undefined> => {
    const [found] = await database.read('find company by key', (reader) =>
      reader
        .select()
        .from(companyVersions)
        .where(
          and(
            eq(companyVersions.actor, actor),
            eq(companyVersions.idempotencyKey, idempotencyKey),
            isFirst,
          ),
        ),
    )
    return found && { ...found, companyCreatedAt: found.createdAt, replayed: true }
  }

  /** The newest first. */
  const list = async ({
    memberId,
    withInactive,
    cursor = afterAllIds,
    limit,
  }: CompaniesPage): Promise<CompanyRow[]> => {
    if (memberId === undefined) {
      const shown = withInactive ? undefined : isActive
      return database.read('list companies', (reader) =>
        reader
          .select()
          .from(companies)
          .where(and(shown, lt(companies.id, cursor)))
          .orderBy(desc(companies.id))
          .limit(limit + 1),
      )
    }
    const rows = await database.read('list own companies', (reader) =>
      reader
        .select({ company: companies })
        .from(memberships)
        .innerJoin(companies, eq(companies.id, memberships.companyId))
        .where(and(eq(memberships.userId, memberId), isPresent, lt(memberships.companyId, cursor)))
        .orderBy(desc(memberships.companyId))
        .limit(limit + 1),
    )
    return rows.map(({ company }) => company)
  }

  return {
    search: (text: string) => database.lookUp(searchCompanies, namedIn(text)),
    insert: (company: NewVersion): Promise<InsertedCompany> =>
      insert({ ...company, id: uuidv7(), versionId: uuidv7(), membershipId: uuidv7() }),
    change: (wanted: Change): Promise<ChangedCompany> => change({ ...wanted, id: uuidv7() }),
    find,
    findByKey,
    list,
  }
}

export type CompanyStore = ReturnType<typeof createCompanyStore>
