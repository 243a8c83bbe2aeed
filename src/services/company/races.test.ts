import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { addMember, countOf, startCompany, type WithCompany } from '../../../test/lab/company.ts'
import type { RunningService } from '../../../test/lab/service.ts'

let system: WithCompany
let replicas: RunningService[]
let owner: string
let companyId: string
beforeAll(async () => {
  system = await startCompany()
  replicas = [system.company, await system.startReplica()]
})
beforeEach(async () => {
  owner = system.newPerson()
  companyId = await system.newCompany(owner)
})

const replica = (index: number) => replicas[index % replicas.length]!.api
const times = <Result>(count: number, make: (index: number) => Promise<Result>) =>
  Promise.all(Array.from({ length: count }, (_, index) => make(index)))
const members = () => `/companies/${companyId}/members`
const presentRows = () => system.database.sql`
  select user_id, role from memberships where company_id = ${companyId} and left_at is null`
const isReplayed = ({ headers }: { readonly headers: Readonly<Record<string, unknown>> }) =>
  headers['idempotency-replayed'] === 'true'

interface Told {
  readonly status: number
  readonly text: string
  readonly headers: Readonly<Record<string, unknown>>
}

const expectOne = (answers: readonly Told[], status: number) => {
  expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => status))
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  expect(answers.filter(isReplayed)).toHaveLength(answers.length - 1)
}

describe('two replicas of company', () => {
  it('make one company and 16 identical answers of 16 requests with one key at once', async () => {
    const answers = await times(16, (index) =>
      replica(index).post('/companies', { name: 'Once' }, { as: owner, key: 'one' }),
    )
    expectOne(answers, 201)
    const made = await system.database.sql`
      select from memberships where user_id = ${owner} and left_at is null`
    expect(made).toHaveLength(2)
  })

  it('make one change and 16 identical answers of 16 requests with one key at once', async () => {
    const answers = await times(16, (index) =>
      replica(index).patch(`/companies/${companyId}`, { name: 'N' }, { as: owner, key: 'one' }),
    )
    expectOne(answers, 200)
    const versions = await system.database.sql`
      select from company_versions where company_id = ${companyId}`
    expect(versions).toHaveLength(2)
  })

  it('make one member and 16 identical answers of 16 requests with one key at once', async () => {
    const body = { userId: system.newPerson(), role: 'MANAGER' }
    const answers = await times(16, (index) =>
      replica(index).post(members(), body, { as: owner, key: 'one' }),
    )
    expectOne(answers, 201)
    expect(await presentRows()).toHaveLength(2)
  })

  it('rename a category once, and give it 8 identical answers to one key at once', async () => {
    const [category] = await system.database.sql`select id from categories limit 1`
    const answers = await times(8, (index) =>
      replica(index).patch(
        `/categories/${category?.['id']}`,
        { name: 'Renamed' },
        { as: 'operator', key: companyId },
      ),
    )
    expectOne(answers, 200)
    const names = await system.database.sql`
      select from category_names where idempotency_key = ${companyId}`
    expect(names).toHaveLength(1)
  })

  it('add a category once, and give it 8 identical answers to one key at once', async () => {
    const answers = await times(8, (index) =>
      replica(index).post('/categories', { name: 'New' }, { as: 'operator', key: companyId }),
    )
    expectOne(answers, 201)
  })

  it('add somebody once who is added with 12 keys at once', async () => {
    const body = { userId: system.newPerson(), role: 'MANAGER' }
    const answers = await times(12, (index) =>
      replica(index).post(members(), body, { as: owner, key: `k${index}` }),
    )
    expect(countOf(answers)).toEqual({ 201: 1, 409: 11 })
    expect(await presentRows()).toHaveLength(2)
  })

  it('change the company one after the other, and forget no part of a change', async () => {
    const parts = { description: 'd', address: 'a', phone: '12345', location: { lat: 1, lng: 2 } }
    const changes = Object.entries(parts).map(([name, value]) => ({ [name]: value }))
    const answers = await times(changes.length, (index) =>
      replica(index).patch(`/companies/${companyId}`, changes[index], { as: owner }),
    )
    expect(answers.map(({ status }) => status)).toEqual(changes.map(() => 200))
    const { body } = await replica(0).get(`/companies/${companyId}`)
    expect(body).toMatchObject(parts)
  })

  it('leave one of two ADMINs who remove each other at once', async () => {
    for (let round = 0; round < 8; round += 1) {
      companyId = await system.newCompany(owner)
      const other = system.newPerson()
      await addMember(system, companyId, { userId: other, role: 'ADMIN', as: owner })
      const answers = await Promise.all([
        replica(round).delete(`${members()}/${other}`, { as: owner }),
        replica(round + 1).delete(`${members()}/${owner}`, { as: other }),
      ])
      expect(countOf(answers)).toEqual({ 200: 1, 403: 1 })
      expect(await presentRows()).toHaveLength(1)
    }
  })

  it('leave one of four ADMINs who all go at once', async () => {
    for (let round = 0; round < 4; round += 1) {
      companyId = await system.newCompany(owner)
      const admins = [owner, system.newPerson(), system.newPerson(), system.newPerson()]
      for (const userId of admins.slice(1)) {
        await addMember(system, companyId, { userId, role: 'ADMIN', as: owner })
      }
      const answers = await times(admins.length, (index) =>
        replica(index).delete(`${members()}/${admins[index]}`, { as: admins[index] }),
      )
      expect(countOf(answers)).toEqual({ 200: 3, 409: 1 })
      expect(answers.find(({ status }) => status === 409)?.body.code).toBe('last-admin')
      expect(await presentRows()).toMatchObject([{ role: 'ADMIN' }])
    }
  })

  it('let nobody change a company at once with their removal and after it', async () => {
    const other = system.newPerson()
    await addMember(system, companyId, { userId: other, role: 'ADMIN', as: owner })
    const [removed, ...changes] = await Promise.all([
      replica(0).delete(`${members()}/${other}`, { as: owner }),
      ...Array.from({ length: 8 }, (_, index) =>
        replica(index).patch(`/companies/${companyId}`, { name: `n${index}` }, { as: other }),
      ),
    ])
    expect(removed?.status).toBe(200)
    for (const { status } of changes) expect([200, 403]).toContain(status)
    const done = changes.filter(({ status }) => status === 200)
    // The creation was the first version and the new member the second; the removal is the last.
    const versions = await system.database.sql`
      select version from company_versions where actor = ${other} order by version`
    expect(versions.map(({ version }) => Number(version))).toEqual(
      done.map((_, index) => 3 + index),
    )
    const [company] = await system.database
      .sql`select version from companies where id = ${companyId}`
    expect(company).toEqual({ version: 3 + done.length })
    const after = await replica(1).patch(`/companies/${companyId}`, { name: 'x' }, { as: other })
    expect(after.status).toBe(403)
  })
})
