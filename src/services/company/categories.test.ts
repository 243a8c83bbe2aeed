import { beforeAll, describe, expect, it } from 'vitest'
import { countOf, startCompany, type WithCompany } from '../../../test/lab/company.ts'
import type { Api, RequestOptions } from '../../../test/lab/http.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import type { Category } from './contract.ts'
import { maxCategories } from './states.ts'

let system: WithCompany
let api: Api
const operator = { id: uuidv7(), roles: ['operator'] }
const another = { id: uuidv7(), roles: ['operator'] }
beforeAll(async () => {
  system = await startCompany()
  api = system.company.api
})

const tree = async (): Promise<Category[]> =>
  (await api.get('/categories', { as: 'nobody' })).body.items
const add = (body: object, options: RequestOptions = {}) =>
  api.post('/categories', body, { as: operator, ...options })
const rename = (id: string, name: string, options: RequestOptions = {}) =>
  api.patch(`/categories/${id}`, { name }, { as: operator, ...options })
const find = async (id: string) => (await tree()).find((category) => category.id === id)

describe('the tree of categories', () => {
  it('has some from the first day on, each after the one above it, under ids that never change', async () => {
    const { asService } = system.database
    const items = await tree()
    expect(items.length).toBeGreaterThanOrEqual(12)
    const seen = new Set<string | null>([null])
    for (const { id, parentId } of items) {
      expect(seen).toContain(parentId)
      seen.add(id)
    }
    expect(items[0]).toEqual({
      id: '019aa000-0000-7000-8000-000000000001',
      name: 'Beauty',
      parentId: null,
    })
    const [deepest] = await asService`select max(depth) as depth from categories`
    expect(deepest).toEqual({ depth: 3 })
  })

  it('is grown by operators, under any category above', async () => {
    const root = await add({ name: 'Animals' })
    expect([root.status, root.body]).toEqual([
      201,
      { id: expect.any(String), name: 'Animals', parentId: null },
    ])
    const below = await add({ name: 'Grooming', parentId: root.body.id })
    expect([below.status, below.body.parentId]).toEqual([201, root.body.id])
    expect((await tree()).slice(-2)).toEqual([root.body, below.body])
  })

  it('has three levels', async () => {
    const root = (await add({ name: 'a' })).body.id
    const second = (await add({ name: 'b', parentId: root })).body.id
    const third = (await add({ name: 'c', parentId: second })).body.id
    const { status, body } = await add({ name: 'd', parentId: third })
    expect([status, body.code]).toEqual([409, 'category-limit'])
  })

  it('has no category under one that is not there', async () => {
    const { status, body } = await add({ name: 'x', parentId: uuidv7() })
    expect([status, body.code]).toEqual([404, 'category-not-found'])
  })

  it('grows once for each key, and a repeat is identical whatever the name is by then', async () => {
    const first = await add({ name: 'Once' }, { key: 'k' })
    await rename(first.body.id, 'Renamed')
    const again = await add({ name: 'Once' }, { key: 'k' })
    expect([again.status, again.text]).toEqual([201, first.text])
    expect(again.headers['idempotency-replayed']).toBe('true')
    const parentId = first.body.id
    for (const body of [{ name: 'Twice' }, { name: 'Once', parentId }]) {
      const other = await add(body, { key: 'k' })
      expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused'])
    }
    const theirs = await add({ name: 'Once' }, { key: 'k', as: another })
    expect([theirs.status, theirs.body.id === first.body.id]).toEqual([201, false])
  })

  it('is grown and renamed by nobody else', async () => {
    const before = await tree()
    const id = before[0]?.id ?? ''
    for (const as of [system.newPerson(), { id: uuidv7(), roles: ['teller'] }]) {
      for (const answer of [await add({ name: 'x' }, { as }), await rename(id, 'x', { as })]) {
        expect([answer.status, answer.body.code]).toEqual([403, 'forbidden'])
      }
    }
    expect((await rename(id, 'x', { as: 'nobody' })).status).toBe(401)
    expect(await tree()).toEqual(before)
  })
})

describe('a category', () => {
  it('gets another name, once for each key, and stays where it is', async () => {
    const { id, parentId } = (await tree())[1] ?? { id: '', parentId: null }
    const first = await rename(id, 'Barbers', { key: 'k' })
    expect([first.status, first.body]).toEqual([200, { id, name: 'Barbers', parentId }])
    await rename(id, 'Others')
    const again = await rename(id, 'Barbers', { key: 'k' })
    expect([again.status, again.text]).toEqual([200, first.text])
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(await find(id)).toEqual({ id, name: 'Others', parentId })
    const other = await rename(id, 'Thirds', { key: 'k' })
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused'])
    const theirs = await rename(id, 'Barbers', { key: 'k', as: another })
    expect([theirs.status, theirs.headers['idempotency-replayed']]).toEqual([200, undefined])
    expect(await find(id)).toMatchObject({ name: 'Barbers' })
  })

  it('that is not there gets no name', async () => {
    const { status, body } = await rename(uuidv7(), 'x')
    expect([status, body.code]).toEqual([404, 'category-not-found'])
  })
})

describe('a full tree', () => {
  it('takes no more, also when two come for the last place at once', async () => {
    const full = await startCompany()
    const replica = await full.startReplica()
    await full.database.sql`
      insert into categories (id, place, name, depth)
      select gen_random_uuid(), place, 'n', 1
      from generate_series((select max(place) + 1 from categories), ${maxCategories - 1}) as place`
    const apis = [full.company.api, replica.api]
    const answers = await Promise.all(
      apis.flatMap((each) =>
        ['a', 'b', 'c'].map((name) => each.post('/categories', { name }, { as: operator })),
      ),
    )
    expect(countOf(answers)).toEqual({ 201: 1, 409: 5 })
    const { items } = (await full.company.api.get('/categories')).body
    expect(items).toHaveLength(maxCategories)
  })
})
