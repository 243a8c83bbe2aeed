import { beforeAll, describe, expect, it } from 'vitest'
import { addMember, startCompany, type WithCompany } from '../../../test/lab/company.ts'
import { createTestDatabase } from '../../../test/lab/database.ts'
import type { Api } from '../../../test/lab/http.ts'
import { offer, offerOf } from '../../../test/lab/offering.ts'
import { startService } from '../../../test/lab/service.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

/** Who may offer, and where it is found, with the real company behind booking. */
let companies: WithCompany
let api: Api
let founder: string
let companyId: string
/** Of the seeded tree: a category and its child. */
let root: string
let child: string
beforeAll(async () => {
  companies = await startCompany()
  founder = companies.newPerson()
  companyId = await companies.newCompany(founder)
  const { body } = await companies.company.api.get('/categories')
  const tree: { id: string; parentId: string | null }[] = body.items
  const below = tree.find(({ parentId }) => tree.some(({ id }) => id === parentId))
  if (!below?.parentId) throw new Error('the tree has one level only')
  root = below.parentId
  child = below.id
  const variables = { COMPANY_URL: companies.company.url }
  api = (await startService('booking', await createTestDatabase('booking'), variables)).api
})

const attempt = async (given: object, as: Parameters<typeof offer>[2]) => {
  const { status, body } = await api.post('/offers', offerOf({ companyId, ...given }), as)
  return status === 201 ? 201 : [status, body.code]
}

describe('whoever manages a company at company', () => {
  it('may offer from then on, and until they leave', async () => {
    const userId = companies.newPerson()
    const as = { as: userId }
    expect(await attempt({ categoryId: child }, { as: founder })).toBe(201)
    expect(await attempt({ categoryId: child }, as)).toEqual([403, 'forbidden'])
    await addMember(companies, companyId, { userId, as: founder })
    const body = offerOf({ companyId, categoryId: child })
    const first = await api.post('/offers', body, { ...as, key: 'k' })
    expect(first.status).toBe(201)
    await companies.company.api.delete(`/companies/${companyId}/members/${userId}`, { as: founder })
    expect(await attempt({ categoryId: child }, as)).toEqual([403, 'forbidden'])
    const again = await api.post('/offers', body, { ...as, key: 'k' })
    expect([again.status, again.text]).toEqual([201, first.text])
  })

  it('is told what there is not, as an operator is', async () => {
    for (const as of [{ as: founder }, { as: 'operator' }]) {
      expect(await attempt({ categoryId: uuidv7() }, as)).toEqual([404, 'category-not-found'])
      const nowhere = { categoryId: child, companyId: uuidv7() }
      expect(await attempt(nowhere, as)).toEqual([404, 'company-not-found'])
    }
    expect(await attempt({ categoryId: root }, { as: 'operator' })).toBe(201)
  })

  it('offers nothing while the company is not active', async () => {
    const path = `/companies/${companyId}`
    await companies.company.api.patch(path, { active: false }, { as: founder })
    expect(await attempt({ categoryId: child }, { as: founder })).toEqual([409, 'company-inactive'])
    await companies.company.api.patch(path, { active: true }, { as: founder })
    expect(await attempt({ categoryId: child }, { as: founder })).toBe(201)
  })
})

describe('an offer in a category of company', () => {
  it('is found in it and in the one above, and one above is not found below', async () => {
    const own = await companies.newCompany(founder)
    const below = await offer(api, { companyId: own, categoryId: child }, { as: founder })
    const above = await offer(api, { companyId: own, categoryId: root }, { as: founder })
    const search = async (categoryId: string) => {
      const { body } = await api.get(`/offers?companyId=${own}&categoryId=${categoryId}`)
      return new Set(body.items.map(({ id }: { id: string }) => id))
    }
    expect(await search(root)).toEqual(new Set([below.id, above.id]))
    expect(await search(child)).toEqual(new Set([below.id]))
  })
})
