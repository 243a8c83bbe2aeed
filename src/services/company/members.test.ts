import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { addMember, personOf, startCompany, type WithCompany } from '../../../test/lab/company.ts'
import type { Api } from '../../../test/lab/http.ts'
import { shortBudgets } from '../../../test/lab/service.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { maxMembers } from './states.ts'

let system: WithCompany
let api: Api
let owner: string
let companyId: string
let somebody: string
const operator = { id: uuidv7(), roles: ['operator'] }
beforeAll(async () => {
  system = await startCompany(shortBudgets)
  api = system.company.api
})
beforeEach(async () => {
  system.healUser()
  owner = system.newPerson()
  somebody = system.newPerson()
  companyId = await system.newCompany(owner)
})

type Options = NonNullable<Parameters<Api['post']>[2]>

const members = (id = companyId) => `/companies/${id}/members`
const add = (userId: string, options: Options, role = 'MANAGER') =>
  api.post(members(), { userId, role }, options)
const remove = (userId: string, as: Options['as'], id = companyId) =>
  api.delete(`${members(id)}/${userId}`, { as })
const listed = async () => {
  const { body } = await api.get(`${members()}?limit=100`, { as: operator })
  return body.items.map(({ userId }: { userId: string }) => userId) as string[]
}
const rows = () => system.database.sql`
  select * from memberships where company_id = ${companyId} order by id`

describe('a new member', () => {
  it('is kept as user tells who it is', async () => {
    const { status, body } = await add(somebody, { as: owner })
    const { name, email } = personOf(somebody)
    const joined = { joinedAt: expect.any(String), leftAt: null }
    expect([status, body]).toEqual([
      201,
      { companyId, userId: somebody, role: 'MANAGER', name, email, ...joined },
    ])
    expect(await rows()).toMatchObject([{}, { user_id: somebody, locale: 'ru', added_by: owner }])
  })

  it.each(['refuse', 'hang', 'drop-answer', { status: 500 }, { status: 200, body: '{}' }] as const)(
    'is not kept while user does not tell who it is: %j',
    async (behaviour) => {
      system.toUser.behave(behaviour)
      const { status, body, headers } = await add(somebody, { as: owner, key: 'k' })
      expect([status, body.code, headers['retry-after']]).toEqual([503, 'unavailable', '1'])
      expect(await rows()).toHaveLength(1)
      system.healUser()
      expect((await add(somebody, { as: owner, key: 'k' })).status).toBe(201)
    },
  )

  it('must have signed up', async () => {
    const { status, body } = await add(uuidv7(), { as: owner })
    expect([status, body.code]).toEqual([404, 'user-not-found'])
    expect(await rows()).toHaveLength(1)
  })

  it('cannot be one already, and can be one again', async () => {
    await add(somebody, { as: owner })
    const twice = await add(somebody, { as: owner }, 'ADMIN')
    expect([twice.status, twice.body.code]).toEqual([409, 'member-exists'])
    await remove(somebody, owner)
    expect((await add(somebody, { as: owner }, 'ADMIN')).status).toBe(201)
    expect(await rows()).toHaveLength(3)
  })

  it('may be added by an operator and by an ADMIN who was added', async () => {
    await addMember(system, companyId, { userId: somebody, role: 'ADMIN', as: owner })
    for (const as of [operator, somebody]) {
      expect((await add(system.newPerson(), { as })).status).toBe(201)
    }
  })

  it('is not added by a MANAGER or a stranger, and they learn nothing about who is a user', async () => {
    await add(somebody, { as: owner })
    const asked = system.toUser.seen.length
    for (const as of [somebody, system.newPerson()]) {
      for (const userId of [system.newPerson(), uuidv7(), owner]) {
        const { status, body } = await add(userId, { as })
        expect([status, body.code]).toEqual([403, 'forbidden'])
      }
    }
    expect(system.toUser.seen).toHaveLength(asked)
    expect(await rows()).toHaveLength(2)
  })

  it('is not added to a company that is not there', async () => {
    for (const as of [owner, operator]) {
      const body = { userId: somebody, role: 'MANAGER' }
      const answer = await api.post(members(uuidv7()), body, { as })
      expect([answer.status, answer.body.code]).toEqual([404, 'company-not-found'])
    }
  })

  it('is added once by each key, and a repeat is identical whatever became of them', async () => {
    const first = await add(somebody, { as: owner, key: 'k' })
    await remove(somebody, owner)
    system.toUser.behave('refuse')
    const again = await add(somebody, { as: owner, key: 'k' })
    expect([again.status, again.text]).toEqual([201, first.text])
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(await listed()).toEqual([owner])
    for (const answer of [
      await add(somebody, { as: owner, key: 'k' }, 'ADMIN'),
      await add(owner, { as: owner, key: 'k' }),
    ]) {
      expect([answer.status, answer.body.code]).toEqual([422, 'idempotency-key-reused'])
    }
  })

  it('has a key of who adds it, in this company', async () => {
    await add(somebody, { as: owner, key: 'k' })
    const other = await add(system.newPerson(), { as: operator, key: 'k' })
    expect([other.status, other.headers['idempotency-replayed']]).toEqual([201, undefined])
    const elsewhere = await system.newCompany(owner)
    const body = { userId: somebody, role: 'MANAGER' }
    const there = await api.post(members(elsewhere), body, { as: owner, key: 'k' })
    expect([there.status, there.body.companyId]).toEqual([201, elsewhere])
  })

  it('is one too many when the company has as many as it may have', async () => {
    await system.database.sql`
      insert into memberships (id, company_id, user_id, role, name, email, locale, added_by, request_id)
      select gen_random_uuid(), ${companyId}, gen_random_uuid(), 'MANAGER', 'n', 'e', 'en', ${owner}, 'r'
      from generate_series(1, ${maxMembers - 2})`
    expect((await add(somebody, { as: owner })).status).toBe(201)
    const { status, body } = await add(system.newPerson(), { as: owner })
    expect([status, body.code]).toEqual([409, 'member-limit'])
    await remove(somebody, owner)
    expect((await add(system.newPerson(), { as: owner })).status).toBe(201)
  })
})

describe('the members of a company', () => {
  it('are shown to members and operators, by their ids, and to nobody else', async () => {
    await add(somebody, { as: owner })
    const left = system.newPerson()
    await add(left, { as: owner })
    await remove(left, owner)
    for (const as of [owner, somebody, operator]) {
      const { status, body } = await api.get(members(), { as })
      expect(status).toBe(200)
      expect(body.items.map(({ userId }: { userId: string }) => userId)).toEqual(
        [owner, somebody].toSorted(),
      )
    }
    for (const as of [left, system.newPerson()]) {
      const { status, body } = await api.get(members(), { as })
      expect([status, body.code]).toEqual([403, 'forbidden'])
    }
    for (const as of [owner, operator]) {
      const { status, body } = await api.get(members(uuidv7()), { as })
      expect([status, body.code]).toEqual([404, 'company-not-found'])
    }
  })

  it('come in pages', async () => {
    await add(somebody, { as: owner })
    const [one, other] = [owner, somebody].toSorted()
    const first = await api.get(`${members()}?limit=1`, { as: owner })
    expect(first.body).toMatchObject({ items: [{ userId: one }], next: one })
    const second = await api.get(`${members()}?limit=1&cursor=${one}`, { as: owner })
    expect(second.body).toMatchObject({ items: [{ userId: other }], next: null })
  })
})

describe('a member who goes', () => {
  it.each([
    ['an ADMIN', () => owner],
    ['an operator', () => operator],
    ['the member', () => somebody],
  ])('is removed by %s, and a repeat answers the same', async (_who, actor) => {
    const { joinedAt } = (await add(somebody, { as: owner })).body
    const first = await remove(somebody, actor())
    expect([first.status, first.body]).toMatchObject([200, { userId: somebody, joinedAt }])
    expect(Date.parse(first.body.leftAt)).toBeGreaterThanOrEqual(Date.parse(joinedAt))
    expect(await listed()).toEqual([owner])
    const again = await remove(somebody, actor())
    expect([again.status, again.text]).toEqual([200, first.text])
  })

  it('is told the same also to an ADMIN who has gone since, and to no other stranger', async () => {
    await add(somebody, { as: owner }, 'ADMIN')
    const third = system.newPerson()
    await add(third, { as: owner })
    const first = await remove(third, somebody)
    await remove(somebody, owner)
    const again = await remove(third, somebody)
    expect([again.status, again.text]).toEqual([200, first.text])
    const stranger = await remove(third, system.newPerson())
    expect([stranger.status, stranger.body.code]).toEqual([403, 'forbidden'])
  })

  it('is not removed by a MANAGER or a stranger', async () => {
    await add(somebody, { as: owner })
    for (const as of [somebody, system.newPerson()]) {
      const { status, body } = await remove(owner, as)
      expect([status, body.code]).toEqual([403, 'forbidden'])
    }
    expect(await listed()).toHaveLength(2)
  })

  it('must have been one', async () => {
    for (const [userId, as] of [
      [somebody, owner],
      [somebody, somebody],
      [somebody, operator],
    ] as const) {
      const { status, body } = await remove(userId, as)
      expect([status, body.code]).toEqual([404, 'member-not-found'])
    }
    const { status, body } = await remove(owner, operator, uuidv7())
    expect([status, body.code]).toEqual([404, 'company-not-found'])
  })

  it('is never the last ADMIN, whoever asks', async () => {
    await add(somebody, { as: owner })
    for (const as of [owner, operator]) {
      const { status, body } = await remove(owner, as)
      expect([status, body.code]).toEqual([409, 'last-admin'])
    }
    await add(system.newPerson(), { as: owner }, 'ADMIN')
    expect((await remove(owner, owner)).status).toBe(200)
  })
})
