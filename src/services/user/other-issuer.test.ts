import { randomBytes } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RequestOptions } from '../../../test/lab/http.ts'
import { issuerVariables } from '../../../test/lab/issuer.ts'
import {
  shortBudgets,
  startWithBilling,
  type RunningService,
  type WithBilling,
} from '../../../test/lab/service.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

/** Another issuer has the logins: people sign up with its token, and identity does not run. */
let system: WithBilling
let service: RunningService
let name: string
let id: string
beforeAll(async () => {
  system = await startWithBilling('user')
  const { PUBLIC_URL } = await issuerVariables()
  service = await system.startReplica({ ...shortBudgets, ISSUER_URL: `${PUBLIC_URL}/identity` })
})
beforeEach(() => {
  system.toBilling.behave('forward')
  name = `user-${randomBytes(5).toString('hex')}`
  id = uuidv7()
})

const person = (more: object = {}) => ({ username: name, email: `${name}@example.com`, ...more })
/** The committed contract is that of our own issuer. The body has no password. */
const signUp = (more: object = {}, options: RequestOptions = {}) =>
  service.api.send('POST', '/users', JSON.stringify(person(more)), {
    as: id,
    check: false,
    ...options,
  })
const rows = async () => (await system.database.sql`select from users`).length

describe('somebody with a token of another issuer', () => {
  it('becomes a user by the id of the token, with an account and without a login', async () => {
    const asked = system.toIdentity.seen.length
    const { status, body, headers } = await signUp({ locale: 'ru' })
    expect([status, body.id, body.account]).toEqual([201, id, 'OPEN'])
    expect(headers['location']).toBe(`/users/${id}`)
    expect((await service.api.get(`/users/${id}`)).body).toEqual(body)
    expect(system.toIdentity.seen.length).toBe(asked)
    const [row] = await system.database.sql`select * from users where id = ${id}`
    expect([row?.['password_hash'], row?.['password_salt']]).toEqual([null, null])
  })

  it('is told so when they signed up before, with or without a key', async () => {
    await signUp({}, { key: 'k' })
    const before = await rows()
    for (const options of [{}, { key: 'other' }]) {
      for (const more of [{}, { username: `${name}-2`, email: `${name}-2@example.com` }]) {
        const { status, body } = await signUp(more, options)
        expect([status, body.code]).toEqual([409, 'user-exists'])
      }
    }
    expect(await rows()).toBe(before)
  })

  it('gets the same answer for the same key, and 422 for another body', async () => {
    const first = await signUp({}, { key: 'k' })
    const again = await signUp({}, { key: 'k' })
    expect([again.status, again.text]).toEqual([201, first.text])
    const { status, body } = await signUp({ phone: '12345' }, { key: 'k' })
    expect([status, body.code]).toEqual([422, 'idempotency-key-reused'])
  })

  it('has keys of their own', async () => {
    const first = await signUp({}, { key: 'k' })
    name = `${name}-2`
    const second = await signUp({}, { key: 'k', as: uuidv7() })
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body.id).not.toBe(first.body.id)
  })

  it('may come again after a refusal, whose key stays refused', async () => {
    await signUp({}, { as: uuidv7() })
    const refused = await signUp({ email: `${name}-2@example.com` }, { key: 'k' })
    expect([refused.status, refused.body.code]).toEqual([409, 'username-taken'])
    const free = { username: `${name}-2`, email: `${name}-2@example.com` }
    const { status, body } = await signUp(free, { key: 'k2' })
    expect([status, body.id]).toEqual([201, id])
    const late = await signUp({ email: `${name}-2@example.com` }, { key: 'k' })
    expect([late.status, late.text]).toEqual([409, refused.text])
  })

  it('becomes one user when they ask many times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        signUp({ username: `${name}-${index}`, email: `${name}-${index}@example.com` }),
      ),
    )
    const codes = answers.map(({ status, body }) => String(status === 201 ? body.id : body.code))
    expect(codes.toSorted()).toEqual([id, ...Array.from({ length: 15 }, () => 'user-exists')])
  })

  it('exists while billing is away, and the account opens by itself', async () => {
    system.toBilling.behave('refuse')
    const { status, body } = await signUp()
    expect([status, body.account]).toEqual([202, 'PENDING'])
    system.toBilling.behave('forward')
    await eventually(async () =>
      expect((await service.api.get(`/users/${id}`)).body.account).toBe('OPEN'),
    )
  })

  it('sends no password', async () => {
    const { status, body } = await signUp({ password: 'three brave hedgehogs' })
    expect([status, body.code]).toEqual([400, 'validation-failed'])
  })
})

it('nobody signs up without a token where another issuer has the logins', async () => {
  const { status, body } = await signUp({}, { as: 'nobody' })
  expect([status, body.code]).toEqual([401, 'unauthenticated'])
})
