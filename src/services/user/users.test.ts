import { randomBytes } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { outcomeOf, waysBetween } from '../../../test/lab/edges.ts'
import type { Api } from '../../../test/lab/http.ts'
import { startWithBilling, type WithBilling } from '../../../test/lab/service.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { accountEdges, accountStatuses } from './states.ts'

let system: WithBilling
let api: Api
let name: string
beforeAll(async () => {
  system = await startWithBilling('user')
  api = system.service.api
})
beforeEach(() => {
  name = `user-${randomBytes(5).toString('hex')}`
})

const person = (more: object = {}) => ({ username: name, email: `${name}@example.com`, ...more })
const create = (more: object = {}, key?: string) => api.post('/users', person(more), { key })
/** A key as it is stored: it belongs to the name. */
const keyOf = (key: string) => `${name} ${key}`
const rows = async () => (await system.database.sql`select from users`).length

describe('a new user', () => {
  it('that is refused is stored only for the repeats of a key', async () => {
    await create()
    const before = await rows()
    expect((await create()).status).toBe(409)
    expect(await rows()).toBe(before)
    expect((await create({}, `${name}-k`)).status).toBe(409)
    expect(await rows()).toBe(before + 1)
  })

  it('is there, with an account that is open and empty', async () => {
    const { status, body, headers } = await create({
      phone: '+7 900 123-45-67',
      firstName: 'Мария',
      lastName: 'Иванова',
      locale: 'ru',
    })
    expect(status).toBe(201)
    expect(headers['location']).toBe(`/users/${body.id}`)
    expect(body).toMatchObject({
      ...person(),
      phone: '+7 900 123-45-67',
      firstName: 'Мария',
      lastName: 'Иванова',
      locale: 'ru',
      account: 'OPEN',
    })
    expect((await api.get(`/users/${body.id}`)).body).toEqual(body)
    const account = await system.billing.api.get(`/billing/accounts/${body.id}`)
    expect(account.body).toMatchObject({ userId: body.id, email: person().email, balance: 0 })
  })

  it('needs only a name, an email address and a password', async () => {
    const { status, body } = await create()
    expect(status).toBe(201)
    expect(body).toMatchObject({ phone: null, firstName: null, lastName: null, locale: 'en' })
  })

  it('is not found by an unknown id', async () => {
    const { status, body } = await api.get(`/users/${uuidv7()}`)
    expect([status, body.code]).toEqual([404, 'user-not-found'])
  })
})

describe('a name or an email address that is taken', () => {
  it.each([
    ['username', 'the same', (text: string) => text],
    ['username', 'the same in capitals', (text: string) => text.toUpperCase()],
    ['email', 'the same', (text: string) => text],
    ['email', 'the same in capitals', (text: string) => text.toUpperCase()],
  ])('is refused as %s, %s, by the name of the field', async (field, _what, change) => {
    const first = person()
    await create()
    const before = await rows()
    const taken = { [field]: change(first[field as 'username' | 'email']) }
    const fresh = { username: `${name}-2`, email: `${name}-2@example.com` }
    const { status, body } = await api.post('/users', { ...fresh, ...taken })
    expect([status, body.code]).toEqual([409, `${field}-taken`])
    expect(body.errors).toEqual([{ field, message: 'is taken' }])
    expect(await rows()).toBe(before)
  })

  it('is refused for ever under a key, also when a late duplicate comes', async () => {
    await create()
    const wanted = { username: name, email: `${name}-2@example.com` }
    const first = await api.post('/users', wanted, { key: `${name}-k` })
    const replica = await system.startReplica()
    const late = await replica.api.post('/users', wanted, { key: `${name}-k` })
    expect([first.status, late.status]).toEqual([409, 409])
    expect(late.text).toBe(first.text)
    expect(late.headers['idempotency-replayed']).toBe('true')
    const free = await api.post('/users', { ...wanted, username: `${name}-3` })
    expect(free.status).toBe(201)
  })

  it('is not found as a user: the stored refusal is no person', async () => {
    await create()
    await create({}, `${name}-k`)
    const { sql } = system.database
    const [row] = await sql`select id from users where idempotency_key = ${keyOf(`${name}-k`)}`
    const asked = await api.get(`/users/${row?.['id']}`, { as: 'operator' })
    expect([asked.status, asked.body.code]).toEqual([404, 'user-not-found'])
    const account = await system.billing.api.get(`/billing/accounts/${row?.['id']}`)
    expect(account.status).toBe(404)
  })

  it('goes to exactly one of many requests at once, on two replicas', async () => {
    const replica = await system.startReplica()
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, index) =>
        (index % 2 ? api : replica.api).post('/users', {
          username: index % 3 ? name : name.toUpperCase(),
          email: `${name}-${index}@example.com`,
        }),
      ),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ body }) => body.code === 'username-taken')).toHaveLength(23)
  })
})

describe('the key of a user', () => {
  it('gives the same answer again, also after a restart', async () => {
    const first = await create({}, `${name}-k`)
    const again = await create({}, `${name}-k`)
    const replica = await system.startReplica()
    const elsewhere = await replica.api.post('/users', person(), { key: `"${name}-k"` })
    for (const answer of [again, elsewhere]) {
      expect([answer.status, answer.text]).toEqual([201, first.text])
      expect(answer.headers['idempotency-replayed']).toBe('true')
      expect(answer.headers['location']).toBe(first.headers['location'])
    }
  })

  it.each([
    ['another address', { email: 'else@example.com' }],
    ['a phone number', { phone: '12345' }],
    ['another first name', { firstName: 'Other' }],
    ['another last name', { lastName: 'Other' }],
    ['another spelling', { email: 'MASHA@example.com' }],
    ['another language', { locale: 'ru' }],
    ['another password', { password: 'another three hedgehogs' }],
  ])('with %s is refused, changes nothing and tells nothing', async (_what, more) => {
    const { body: first } = await create({ email: `${name}@example.com` }, `${name}-k`)
    const before = await rows()
    const { status, body, text } = await create(more, `${name}-k`)
    expect([status, body.code]).toEqual([422, 'idempotency-key-reused'])
    expect(text).not.toContain(first.id)
    expect(text).not.toContain(first.email)
    expect(await rows()).toBe(before)
  })

  it('with another spelling of the name is the same key, and refused', async () => {
    await create({}, `${name}-k`)
    const { status, body } = await create({ username: name.toUpperCase() }, `${name}-k`)
    expect([status, body.code]).toEqual([422, 'idempotency-key-reused'])
  })

  it('is another key for another name: strangers do not meet on it', async () => {
    const first = await create({}, '1')
    const other = { username: `${name}-2`, email: `${name}-2@example.com` }
    const second = await create(other, '1')
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.body).toMatchObject(other)
    expect((await create({}, '1')).text).toBe(first.text)
    expect((await create(other, '1')).text).toBe(second.text)
  })

  it('makes 32 at once on two replicas one user with one account and one answer', async () => {
    const replica = await system.startReplica()
    const answers = await Promise.all(
      Array.from({ length: 32 }, (_, index) =>
        (index % 2 ? api : replica.api).post('/users', person(), { key: `${name}-k` }),
      ),
    )
    const decided = answers.filter(({ status }) => status !== 202)
    expect(new Set(decided.map(({ status }) => status))).toEqual(new Set([201]))
    expect(new Set(decided.map(({ text }) => text)).size).toBe(1)
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    const fresh = answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined)
    expect(fresh).toHaveLength(1)
  })
})

const secret = { password_hash: 'x', password_salt: 'x' }

describe('the database itself, asked with the role that owns the tables, refuses', () => {
  it.each(waysBetween(accountStatuses, accountEdges))(
    'an account that becomes %s, then %s, unless that is an edge: %s',
    async (from, to, isEdge) => {
      const { sql } = system.database
      const columnsOf = (account: string) => ({
        account,
        reason: account === 'REFUSED' ? 'email-taken' : null,
        due_at: account === 'PENDING' ? new Date(Date.now() + 60_000) : null,
      })
      const id = uuidv7()
      const person = { id, username: name, email: `${name}@example.com`, request_id: 'r' }
      await sql`insert into users ${sql({ ...person, ...columnsOf(from) })}`
      const outcome = await outcomeOf(sql`update users set ${sql(columnsOf(to))} where id = ${id}`)
      expect(outcome).toMatch(isEdge ? /^done$/ : /cannot become|forbidden/)
    },
  )

  it.each([
    ['to close an open account', `account = 'PENDING', due_at = now()`, /cannot become/],
    ['to turn a user into a refusal', `account = 'REFUSED', reason = 'x'`, /cannot become/],
    ['an account in no known state', `account = 'LOST'`, /cannot become|users_account/],
    ['to owe an account that is open', 'due_at = now()', /users_due/],
    ['a reason without a refusal', `reason = 'email-taken'`, /users_reason/],
  ])('%s', async (_what, set, why) => {
    const { body } = await create()
    const attempt = system.database.sql.unsafe(`update users set ${set} where id = $1`, [body.id])
    await expect(attempt).rejects.toThrow(why)
    expect((await api.get(`/users/${body.id}`)).body).toEqual(body)
  })

  it.each([
    ['another id', 'update users set id = gen_random_uuid()'],
    ['another name', `update users set username = 'x'`],
    ['another address', `update users set email = 'x@example.com'`],
    ['another phone', `update users set phone = '+7'`],
    ['another first name', `update users set first_name = 'x'`],
    ['another key', `update users set idempotency_key = 'x'`],
    ['another language', `update users set locale = 'ru'`],
    ['a hash, after it was forgotten', `update users set password_hash = 'x'`],
    ['another salt', `update users set password_salt = 'x'`],
    ['no salt', `update users set password_salt = null`],
    ['another age', `update users set created_at = created_at + interval '1 ms'`],
    ['its end', 'delete from users'],
  ])('%s for a user', async (_what, text) => {
    const { body } = await create({}, `${name}-k`)
    const attempt = system.database.sql.unsafe(`${text} where id = $1`, [body.id])
    await expect(attempt).rejects.toThrow(/forbidden/)
    expect((await api.get(`/users/${body.id}`)).body).toEqual(body)
  })

  it('other words for a refusal, and emptying the table', async () => {
    const { sql } = system.database
    await create({}, `${name}-first`)
    await create({}, `${name}-second`)
    const refusals = sql`update users set reason = 'x' where account = 'REFUSED'`
    await expect(refusals).rejects.toThrow(/forbidden/)
    await expect(sql`truncate users`).rejects.toThrow(/forbidden/)
  })

  it.each([
    ['in a language that is in no list', { account: 'OPEN', locale: 'xx' }, /users_known_locale/],
    ['with a hash and an open account', { account: 'OPEN', ...secret }, /users_password_hash/],
    [
      'with a hash and no salt',
      { account: 'PENDING', due_at: new Date(), password_hash: 'x' },
      /users_password_hash/,
    ],
    [
      'that is a refusal and keeps a salt',
      { account: 'REFUSED', reason: 'email-taken', password_salt: 'x' },
      /users_password_salt/,
    ],
  ])('a user %s', async (_what, columns, why) => {
    const { sql } = system.database
    const somebody = { id: uuidv7(), username: name, email: `${name}@example.com` }
    const row = { ...somebody, request_id: 'r', ...columns }
    await expect(sql`insert into users ${sql(row)}`).rejects.toThrow(why)
  })

  it('to open an account before identity has the login', async () => {
    const { sql } = system.database
    const id = uuidv7()
    const due = { account: 'PENDING', due_at: new Date(Date.now() + 60_000) }
    const row = { id, username: name, email: `${name}@example.com`, request_id: 'r' }
    await sql`insert into users ${sql({ ...row, ...due, ...secret })}`
    const opened = sql`update users set account = 'OPEN', due_at = null where id = ${id}`
    await expect(opened).rejects.toThrow(/users_password_hash/)
    const another = sql`update users set password_hash = 'y' where id = ${id}`
    await expect(another).rejects.toThrow(/forbidden/)
    await sql`update users set password_hash = null where id = ${id}`
    await expect(sql`update users set password_hash = 'x' where id = ${id}`).rejects.toThrow(
      /forbidden/,
    )
  })

  it('other words for what an operator did', async () => {
    const { body } = await create()
    await api.get(`/users/${body.id}`, { as: 'operator' })
    const { sql } = system.database
    await expect(sql`update operator_acts set subject = null`).rejects.toThrow(/forbidden/)
    await expect(sql`delete from operator_acts`).rejects.toThrow(/forbidden/)
    await expect(sql`truncate operator_acts`).rejects.toThrow(/forbidden/)
  })

  it('a refusal for a reason that is in no list', async () => {
    const refusal = system.database.sql`
      insert into users (id, username, email, request_id, account, reason)
      values (${uuidv7()}, 'x', 'x@example.com', 'r', 'REFUSED', 'x')`
    await expect(refusal).rejects.toThrow(/users_known_reason/)
  })

  it('a second user with the same name, address or key', async () => {
    const { body } = await create({}, `${name}-k`)
    const copy = (username: string, email: string, key: string) =>
      system.database.sql`
        insert into users (id, username, email, idempotency_key, request_id, account, created_at)
        values (${uuidv7()}, ${username}, ${email}, ${key}, 'r', 'OPEN', now())`
    await expect(copy(body.username.toUpperCase(), 'x@example.com', 'x')).rejects.toThrow(
      /users_username/,
    )
    await expect(copy('x', body.email.toUpperCase(), 'x')).rejects.toThrow(/users_email/)
    await expect(copy('x', 'x@example.com', keyOf(`${name}-k`))).rejects.toThrow(/users_key/)
  })
})
