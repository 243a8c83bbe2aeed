import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { createLanes } from '../../../test/lab/lanes.ts'
import { recoveredIn } from '../../../test/lab/recovered.ts'
import {
  openTestDatabase,
  patientBudgets,
  shortBudgets,
  startBehind,
  startWithBilling,
  type Behind,
  type WithBilling,
} from '../../../test/lab/service.ts'
import type { Behaviour } from '../../../test/lab/upstream.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { createUserStore } from './store.ts'

let behind: Behind
beforeAll(async () => {
  behind = await startBehind('user')
})

const openLane = () => startWithBilling('user', shortBudgets, behind)

/** A system for one test, with a new name, and what the tests ask of it. */
const prepare = (system: WithBilling) => {
  const { api } = system.service
  system.toIdentity.behave('forward')
  system.toBilling.behave('forward')
  const name = `user-${randomBytes(5).toString('hex')}`
  const create = (key?: string, username = name) =>
    api.post('/users', { username, email: `${username}@example.com` }, { key })
  return { system, api, name, create }
}

const inLane = createLanes(openLane)
type Test = (lane: ReturnType<typeof prepare>) => Promise<void>
const inTurn = (test: Test) => inLane((system) => test(prepare(system)))
/** It may try for longer than the others, because it succeeds in the end. */
const withPatience = async (test: Test) =>
  test(prepare(await startWithBilling('user', patientBudgets, behind)))
/** Nobody was here before, so everything that is counted belongs to the test. */
const inNewLane = async (test: Test) => test(prepare(await openLane()))

const somebodyElse = '019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061'

/** A valid answer, with the part that a test makes wrong. */
const opened =
  (wrong: object, type = 'application/json'): Behaviour =>
  async ({ body }) => {
    const account = JSON.parse(body) as object
    return { status: 201, type, body: JSON.stringify({ ...account, balance: 0, ...wrong }) }
  }

/** The same for a login. */
const made =
  (wrong: object, status = 201): Behaviour =>
  async ({ body }) => {
    const { userId, username } = JSON.parse(body) as Record<string, string>
    return { status, body: JSON.stringify({ userId, username, ...wrong }) }
  }

describe('when identity', () => {
  it.each<[string, Behaviour]>([
    ['cuts the connection', 'refuse'],
    ['does the work and its answer is lost', 'drop-answer'],
    ['does not answer in time', 'hang'],
    ['answers 500', { status: 500 }],
    ['does not know who asks', { status: 401, body: '{"code":"unauthenticated"}' }],
    ['answers 404', { status: 404, body: '{"code":"not-found"}' }],
    ['answers with a page', { status: 201, type: 'text/html', body: '<h1>created</h1>' }],
    ['answers 201 with other JSON', { status: 201, body: '{}' }],
    ['answers with the login of somebody else', made({ userId: somebodyElse })],
    ['says that the login is another', { status: 409, body: '{"code":"login-differs"}' }],
  ])('%s, the user exists all the same, and recovery does the rest', (_what, behaviour) =>
    inTurn(async ({ system, api, name, create }) => {
      system.toIdentity.behave(behaviour)
      const startedAtMs = performance.now()
      const created = await create(`${name}-k`)
      expect(performance.now() - startedAtMs).toBeLessThan(8_000)
      expect([created.status, created.body.account]).toEqual([202, 'PENDING'])
      expect(created.headers['retry-after']).toBe('1')
      const asked = system.toBilling.seen.filter(({ body }) => body.includes(created.body.id))
      expect(asked).toEqual([])
      const again = await create(`${name}-k`)
      expect([again.status, again.text]).toEqual([202, created.text])
      system.toIdentity.behave('forward')
      await eventually(async () => {
        const { body } = await api.get(`/users/${created.body.id}`)
        expect(body).toEqual({ ...created.body, account: 'OPEN' })
      })
      const opened = await create(`${name}-k`)
      expect([opened.status, opened.body.account]).toEqual([201, 'OPEN'])
      const logins = system.toIdentity.seen.filter(({ body }) => body.includes(created.body.id))
      expect(new Set(logins.map(({ body }) => body)).size).toBe(1)
    }),
  )

  it('is away, a restarted service goes on where the first one was', () =>
    inTurn(async ({ system, api, name }) => {
      const first = await system.startReplica()
      system.toIdentity.behave('refuse')
      system.toBilling.behave('refuse')
      const { body } = await first.api.post('/users', {
        username: name,
        email: `${name}@example.com`,
      })
      await first.stop()
      system.toIdentity.behave('forward')
      const steps = async () => {
        const [row] = await system.database.sql`select * from users where id = ${body.id}`
        const timeline = (row?.['timeline'] ?? []) as { step: string; outcome: string }[]
        return timeline.map(({ step, outcome }) => `${step} ${outcome}`)
      }
      await eventually(async () => expect(await steps()).toContain('open-account unknown'))
      system.toBilling.behave('forward')
      await eventually(async () =>
        expect((await api.get(`/users/${body.id}`)).body.account).toBe('OPEN'),
      )
      const done = (await steps()).filter((step) => step.endsWith('done'))
      expect(done).toEqual(['make-login done', 'open-account done'])
    }))
})

describe('when billing', () => {
  it.each<[string, Behaviour]>([
    ['cuts the connection', 'refuse'],
    ['does the work and its answer is lost', 'drop-answer'],
    ['does not answer in time', 'hang'],
    ['answers 500', { status: 500 }],
    ['answers 404', { status: 404, body: '{"code":"not-found"}' }],
    ['answers with a page', { status: 201, type: 'text/html', body: '<h1>created</h1>' }],
    ['answers 201 with other JSON', { status: 201, body: '{}' }],
    ['answers 200 with nothing', { status: 200 }],
    ['answers with the account of somebody else', opened({ userId: somebodyElse })],
    ['answers with an account with another address', opened({ email: 'petya@example.com' })],
    ['answers in another type than JSON', opened({}, 'text/plain')],
  ])('%s, the user exists all the same, and recovery opens the account', (_what, behaviour) =>
    inTurn(async ({ system, api, name, create }) => {
      system.toBilling.behave(behaviour)
      const startedAtMs = performance.now()
      const created = await create(`${name}-k`)
      expect(performance.now() - startedAtMs).toBeLessThan(5_000)
      expect([created.status, created.body.account]).toEqual([202, 'PENDING'])
      expect(created.headers['retry-after']).toBe('1')
      expect(created.headers['location']).toBe(`/users/${created.body.id}`)
      const again = await create(`${name}-k`)
      expect([again.status, again.text]).toEqual([202, created.text])
      system.toBilling.behave('forward')
      await eventually(async () => {
        const { body } = await api.get(`/users/${created.body.id}`)
        expect(body).toEqual({ ...created.body, account: 'OPEN' })
      })
      const account = await system.billing.api.get(`/billing/accounts/${created.body.id}`)
      expect(account.body.email).toBe(`${name}@example.com`)
      const opened = await create(`${name}-k`)
      expect([opened.status, opened.body.account]).toEqual([201, 'OPEN'])
    }),
  )

  it('fails only now and then, the client notices nothing', () =>
    withPatience(async ({ system, name, create }) => {
      await eventually(async () => expect((await create()).status).not.toBe(202))
      system.toBilling.behave({ status: 503 }, 'drop-answer', 'forward')
      const { status, body } = await create(undefined, `${name}-2`)
      expect([status, body.account]).toEqual([201, 'OPEN'])
    }))

  it('is away, a restarted service opens the account', () =>
    inTurn(async ({ system, api, name }) => {
      const first = await system.startReplica()
      system.toBilling.behave('refuse')
      const { body } = await first.api.post('/users', {
        username: name,
        email: `${name}@example.com`,
      })
      await first.stop()
      system.toBilling.behave('forward')
      await eventually(async () =>
        expect((await api.get(`/users/${body.id}`)).body.account).toBe('OPEN'),
      )
    }))
})

it.concurrent('a login that was noted already is found noted, by a request and recovery that met', () =>
  inTurn(async ({ system, create }) => {
    system.toBilling.behave('refuse')
    const { body } = await create()
    const store = createUserStore(openTestDatabase('user', system.database.url), 60_000)
    const entry = { at: '', step: 'make-login', attempt: 1, outcome: 'done', ms: 1 }
    const noted = await store.noteLogin({ id: body.id, entry })
    expect(noted).toMatchObject({ id: body.id, account: 'PENDING', passwordHash: null })
  }))

describe('what recovery counts', () => {
  it('is postponed users while billing is away, and one finished when it is back', () =>
    inNewLane(async ({ system, create }) => {
      const counts = async () => {
        const { finished = 0, postponed = 0 } = await recoveredIn(system.service.metrics, 'users')
        return { finished, postponed }
      }
      const before = await counts()
      system.toBilling.behave('refuse')
      await create()
      await eventually(async () =>
        expect((await counts()).postponed).toBeGreaterThan(before.postponed + 1),
      )
      expect((await counts()).finished).toBe(before.finished)
      system.toBilling.behave('forward')
      await eventually(async () => expect((await counts()).finished).toBe(before.finished + 1))
    }))
})
