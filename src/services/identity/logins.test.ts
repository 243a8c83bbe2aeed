import { randomBytes } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startIdentity, type Identity } from '../../../test/lab/identity.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { changeRole, grantOperator, rolesOf } from './commands.ts'
import { changePassword, makeLogin } from './login-commands.ts'

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

const signIn = (password: string, username = name) =>
  identity.api.post('/sessions', { username, password })
const passwordIn = (text: string | undefined) => /the password ([\w-]{24}) /.exec(text ?? '')![1]!

describe('a login by a command', () => {
  const byCommand = (more: object = {}) => {
    const wanted = { userId, username: name, email: `${name}@example.com`, locale: 'ru', ...more }
    return makeLogin(identity.database.url, wanted, 1_024)
  }

  it('lets a user in who has none, with a password that is shown', async () => {
    const text = await byCommand()
    expect(text).toContain(`${name} can sign in now`)
    const { status, body } = await signIn(passwordIn(text))
    expect(status).toBe(200)
    const [, claims] = body.accessToken.split('.')
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      sub: userId,
      email: `${name}@example.com`,
      locale: 'ru',
    })
  })

  it.each([
    ['the name', () => ({ userId: uuidv7(), username: name.toUpperCase() }), /the name/],
    ['the user', () => ({ username: `${name}-2` }), /has a login already, with the name/],
  ])('is not made when there is one of %s, which stays as it is', async (_what, more, message) => {
    const password = passwordIn(await byCommand())
    const before = await rows()
    await expect(byCommand(more())).rejects.toThrow(message)
    expect(await rows()).toEqual(before)
    expect((await signIn(password)).status).toBe(200)
  })

  it.each([
    [{ userId: '17' }, /userId: /],
    [{ email: 'nobody' }, /email: must be an email address/],
    [{ username: 'x'.repeat(65) }, /username: must have at most 64/],
    [{ locale: 'fr' }, /locale: /],
  ])('is made of nothing that the user service would not send: %o', async (more, message) => {
    await expect(byCommand(more)).rejects.toThrow(message)
    expect(await rows()).toHaveLength(0)
  })
})

describe('another password by a command', () => {
  const change = (username = name, lullMs = 0) =>
    changePassword(identity.database.url, { username, memoryKib: 1_024, lullMs })

  it('takes the place of the one before, as often as it is asked for', async () => {
    const { username, password } = await identity.makeLogin()
    expect((await signIn(password, username)).status).toBe(200)
    const second = passwordIn(await change(username.toUpperCase()))
    const third = passwordIn(await change(username))
    const statuses = [password, second, third].map(
      async (each) => (await signIn(each, username)).status,
    )
    expect(await Promise.all(statuses)).toEqual([401, 401, 200])
  })

  it('ends all sessions of this person, and of nobody else', async () => {
    const [masha, petya] = [await identity.makeLogin(), await identity.makeLogin()]
    const tokenOf = async ({ username, password }: typeof masha) =>
      (await signIn(password, username)).body.refreshToken
    const [first, second, other] = [
      await tokenOf(masha),
      await tokenOf(masha),
      await tokenOf(petya),
    ]
    await change(masha.username)
    const refresh = async (refreshToken: string) =>
      (await identity.api.post('/sessions/refresh', { refreshToken })).status
    expect([await refresh(first), await refresh(second), await refresh(other)]).toEqual([
      401, 401, 200,
    ])
    const { sql } = identity.database
    const ended = await sql`select distinct ending from sessions where login_id = ${masha.userId}`
    expect(ended.map(({ ending }) => ending)).toEqual(['NEW_PASSWORD'])
  })

  it('ends a session as well that somebody was about to get by the one before', async () => {
    const { username, userId: id } = await identity.makeLogin()
    const changing = change(username, 500)
    const { sql } = identity.database
    await eventually(async () => {
      const [row] =
        await sql`select new_password_hash is not null as done from logins where id = ${id}`
      expect(row!['done']).toBe(true)
    })
    await sql`
      insert into sessions (id, login_id, secret_hash, expires_at)
      values (${uuidv7()}, ${id}, 'late', now() + interval '1 hour')`
    await changing
    const left = await sql`select from sessions where login_id = ${id} and ended_at is null`
    expect(left).toHaveLength(0)
  })

  it('leaves the repeat of the call that made the login as it was', async () => {
    const first = await make()
    const password = passwordIn(await change())
    const again = await make()
    expect([again.status, again.text]).toEqual([200, first.text])
    expect((await signIn(password)).status).toBe(200)
  })

  it('is not made for a name that nobody has', async () => {
    expect(await change()).toBeUndefined()
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
