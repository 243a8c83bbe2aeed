import { requestIdIn, type ServiceApp } from '../../platform/http/app.ts'
import { ProblemError } from '../../platform/base/errors.ts'
import { personIn, sentKeyIn } from '../../platform/http/caller.ts'
import { defaultPageSize, replayedHeaders, toPage } from '../../platform/http/schemas.ts'
import { memberAsAdded, memberNow } from './answers.ts'
import { addMemberRoute, listMembersRoute, removeMemberRoute } from './contract.ts'
import type { People } from './people.ts'
import { companyNotFound, keyReused, notAMember, notAnAdmin } from './refusals.ts'
import { maxMembers } from './states.ts'
import type { AddedMember, MemberStore, RemovedMember } from './store-members.ts'

export interface MembersDeps {
  readonly members: MemberStore
  readonly whoIs: People
}

type NotAdded = Exclude<AddedMember['outcome'], 'done' | 'known'>
type NotRemoved = Exclude<RemovedMember['outcome'], 'done'>

const cannotAdd = (outcome: NotAdded, companyId: string) => {
  switch (outcome) {
    case 'missing':
      return companyNotFound(companyId)
    case 'forbidden':
      return notAnAdmin()
    case 'exists':
      return new ProblemError('member-exists', 'Whoever is a member already cannot become one.')
    case 'full':
      return new ProblemError('member-limit', `A company may have ${maxMembers} members.`)
  }
}

const cannotRemove = (outcome: NotRemoved, companyId: string, userId: string) => {
  switch (outcome) {
    case 'missing':
      return companyNotFound(companyId)
    case 'forbidden':
      return notAnAdmin()
    case 'nobody':
      return new ProblemError('member-not-found', `User ${userId} never was a member.`)
    case 'last':
      return new ProblemError('last-admin', 'Make somebody else an ADMIN first.')
  }
}

type NewMembership = Parameters<MemberStore['addMember']>[0]
type WantedMember = Omit<NewMembership, 'name' | 'email' | 'locale'>

/** Adds a member, or finds the one that an earlier request with the same key has added. */
const createAdd =
  ({ members, whoIs }: MembersDeps) =>
  async (wanted: WantedMember): Promise<Extract<AddedMember, { outcome: 'done' | 'known' }>> => {
    const { companyId, userId, actor, isOperator, idempotencyKey: key, requestId } = wanted
    // A repeat is answered also while user does not answer.
    const known = key === null ? undefined : await members.findMemberByKey(companyId, actor, key)
    if (known !== undefined) return { ...known, outcome: 'known' }
    // The statement below decides. Asked here, too, a stranger learns nothing about who is a user.
    const found = await members.findRole(companyId, actor)
    if (found === undefined) throw companyNotFound(companyId)
    if (!isOperator && found.role !== 'ADMIN') throw notAnAdmin()
    const { name, email, locale } = await whoIs(userId, requestId)
    const added = await members.addMember({ ...wanted, name, email, locale })
    if (added.outcome === 'done' || added.outcome === 'known') return added
    throw cannotAdd(added.outcome, companyId)
  }

export const serveMembers = (app: ServiceApp, deps: MembersDeps) => {
  const { members } = deps
  const add = createAdd(deps)

  app.openapi(addMemberRoute, async (c) => {
    const { companyId } = c.req.valid('param')
    const { userId, role } = c.req.valid('json')
    const { id: actor, isOperator } = personIn(c)
    const idempotencyKey = sentKeyIn(c)
    const requestId = requestIdIn(c)
    const wanted = { companyId, userId, role, actor, isOperator, idempotencyKey, requestId }
    const added = await add(wanted)
    if (added.userId !== userId || added.role !== role) throw keyReused()
    return c.json(memberAsAdded(added), 201, replayedHeaders(added.outcome === 'known'))
  })

  app.openapi(listMembersRoute, async (c) => {
    const { companyId } = c.req.valid('param')
    const { cursor, limit = defaultPageSize } = c.req.valid('query')
    const { id, isOperator } = personIn(c)
    const found = await members.findRole(companyId, id)
    if (found === undefined) throw companyNotFound(companyId)
    if (!isOperator && found.role === null) throw notAMember()
    const rows = await members.listMembers({ companyId, cursor, limit })
    return c.json(
      toPage(rows, limit, (row) => row.userId, memberNow),
      200,
    )
  })

  app.openapi(removeMemberRoute, async (c) => {
    const { companyId, userId } = c.req.valid('param')
    const { id: actor, isOperator } = personIn(c)
    const removed = await members.removeMember({ companyId, userId, actor, isOperator })
    if (removed.outcome !== 'done') throw cannotRemove(removed.outcome, companyId, userId)
    return c.json(memberNow(removed), 200)
  })
}
