import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { addMember, startCompany, type WithCompany } from '../../../test/lab/company.ts'
import type { Api } from '../../../test/lab/http.ts'
import { shortBudgets } from '../../../test/lab/service.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

let system: WithCompany
let api: Api
let owner: string
let companyId: string
const operator = { id: uuidv7(), roles: ['operator'] }
beforeAll(async () => {
  system = await startCompany(shortBudgets)
  api = system.company.api
})
beforeEach(async () => {
  system.healUser()
  owner = system.newPerson()
  companyId = await system.newCompany(owner)
})

const whole = {
  name: 'Парикмахерская',
  description: 'Haircuts',
  address: '1 Main Street',
  phone: '+7 900 123-45-67',
  location: { lat: 55.755_826, lng: -0 },
}
const path = () => `/companies/${companyId}`
const now = async () => (await api.get(path(), { as: 'nobody' })).body
const countOf = async (table: string) => {
  const [row] = await system.database.sql.unsafe(`select count(*)::int from ${table}`)
  return Number(row?.['count'])
}

describe('a new company', () => {
  it('is shown to everybody as it was asked for, and is active', async () => {
    const { status, body, headers } = await api.post('/companies', whole, { as: owner })
    const location = { lat: 55.755_826, lng: 0 }
    const id = expect.any(String)
    const createdAt = expect.any(String)
    expect([status, body]).toEqual([201, { ...whole, id, location, active: true, createdAt }])
    expect(headers['location']).toBe(`/companies/${body.id}`)
    const shown = await api.get(`/companies/${body.id}`, { as: 'nobody' })
    expect([shown.status, shown.body]).toEqual([200, body])
  })

  it('has nothing that was left out', async () => {
    expect(await now()).toMatchObject({
      name: 'Barber',
      description: null,
      address: null,
      phone: null,
      location: null,
    })
  })

  it('has its creator as ADMIN, under the name that user told', async () => {
    const { body } = await api.get(`${path()}/members`, { as: owner })
    const named = { name: `Name ${owner.slice(-8)}`, email: `${owner.slice(-8)}@example.com` }
    expect(body.items).toMatchObject([{ userId: owner, role: 'ADMIN', leftAt: null, ...named }])
  })

  it.each(['refuse', 'hang', 'drop-answer', { status: 500 }] as const)(
    'is not kept while user does not answer: %j',
    async (behaviour) => {
      const tables = ['companies', 'company_versions', 'memberships']
      const before = await Promise.all(tables.map(countOf))
      system.toUser.behave(behaviour)
      const { status, body, headers } = await api.post('/companies', whole, { as: owner, key: 'k' })
      expect([status, body.code, headers['retry-after']]).toEqual([503, 'unavailable', '1'])
      expect(await Promise.all(tables.map(countOf))).toEqual(before)
      system.healUser()
      expect((await api.post('/companies', whole, { as: owner, key: 'k' })).status).toBe(201)
    },
  )

  it('is not for somebody who has not signed up', async () => {
    const before = await countOf('companies')
    const { status, body } = await api.post('/companies', whole, { as: uuidv7() })
    expect([status, body.code]).toEqual([404, 'user-not-found'])
    expect(await countOf('companies')).toBe(before)
  })

  it('is made once for each key, and a repeat is identical whatever became of it', async () => {
    const first = await api.post('/companies', whole, { as: owner, key: 'one' })
    const created = `/companies/${first.body.id}`
    await api.patch(created, { name: 'Other', active: false }, { as: owner })
    system.toUser.behave('refuse')
    const again = await api.post('/companies', whole, { as: owner, key: 'one' })
    expect([again.status, again.text]).toEqual([201, first.text])
    expect(again.headers['location']).toBe(created)
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(first.headers['idempotency-replayed']).toBeUndefined()
  })

  it.each<[string, object]>([
    ['another name', { ...whole, name: 'Other' }],
    ['less', { ...whole, phone: undefined }],
    ['another place', { ...whole, location: { lat: 55.755_827, lng: 0 } }],
  ])('is not made under a used key with %s', async (_what, body) => {
    await api.post('/companies', whole, { as: owner, key: 'two' })
    const before = await countOf('companies')
    const other = await api.post('/companies', body, { as: owner, key: 'two' })
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused'])
    expect(await countOf('companies')).toBe(before)
  })

  it('belongs to the key of its creator alone', async () => {
    const other = system.newPerson()
    const first = await api.post('/companies', whole, { as: owner, key: 'three' })
    const theirs = await api.post('/companies', whole, { as: other, key: 'three' })
    expect(theirs.status).toBe(201)
    expect(theirs.body.id).not.toBe(first.body.id)
    expect(theirs.headers['idempotency-replayed']).toBeUndefined()
  })
})

describe('a company', () => {
  it('that is not there is answered 404 to everybody', async () => {
    for (const as of ['nobody', owner, operator] as const) {
      const { status, body } = await api.get(`/companies/${uuidv7()}`, { as })
      expect([status, body.code]).toEqual([404, 'company-not-found'])
    }
  })

  it('is changed by its ADMIN in what was sent, and in nothing else', async () => {
    const { id } = (await api.post('/companies', whole, { as: owner })).body
    const change = (body: object) => api.patch(`/companies/${id}`, body, { as: owner })
    const before = (await api.get(`/companies/${id}`)).body
    const named = await change({ name: 'New' })
    expect([named.status, named.body]).toEqual([200, { ...before, name: 'New' }])
    const emptied = await change({ description: null, address: null, phone: null, location: null })
    const nothing = { description: null, address: null, phone: null, location: null }
    expect(emptied.body).toEqual({ ...before, name: 'New', ...nothing })
    const { name: _name, ...rest } = whole
    const filled = await change(rest)
    expect(filled.body).toEqual({ ...before, name: 'New' })
    expect((await change({ active: false })).body).toEqual({ ...filled.body, active: false })
    expect((await api.get(`/companies/${id}`)).body).toEqual({ ...filled.body, active: false })
  })

  it('is not changed by nothing', async () => {
    const { status, body } = await api.patch(path(), {}, { as: owner })
    expect([status, body.code]).toEqual([400, 'validation-failed'])
  })

  it.each([
    ['a stranger', async () => system.newPerson()],
    [
      'a MANAGER',
      async () => {
        const userId = system.newPerson()
        await addMember(system, companyId, { userId, as: owner })
        return userId
      },
    ],
    [
      'an ADMIN who left',
      async () => {
        const userId = system.newPerson()
        await addMember(system, companyId, { userId, role: 'ADMIN', as: owner })
        await api.delete(`${path()}/members/${userId}`, { as: userId })
        return userId
      },
    ],
    [
      'an ADMIN of another company',
      async () => {
        const userId = system.newPerson()
        await system.newCompany(userId)
        return userId
      },
    ],
  ])('is not changed by %s', async (_who, become) => {
    const as = await become()
    const before = await now()
    const { status, body } = await api.patch(path(), { name: 'Stolen' }, { as, key: 'k' })
    expect([status, body.code]).toEqual([403, 'forbidden'])
    expect(await now()).toEqual(before)
  })

  it('is changed by an operator and by an ADMIN who was added', async () => {
    const userId = system.newPerson()
    await addMember(system, companyId, { userId, role: 'ADMIN', as: owner })
    for (const as of [operator, userId]) {
      const { status } = await api.patch(path(), { name: 'Changed' }, { as })
      expect(status).toBe(200)
    }
  })

  it('that is not there is not changed, whoever asks', async () => {
    for (const as of [owner, operator]) {
      const { status, body } = await api.patch(`/companies/${uuidv7()}`, { name: 'x' }, { as })
      expect([status, body.code]).toEqual([404, 'company-not-found'])
    }
  })

  it('is changed once by each key, and a repeat is identical whatever became of it', async () => {
    const first = await api.patch(path(), { name: 'One', phone: null }, { as: owner, key: 'k' })
    await api.patch(path(), { name: 'Two', active: false }, { as: owner })
    const again = await api.patch(path(), { phone: null, name: 'One' }, { as: owner, key: 'k' })
    expect([again.status, again.text]).toEqual([200, first.text])
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(await now()).toMatchObject({ name: 'Two', active: false })
    const other = await api.patch(path(), { name: 'One' }, { as: owner, key: 'k' })
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused'])
  })

  it('answers a repeat also to an ADMIN who has left since, and nothing new', async () => {
    const userId = system.newPerson()
    await addMember(system, companyId, { userId, role: 'ADMIN', as: owner })
    const first = await api.patch(path(), { name: 'One' }, { as: userId, key: 'k' })
    await api.delete(`${path()}/members/${userId}`, { as: owner })
    const again = await api.patch(path(), { name: 'One' }, { as: userId, key: 'k' })
    expect([again.status, again.text]).toEqual([200, first.text])
    expect((await api.patch(path(), { name: 'Two' }, { as: userId })).status).toBe(403)
  })

  it('has keys of each who acts, and those of its creation are others', async () => {
    const userId = system.newPerson()
    await addMember(system, companyId, { userId, role: 'ADMIN', as: owner })
    const { id } = (await api.post('/companies', { name: 'x' }, { as: owner, key: 'same' })).body
    for (const as of [owner, operator]) {
      const changed = await api.patch(`/companies/${id}`, { name: 'y' }, { as, key: 'same' })
      expect([changed.status, changed.headers['idempotency-replayed']]).toEqual([200, undefined])
    }
    for (const as of [owner, userId]) {
      const changed = await api.patch(path(), { name: 'y' }, { as, key: 'same' })
      expect([changed.status, changed.headers['idempotency-replayed']]).toEqual([200, undefined])
    }
  })
})

describe('the list of companies', () => {
  const idsOf = async (query: string, as: Parameters<Api['get']>[1]) => {
    const { body } = await api.get(`/companies?limit=100${query}`, as)
    return body.items.map(({ id }: { id: string }) => id) as string[]
  }

  it('shows those that are active, and an operator sees all', async () => {
    await api.patch(path(), { active: false }, { as: owner })
    const other = await system.newCompany(owner)
    const stranger = await idsOf('', { as: system.newPerson() })
    expect(stranger).toContain(other)
    expect(stranger).not.toContain(companyId)
    expect(await idsOf('&mine=false', { as: owner })).not.toContain(companyId)
    expect(await idsOf('', { as: operator })).toEqual(expect.arrayContaining([other, companyId]))
  })

  it('shows with mine=true where one is a member now, active or not, newest first', async () => {
    const userId = system.newPerson()
    const other = await system.newCompany(owner)
    for (const id of [companyId, other]) await addMember(system, id, { userId, as: owner })
    await api.patch(path(), { active: false }, { as: owner })
    expect(await idsOf('&mine=true', { as: userId })).toEqual([other, companyId])
    await api.delete(`/companies/${other}/members/${userId}`, { as: owner })
    expect(await idsOf('&mine=true', { as: userId })).toEqual([companyId])
    expect(await idsOf('&mine=true', { as: system.newPerson() })).toEqual([])
    expect(await idsOf('&mine=true', { as: operator })).toEqual([])
  })

  it.each(['', '&mine=true'])('comes in pages without gaps: %s', async (query) => {
    const made = [companyId]
    for (let count = 0; count < 4; count += 1) made.unshift(await system.newCompany(owner))
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null && seen.length < 5;) {
      const from: string = cursor === '' ? '' : `&cursor=${cursor}`
      const { body } = await api.get(`/companies?limit=2${query}${from}`, { as: owner })
      seen.push(...body.items.map(({ id }: { id: string }) => id))
      cursor = body.next
    }
    expect(seen.slice(0, 5)).toEqual(made)
  })
})
