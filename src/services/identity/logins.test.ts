import { randomBytes } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startIdentity, type Identity } from '../../../test/lab/identity.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { changeRole, grantOperator, rolesOf } from './commands.ts'

const passwordHash = `$argon2id$v=19$m=1024,t=2,p=1$${'a'.repeat(22)}$${'b'.repeat(43)}`

let identity: Identity
let name: string
let userId: string
beforeAll(async () => {
  identity = await startIdentity()
})
beforeEach(() => {
  name = `user-${randomBytes(5).toString('hex')}`
  userId = uuidv7()
})

const login = (more: object = {}) => ({
  userId,
  username: name,
  email: `${name}@example.com`,
  locale: 'en',
  passwordHash,
  ...more,
})
const make = (more: object = {}, api = identity.api) => api.post('/identity/logins', login(more))
const rows = () => identity.database.sql`select * from logins where id = ${userId}`

describe('a login', () => {
  it('is made once, and shown again for ever', async () => {
    const first = await make()
    expect([first.status, first.body]).toEqual([201, { userId, username: name }])
    const replica = await identity.startReplica()
    const again = await make({}, replica.api)
    expect([again.status, again.text]).toEqual([200, first.text])
    expect(await rows()).toHaveLength(1)
  })

  it.each([
    ['another name', { username: 'other' }],
    ['another spelling of the name', { username: 'USER' }],
    ['another address', { email: 'other@example.com' }],
    ['another language', { locale: 'ru' }],
    ['another hash', { passwordHash: passwordHash.replaceAll('b', 'c') }],
  ])('is refused with %s, and stays as it was', async (_what, more) => {
    await make()
    const before = await rows()
    const { status, body, text } = await make(more)
    expect([status, body.code]).toEqual([409, 'login-differs'])
    expect(text).not.toContain(passwordHash)
    expect(await rows()).toEqual(before)
  })

  it('is not made with the name of another one, whatever the case', async () => {
    await make()
    const { status, body } = await make({ userId: uuidv7(), username: name.toUpperCase() })
    expect([status, body.code]).toEqual([409, 'username-taken'])
  })

  it('that 24 ask for at once, on two replicas, is one', async () => {
    const replica = await identity.startReplica()
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, index) => make({}, index % 2 ? identity.api : replica.api)),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(23)
  })

  it.each<[string, unknown]>([
    ['nobody', 'nobody'],
    ['a person', uuidv7()],
    ['an operator', 'operator'],
    ['another service', { service: 'order' }],
  ])('is made for no caller but user: not for %s', async (_what, as) => {
    const { status } = await identity.api.post('/identity/logins', login(), { as: as as 'nobody' })
    expect(status).toBe(401)
    expect(await rows()).toHaveLength(0)
  })
})

describe('a role', () => {
  it('is given and taken by a command, whatever the case of the name', async () => {
    const { url } = identity.database
    expect(await rolesOf(url, name)).toBeUndefined()
    expect(await grantOperator(url, name)).toBeUndefined()
    await make()
    expect(await rolesOf(url, name)).toEqual([])
    expect(await grantOperator(url, name.toUpperCase())).toContain('operator')
    await grantOperator(url, name)
    await changeRole(url, { username: name, role: 'teller', isGranted: true })
    expect(await rolesOf(url, name)).toEqual(['operator', 'teller'])
    await changeRole(url, { username: name, role: 'operator', isGranted: false })
    expect(await rolesOf(url, name)).toEqual(['teller'])
  })

  it('opens what operators did, which is written down', async () => {
    const { username, password } = await identity.makeLogin()
    const tokenOf = async () =>
      (await identity.api.post('/sessions', { username, password })).body.accessToken
    const plain = await identity.api.get('/acts/identity', { as: { token: await tokenOf() } })
    expect([plain.status, plain.body.code]).toEqual([403, 'forbidden'])
    await grantOperator(identity.database.url, username)
    const token = await tokenOf()
    await identity.api.get('/acts/identity?limit=1', { as: { token } })
    const { status, body } = await identity.api.get('/acts/identity', { as: { token } })
    expect(status).toBe(200)
    expect(body.items[1]).toMatchObject({
      method: 'GET',
      route: '/acts/identity',
      target: '/acts/identity?limit=1',
    })
    const { sql } = identity.database
    await expect(sql`delete from operator_acts`).rejects.toThrow(/forbidden/)
    await expect(sql`update operator_acts set method = 'x'`).rejects.toThrow(/forbidden/)
  })
})

describe('the database itself, asked with the role that owns the tables, refuses', () => {
  it.each([
    ['another id', 'set id = gen_random_uuid()'],
    ['another name', `set username = 'x'`],
    ['another address', `set email = 'x@example.com'`],
    ['another language', `set locale = 'ru'`],
    ['another password', `set password_hash = 'x'`],
    ['another age', `set created_at = created_at + interval '1 ms'`],
  ])('%s for a login', async (_what, change) => {
    await make()
    const attempt = identity.database.sql.unsafe(`update logins ${change} where id = '${userId}'`)
    await expect(attempt).rejects.toThrow(/forbidden/)
  })

  it('its end, a second one of the same name, and an unknown language', async () => {
    await make()
    const { sql } = identity.database
    await expect(sql`delete from logins where id = ${userId}`).rejects.toThrow(/forbidden/)
    await expect(sql`truncate logins cascade`).rejects.toThrow(/forbidden/)
    const add = (username: string, locale: string) => sql`
      insert into logins (id, username, email, locale, password_hash)
      values (${uuidv7()}, ${username}, 'x@example.com', ${locale}, 'x')`
    await expect(add(name.toUpperCase(), 'en')).rejects.toThrow(/logins_username/)
    await expect(add('x', 'fr')).rejects.toThrow(/logins_locale/)
  })

  it('a session that lasts longer, or serves again', async () => {
    const { username, password, userId: id } = await identity.makeLogin()
    const { refreshToken } = (await identity.api.post('/sessions', { username, password })).body
    const { sql } = identity.database
    const longer = sql`update sessions set expires_at = expires_at + interval '1 day' where login_id = ${id}`
    await expect(longer).rejects.toThrow(/cannot be changed/)
    await identity.api.post('/sessions/end', { refreshToken })
    const again = sql`update sessions set ended_at = null, ending = null where login_id = ${id}`
    await expect(again).rejects.toThrow(/cannot be changed/)
  })
})
