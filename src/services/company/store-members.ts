import { and, asc, eq, gt, isNull } from 'drizzle-orm'
import type { Database } from '../../platform/database/db.ts'
import { defineStatement, rowsOf, text, type ItemOf } from '../../platform/database/statement.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import type { Managers } from './contract.ts'
import { companies, memberships, type MemberRow } from './schema.ts'
import { maxMembers, type MemberRole } from './states.ts'
import type { Refused, Told } from './store.ts'

export type AddedMember = (Told & MemberRow) | Refused<'missing' | 'forbidden' | 'exists' | 'full'>

export type RemovedMember =
  | ({ readonly outcome: 'done' } & MemberRow)
  | Refused<'missing' | 'forbidden' | 'nobody' | 'last'>

export type FoundManagers =
  | { readonly outcome: 'told'; readonly managers: Managers['managers'] }
  | Refused<'missing' | 'early'>

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

type NewMembership = Omit<ItemOf<typeof addMembers>, 'id' | 'maxMembers'>

export interface MembersPage {
  readonly companyId: string
  readonly cursor?: string | undefined
  readonly limit: number
}

/** The cursor of the first page by ascending ids: it is less than every id. */
const beforeAllIds = '00000000-0000-0000-0000-000000000000'

const isPresent = isNull(memberships.leftAt)

export const createMemberStore = (database: Database) => {
  const addMember = database.statement(addMembers)

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
          and(eq(memberships.companyId, companies.id), eq(memberships.userId, userId), isPresent),
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
        .where(and(eq(memberships.companyId, companyId), gt(memberships.userId, cursor), isPresent))
        .orderBy(asc(memberships.userId))
        .limit(limit + 1),
    )

  return {
    addMember: (member: NewMembership): Promise<AddedMember> =>
      addMember({ ...member, id: uuidv7(), maxMembers }),
    removeMember: database.statement(removeMembers),
    findManagers: database.statement(findManagers),
    findRole,
    findMemberByKey,
    listMembers,
  }
}

export type MemberStore = ReturnType<typeof createMemberStore>
