import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { addMember, personOf, startCompany, type WithCompany } from '../../../test/lab/company.ts'
import type { Api } from '../../../test/lab/http.ts'
import type { RunningService } from '../../../test/lab/service.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

let system: WithCompany
let api: Api
let replicas: RunningService[]
let owner: string
let companyId: string
const booking = { service: 'booking' } as const
beforeAll(async () => {
  system = await startCompany()
  api = system.company.api
  replicas = [system.company, await system.startReplica()]
})
beforeEach(async () => {
  owner = system.newPerson()
  companyId = await system.newCompany(owner)
})

const ask = async (at: string, id = companyId, from = api) => {
  const questions = [{ companyId: id, at, requestId: 'r' }]
  const { status, body } = await from.post('/managers/many', { questions }, { as: booking })
  expect(status).toBe(200)
  return body.answers[0]
}

/** Asks until the moment is over. */
const managersAt = async (at: string, from = api) => {
  for (;;) {
    const { status, body } = await ask(at, companyId, from)
    if (status === 200) return body.managers as { readonly userId: string }[]
    expect([status, body.code]).toEqual([409, 'too-early'])
    await sleep(2)
  }
}
const idsAt = async (at: string, from = api) =>
  (await managersAt(at, from)).map(({ userId }) => userId)

/** The present moment of the database, which is over a millisecond later. */
const present = async () => {
  const [row] = await system.database.sql<{ now: Date }[]>`
    select date_trunc('milliseconds', clock_timestamp()) as now`
  await sleep(2)
  return (row?.now ?? new Date()).toISOString()
}

describe('who was a member at a moment', () => {
  it('is told for each moment as it was then, by their ids, and with what user told', async () => {
    const [one, other] = [system.newPerson(), system.newPerson()]
    const alone = await present()
    await addMember(system, companyId, { userId: one, as: owner })
    const two = await present()
    await addMember(system, companyId, { userId: other, role: 'ADMIN', as: owner })
    const three = await present()
    await api.delete(`/companies/${companyId}/members/${one}`, { as: owner })
    const without = await present()
    await addMember(system, companyId, { userId: one, as: owner })
    const again = await present()
    const { userId, name, email, locale } = personOf(owner)
    expect(await managersAt(alone)).toEqual([{ userId, name, email, locale }])
    expect(await idsAt(two)).toEqual([owner, one].toSorted())
    expect(await idsAt(three)).toEqual([owner, one, other].toSorted())
    expect(await idsAt(without)).toEqual([owner, other].toSorted())
    expect(await idsAt(again)).toEqual([owner, one, other].toSorted())
  })

  it('is not told before the moment is over', async () => {
    const at = new Date(Date.now() + 60_000).toISOString()
    expect(await ask(at)).toMatchObject({ status: 409, body: { code: 'too-early' } })
  })

  it('is not told of a company that is not there, nor before there was one', async () => {
    const nowhere = await ask(await present(), uuidv7())
    expect(nowhere).toMatchObject({ status: 404, body: { code: 'company-not-found' } })
    expect(await ask('2020-01-01T00:00:00.000Z')).toMatchObject({
      status: 200,
      body: { companyId, at: '2020-01-01T00:00:00.000Z', managers: [] },
    })
  })

  it('is told to many who ask at once, to each for its own question', async () => {
    const at = await present()
    const other = await system.newCompany(owner)
    const nowhere = uuidv7()
    const later = new Date(Date.now() + 60_000).toISOString()
    const questions = [
      { companyId: other, at, requestId: 'r-0' },
      { companyId, at, requestId: 'r-1' },
      { companyId: nowhere, at, requestId: 'r-2' },
      { companyId, at: later, requestId: 'r-3' },
      { companyId, at, requestId: 'r-4' },
    ]
    const { body } = await api.post('/managers/many', { questions }, { as: booking })
    const managers = [{ userId: owner }]
    expect(body.answers).toMatchObject([
      { status: 200, body: { companyId: other, managers: [] } },
      { status: 200, body: { companyId, managers } },
      { status: 404, body: { code: 'company-not-found', requestId: 'r-2' } },
      { status: 409, body: { code: 'too-early', requestId: 'r-3' } },
      { status: 200, body: { companyId, managers } },
    ])
  })

  it('is told of no moment that is none', async () => {
    for (const at of ['2026-02-30T00:00:00.000Z', '2026-01-01T00:00:00Z', '2026-01-01', '']) {
      const questions = [{ companyId, at, requestId: 'r' }]
      const { status, body } = await api.post('/managers/many', { questions }, { as: booking })
      expect([status, body.code], at).toEqual([400, 'validation-failed'])
    }
  })

  it('is the same for ever, whoever comes and goes while it is asked for the first time', async () => {
    const people = Array.from({ length: 6 }, () => system.newPerson())
    /** By the moment, all that was told of it. */
    const told = new Map<string, string[][]>()
    let isOver = false
    const askAgainAndAgain = async (index: number) => {
      const from = replicas[index % replicas.length]!.api
      while (!isOver) {
        // The clocks of this process and of Postgres are one here.
        const at = new Date().toISOString()
        const ids = await idsAt(at, from)
        told.set(at, [...(told.get(at) ?? []), ids])
      }
    }
    const comeAndGo = async (userId: string, index: number) => {
      const path = `/companies/${companyId}/members`
      const through = replicas[index % replicas.length]!.api
      for (let round = 0; round < 12; round += 1) {
        const added = await through.post(path, { userId, role: 'MANAGER' }, { as: owner })
        const removed = await through.delete(`${path}/${userId}`, { as: owner })
        expect([added.status, removed.status]).toEqual([201, 200])
      }
    }
    const asking = [0, 1, 2, 3].map(askAgainAndAgain)
    await Promise.all(people.map(comeAndGo))
    isOver = true
    await Promise.all(asking)
    const sizes = new Set([...told.values()].map(([ids]) => ids?.length))
    expect(told.size).toBeGreaterThan(20)
    expect(sizes.size).toBeGreaterThan(1)
    for (const [at, all] of told) {
      const again = await idsAt(at)
      expect(all, at).toEqual(all.map(() => again))
    }
  }, 60_000)

  it.each(['comes', 'goes'])('is not changed by who %s while it is told', async (what) => {
    const userId = system.newPerson()
    if (what === 'goes') await addMember(system, companyId, { userId, as: owner })
    const path = `/companies/${companyId}/members`
    const asking = await system.database.sql.reserve()
    await asking`start transaction`
    await asking`select pg_advisory_xact_lock_shared(members_lock(${companyId}))`
    const changed =
      what === 'comes'
        ? api.post(path, { userId, role: 'MANAGER' }, { as: owner })
        : api.delete(`${path}/${userId}`, { as: owner })
    await eventually(async () => {
      const [row] = await system.database.admin<{ waiting: number }[]>`
        select count(*)::int as waiting from pg_stat_activity
        where datname = current_database() and wait_event = 'advisory'`
      expect(row?.waiting).toBe(1)
    })
    const at = await present()
    await asking`commit`
    asking.release()
    expect((await changed).status).toBe(what === 'comes' ? 201 : 200)
    expect((await idsAt(at)).includes(userId)).toBe(what === 'goes')
  })

  it('is told after whoever is just joining, and not without them', async () => {
    const userId = system.newPerson()
    // A member who joins in a statement that takes long: its moment is long over when it ends.
    const joining = await system.database.sql.reserve()
    await joining`start transaction`
    await joining`select pg_advisory_xact_lock(members_lock(${companyId}))`
    await joining`
      insert into memberships (id, company_id, user_id, role, name, email, locale, joined_at,
        added_by, request_id)
      values (${uuidv7()}, ${companyId}, ${userId}, 'MANAGER', 'n', 'e@example.com', 'en',
        clock_timestamp(), ${owner}, 'r')`
    await joining`update companies set version = version + 1 where id = ${companyId}`
    const at = await present()
    const asked = idsAt(at)
    await sleep(100)
    await joining`commit`
    joining.release()
    expect(await asked).toEqual([owner, userId].toSorted())
  })
})

describe('what somebody may do for a company', () => {
  const standing = (query: string, id = companyId) =>
    api.get(`/companies/${id}/standing?${query}`, { as: booking })

  it('is their role now', async () => {
    const manager = system.newPerson()
    await addMember(system, companyId, { userId: manager, as: owner })
    for (const [userId, role] of [
      [owner, 'ADMIN'],
      [manager, 'MANAGER'],
      [system.newPerson(), null],
    ] as const) {
      const { status, body } = await standing(`userId=${userId}`)
      expect([status, body]).toEqual([200, { companyId, active: true, role, category: null }])
    }
    await api.delete(`/companies/${companyId}/members/${manager}`, { as: owner })
    await api.patch(`/companies/${companyId}`, { active: false }, { as: owner })
    const { body } = await standing(`userId=${manager}`)
    expect(body).toEqual({ companyId, active: false, role: null, category: null })
  })

  it.each([
    ['a root', '11', ['11']],
    ['one below a root', '13', ['11', '13']],
    ['one below that', '14', ['11', '13', '14']],
  ])('comes with the path of %s', async (_what, short, path) => {
    const idOf = (place: string) => `019aa000-0000-7000-8000-0000000000${place}`
    const { body } = await standing(`userId=${owner}&categoryId=${idOf(short)}`)
    expect(body.category).toEqual({ id: idOf(short), path: path.map(idOf) })
  })

  it('knows no category and no company that is not there', async () => {
    const { body } = await standing(`userId=${owner}&categoryId=${uuidv7()}`)
    expect(body).toMatchObject({ role: 'ADMIN', category: null })
    const nowhere = await standing(`userId=${owner}`, uuidv7())
    expect([nowhere.status, nowhere.body.code]).toEqual([404, 'company-not-found'])
  })

  it('is asked by booking alone, and so are the managers', async () => {
    const others = [{ service: 'user' }, { service: 'order' }, owner, 'operator', 'nobody'] as const
    for (const as of others) {
      const { status } = await api.get(`/companies/${companyId}/standing?userId=${owner}`, { as })
      expect(status).toBe(401)
      const questions = [{ companyId, at: '2026-01-01T00:00:00.000Z', requestId: 'r' }]
      expect((await api.post('/managers/many', { questions }, { as })).status).toBe(401)
    }
  })
})
