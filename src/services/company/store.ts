import { and, asc, desc, eq, gt, isNull, lt, sql } from 'drizzle-orm'
import type { Database } from '../../platform/database/db.ts'
import { afterAllIds } from '../../platform/database/owners.ts'
import {
  defineStatement,
  json,
  rowsOf,
  text,
  type ItemOf,
} from '../../platform/database/statement.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import type { CompanyChange, Managers, NewCompany } from './contract.ts'
import {
  companies,
  companyVersions,
  memberships,
  type CompanyRow,
  type MemberRow,
  type VersionRow,
} from './schema.ts'
import { maxMembers, type MemberRole } from './states.ts'

/** A version with what answers show beside it. */
export type ShownVersion = VersionRow & { readonly companyCreatedAt: Date }

export type InsertedCompany = ShownVersion & { readonly replayed: boolean }

/** Why something was not done: nothing is stored, and it may succeed another time. */
export type Refused<Outcome extends string> = Outcome extends string
  ? { readonly outcome: Outcome }
  : never

interface Told {
  /** `known` when an earlier request with the same key has done it. */
  readonly outcome: 'done' | 'known'
}

export type ChangedCompany = (Told & ShownVersion) | Refused<'missing' | 'forbidden'>

export type AddedMember = (Told & MemberRow) | Refused<'missing' | 'forbidden' | 'exists' | 'full'>

export type RemovedMember =
  | ({ readonly outcome: 'done' } & MemberRow)
  | Refused<'missing' | 'forbidden' | 'nobody' | 'last'>

export type FoundManagers =
  | { readonly outcome: 'told'; readonly managers: Managers['managers'] }
  | Refused<'missing' | 'early'>

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

const addMembers = defineStatement(import.meta.url, {
  name: 'add members',
  table: memberships,
  input: {
    id: 'uuid',
    companyId: 'uuid',
    userId: 'uuid',
    role: text<MemberRole>(),
    name: 'text',
    email: 'text',
    locale: text<MemberRow['locale']>(),
    actor: 'uuid',
    isOperator: 'boolean',
    idempotencyKey: 'text?',
    requestId: 'text',
    maxMembers: 'int',
  },
  returns: rowsOf<AddedMember>(),
  distinctBy: ({ companyId }) => [companyId],
})

const removeMembers = defineStatement(import.meta.url, {
  name: 'remove members',
  table: memberships,
  input: { companyId: 'uuid', userId: 'uuid', actor: 'uuid', isOperator: 'boolean' },
  returns: rowsOf<RemovedMember>(),
  distinctBy: ({ companyId }) => [companyId],
})

const findManagers = defineStatement(import.meta.url, {
  name: 'find managers',
  input: { companyId: 'uuid', at: 'text' },
  returns: rowsOf<FoundManagers>(),
})

type NewVersion = Omit<ItemOf<typeof insertCompanies>, 'id' | 'versionId' | 'membershipId'>
type Change = Omit<ItemOf<typeof changeCompanies>, 'id'>
type NewMembership = Omit<ItemOf<typeof addMembers>, 'id' | 'maxMembers'>

export interface CompaniesPage {
  /** Only companies of which this user is a member. */
  readonly memberId?: string | undefined
  /** Also those that are not active. */
  readonly withInactive: boolean
  readonly cursor?: string | undefined
  readonly limit: number
}

export interface MembersPage {
  readonly companyId: string
  readonly cursor?: string | undefined
  readonly limit: number
}

/** The cursor of the first page by ascending ids: it is less than every id. */
const beforeAllIds = '00000000-0000-0000-0000-000000000000'

const present = isNull(memberships.leftAt)
/** Written out: with parameters instead, Postgres could not know that a partial index fits. */
const isFirst = sql`${companyVersions.version} = 1`
const isActive = sql`${companies.active}`

export const createCompanyStore = (database: Database) => {
  const insert = database.statement(insertCompanies)
  const change = database.statement(changeCompanies)
  const addMember = database.statement(addMembers)

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
        .where(and(eq(memberships.userId, memberId), present, lt(memberships.companyId, cursor)))
        .orderBy(desc(memberships.companyId))
        .limit(limit + 1),
    )
    return rows.map(({ company }) => company)
  }

  /** What a user is in a company now: null is no member, undefined no such company. */
  const findRole = async (
    companyId: string,
    userId: string,
  ): Promise<{ role: MemberRole | null; active: boolean } | undefined> => {
    const [found] = await database.read('find role', (reader) =>
      reader
        .select({ role: memberships.role, active: companies.active })
        .from(companies)
        .leftJoin(
          memberships,
          and(eq(memberships.companyId, companies.id), eq(memberships.userId, userId), present),
        )
        .where(eq(companies.id, companyId)),
    )
    return found
  }

  /** The member that a key has added. */
  const findMemberByKey = async (
    companyId: string,
    actor: string,
    idempotencyKey: string,
  ): Promise<MemberRow | undefined> => {
    const [found] = await database.read('find member by key', (reader) =>
      reader
        .select()
        .from(memberships)
        .where(
          and(
            eq(memberships.companyId, companyId),
            eq(memberships.addedBy, actor),
            eq(memberships.idempotencyKey, idempotencyKey),
          ),
        ),
    )
    return found
  }

  /** Who is a member now, by their ids. */
  const listMembers = ({
    companyId,
    cursor = beforeAllIds,
    limit,
  }: MembersPage): Promise<MemberRow[]> =>
    database.read('list members', (reader) =>
      reader
        .select()
        .from(memberships)
        .where(and(eq(memberships.companyId, companyId), gt(memberships.userId, cursor), present))
        .orderBy(asc(memberships.userId))
        .limit(limit + 1),
    )

  return {
    insert: (company: NewVersion): Promise<InsertedCompany> =>
      insert({ ...company, id: uuidv7(), versionId: uuidv7(), membershipId: uuidv7() }),
    change: (wanted: Change): Promise<ChangedCompany> => change({ ...wanted, id: uuidv7() }),
    addMember: (member: NewMembership): Promise<AddedMember> =>
      addMember({ ...member, id: uuidv7(), maxMembers }),
    removeMember: database.statement(removeMembers),
    findManagers: database.statement(findManagers),
    find,
    findByKey,
    list,
    findRole,
    findMemberByKey,
    listMembers,
  }
}

export type CompanyStore = ReturnType<typeof createCompanyStore>
