import { randomBytes } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Api, RequestOptions } from '../../../test/lab/http.ts'
import { startWithBilling, type WithBilling } from '../../../test/lab/service.ts'
import { learn } from '../../../test/lab/strangers.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

let system: WithBilling
let api: Api
let userId: string
let operator: { readonly id: string; readonly roles: readonly string[] }
beforeAll(async () => {
  system = await startWithBilling('user')
  api = system.service.api
})
beforeEach(async () => {
  const username = `user-${randomBytes(5).toString('hex')}`
  userId = (await api.post('/users', { username, email: `${username}@example.com` })).body.id
  operator = { id: uuidv7(), roles: ['operator'] }
})

describe('a user', () => {
  it('is shown to themselves and to operators', async () => {
    const own = await api.get(`/users/${userId}`, { as: userId })
    const seen = await api.get(`/users/${userId.toUpperCase()}`, { as: operator })
    expect([own.status, own.body.id]).toEqual([200, userId])
    expect([seen.status, seen.text]).toEqual([200, own.text])
  })

  it('is to somebody else as one that does not exist', async () => {
    const ask = (id: string) => api.get(`/users/${id}`, { as: 'somebody' })
    const theirs = await learn(userId, ask)
    expect(theirs.status).toBe(404)
    expect(theirs).toEqual(await learn(uuidv7(), ask))
  })

  it.each([
    ['without a token', 'nobody'],
    ['with a token of a service', { service: 'order' }],
  ] as const)('is not shown %s', async (_what, as) => {
    const { status, body } = await api.get(`/users/${userId}`, { as })
    expect([status, body.code]).toEqual([401, 'unauthenticated'])
  })
})

describe('whether there is a user', () => {
  const account = (id: string, as: Parameters<Api['get']>[1]) => api.get(`/users/${id}/account`, as)

  it('is told to order, and nothing else about them', async () => {
    const { status, body } = await account(userId, { as: { service: 'order' } })
    expect([status, body]).toEqual([200, { userId, account: 'OPEN' }])
    const nobody = await account(uuidv7(), { as: { service: 'order' } })
    expect([nobody.status, nobody.body.code]).toEqual([404, 'user-not-found'])
  })

  it('is told to nobody else', async () => {
    const callers = ['nobody', 'somebody', userId, operator, { service: 'billing' }] as const
    for (const as of callers) {
      const { status, body } = await account(userId, { as })
      expect([status, body.code]).toEqual([401, 'unauthenticated'])
    }
  })
})

describe('who a user is', () => {
  const person = (id: string, as: RequestOptions['as']) => api.get(`/users/${id}/person`, { as })
  const company = { service: 'company' } as const
  const signUp = async (names: object) => {
    const username = `user-${randomBytes(5).toString('hex')}`
    const body = { username, email: `${username}@example.com`, ...names }
    return { ...body, id: (await api.post('/users', body)).body.id as string }
  }

  it.each([
    ['both names', { firstName: 'Мария', lastName: 'Иванова' }, 'Мария Иванова'],
    ['the last name', { lastName: 'Иванова' }, 'Иванова'],
    ['the first name', { firstName: 'Мария', locale: 'ru' }, 'Мария'],
    ['no name, so by the username', {}, undefined],
  ])('is told to company with %s', async (_what, names, name) => {
    const { id, username, email } = await signUp(names)
    const { status, body } = await person(id, company)
    const locale = 'locale' in names ? 'ru' : 'en'
    const shown = { userId: id, username, name: name ?? username, email, locale }
    expect([status, body]).toEqual([200, shown])
  })

  it('is not told of somebody who has not signed up', async () => {
    const { status, body } = await person(uuidv7(), company)
    expect([status, body.code]).toEqual([404, 'user-not-found'])
  })

  it('is told to nobody else', async () => {
    for (const as of ['nobody', 'somebody', userId, operator, { service: 'order' }] as const) {
      const { status, body } = await person(userId, as)
      expect([status, body.code]).toEqual([401, 'unauthenticated'])
    }
  })
})

describe('what an operator did', () => {
  it('is written down, found by whom and about whom, newest first', async () => {
    const other = { id: uuidv7(), roles: ['operator'] }
    await api.get(`/users/${userId}`, { as: operator })
    await api.get(`/users/${uuidv7()}`, { as: operator })
    await api.get(`/users/${userId}`, { as: other })
    await api.get(`/users/${userId}`, { as: userId })
    const about = await api.get(`/acts/user?subject=${userId}`, { as: operator })
    expect(about.body.items).toMatchObject([
      { operator: other.id, subject: userId, method: 'GET', route: '/users/{userId}' },
      { operator: operator.id, subject: userId, target: `/users/${userId}` },
    ])
    const own = await api.get(`/acts/user?operator=${operator.id}`, { as: operator })
    expect(own.body.items.map(({ route }: { route: string }) => route)).toEqual([
      '/acts/user',
      '/acts/user',
      '/users/{userId}',
      '/users/{userId}',
    ])
  })

  it('is shown only to operators', async () => {
    const stranger = await api.get('/acts/user', { as: userId })
    expect([stranger.status, stranger.body.code]).toEqual([403, 'forbidden'])
    const nobody = await api.get('/acts/user', { as: 'nobody' })
    expect(nobody.status).toBe(401)
  })
})
