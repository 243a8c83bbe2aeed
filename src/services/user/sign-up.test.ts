import { randomBytes } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RequestOptions } from '../../../test/lab/http.ts'
import { shortBudgets, startWithBilling, type WithBilling } from '../../../test/lab/service.ts'
import { eventually } from '../../../test/lab/wait.ts'

/** What becomes of a password: kept as a hash until identity has it, and never told to anybody. */
let system: WithBilling
let api: WithBilling['service']['api']
let name: string
beforeAll(async () => {
  system = await startWithBilling('user', shortBudgets)
  api = system.service.api
})
beforeEach(async () => {
  system.toIdentity.behave('forward')
  system.toBilling.behave('forward')
  // After many failures calls pause for a moment.
  await eventually(async () => {
    name = `user-${randomBytes(5).toString('hex')}`
    const { status } = await signUp()
    if (status !== 201) throw new Error(`signing up was answered with ${status}`)
  })
  name = `user-${randomBytes(5).toString('hex')}`
})

const password = 'three brave hedgehogs'
const person = (more: object = {}) => ({
  username: name,
  email: `${name}@example.com`,
  password,
  ...more,
})
const signUp = (more: object = {}, options: RequestOptions = { key: 'k' }) =>
  api.post('/users', person(more), options)

/** All that the database of user holds, as text. */
const everything = async () => {
  const { sql } = system.database
  const [users, throttled, acts] = [
    await sql`select * from users`,
    await sql`select * from throttled`,
    await sql`select * from operator_acts`,
  ]
  return JSON.stringify({ users, throttled, acts })
}

const kept = async (id: string) => {
  const [row] = await system.database.sql`select * from users where id = ${id}`
  return { hash: row?.['password_hash'], salt: row?.['password_salt'], account: row?.['account'] }
}

/** What limits have counted, all together. */
const attempts = async () => {
  const [counted] = await system.database.sql`select sum(attempts)::int as all from throttled`
  return Number(counted?.['all'])
}

const hash = /^\$argon2id\$v=19\$m=1024,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/
const salt = /^\$argon2id\$v=19\$m=1024,t=2,p=1\$[\w+/]{22}$/

const loginsOf = (id: string) =>
  system.toIdentity.seen
    .filter(({ body }) => body.includes(id))
    .map(({ body }) => JSON.parse(body) as Readonly<Record<string, string>>)

describe('a password', () => {
  it('is kept as its hash while identity is away, and identity gets that hash', async () => {
    system.toIdentity.behave('refuse')
    const { status, body, text } = await signUp({ locale: 'ru' })
    expect([status, body.account]).toEqual([202, 'PENDING'])
    const waiting = await kept(body.id)
    expect(waiting.hash).toMatch(hash)
    expect(waiting.salt).toMatch(salt)
    expect(waiting.hash.startsWith(`${waiting.salt}$`)).toBe(true)
    expect(text).not.toMatch(/argon2|hedgehogs/)
    system.toIdentity.behave('forward')
    await eventually(async () => expect((await kept(body.id)).account).toBe('OPEN'))
    const { username, email } = person()
    const login = { userId: body.id, username, email, locale: 'ru', passwordHash: waiting.hash }
    for (const asked of loginsOf(body.id)) expect(asked).toEqual(login)
  })

  it('leaves only its salt as soon as identity has the login, before there is an account', async () => {
    system.toBilling.behave('refuse')
    const { status, body } = await signUp()
    expect([status, body.account]).toEqual([202, 'PENDING'])
    const waiting = await kept(body.id)
    expect(waiting.hash).toBeNull()
    expect(waiting.salt).toMatch(salt)
    expect(loginsOf(body.id)).toHaveLength(1)
    system.toBilling.behave('forward')
    await eventually(async () => expect((await kept(body.id)).account).toBe('OPEN'))
    expect(await kept(body.id)).toEqual({ ...waiting, account: 'OPEN' })
    expect(loginsOf(body.id)).toHaveLength(1)
  })

  it('is in no row, whatever happens to it', async () => {
    await signUp()
    await signUp()
    await signUp({ password: 'another three hedgehogs' })
    await signUp({ email: `${name}-2@example.com` }, { key: 'refused' })
    await signUp({ password: 'password123' })
    system.toIdentity.behave('refuse')
    name = `${name}-2`
    await signUp()
    const all = await everything()
    expect(all).not.toContain('hedgehogs')
    expect(all).not.toContain(Buffer.from(password).toString('base64'))
  })

  it('leaves nothing with a refusal', async () => {
    await signUp()
    const { status } = await signUp({ email: `${name}-2@example.com` }, { key: 'refused' })
    expect(status).toBe(409)
    const [row] = await system.database.sql`
      select password_hash, password_salt from users
      where idempotency_key = ${`${name} refused`}`
    expect(row).toEqual({ password_hash: null, password_salt: null })
  })

  it.each([
    ['too short', 'nine char'],
    ['too long', 'x'.repeat(129)],
    ['one that everybody tries first', 'Password123'],
    ['no text', 1_234_567_890],
    ['left out', undefined],
  ])('that is %s is refused by the name of its field, and not told', async (_what, wrong) => {
    const text = JSON.stringify(person({ password: wrong }))
    const answer = await api.send('POST', '/users', text)
    expect([answer.status, answer.body.code]).toEqual([400, 'validation-failed'])
    expect(answer.body.errors).toMatchObject([{ field: 'password' }])
    expect(answer.text).not.toContain(String(wrong ?? password))
  })
})

describe('a repeat', () => {
  const wrong = { password: 'another three hedgehogs' }

  it('with another password is refused while the hash is kept, and the right one goes on', async () => {
    system.toIdentity.behave('refuse')
    const first = await signUp()
    const { status, body, text } = await signUp(wrong)
    expect([status, body.code]).toEqual([422, 'idempotency-key-reused'])
    expect(text).not.toContain(first.body.id)
    // Recovery may ask meanwhile, but nobody asks about the other password.
    expect(new Set(loginsOf(first.body.id).map(({ passwordHash }) => passwordHash)).size).toBe(1)
    const again = await signUp()
    expect([again.status, again.text]).toEqual([202, first.text])
  })

  it('with another password is refused after the hash was forgotten, too', async () => {
    const first = await signUp()
    const { status, body, text } = await signUp(wrong)
    expect([status, body.code]).toEqual([422, 'idempotency-key-reused'])
    expect(text).not.toContain(first.body.id)
    const again = await signUp()
    expect([again.status, again.text]).toEqual([201, first.text])
    expect(again.headers['idempotency-replayed']).toBe('true')
    const [made, ...repeated] = loginsOf(first.body.id)
    expect(repeated.at(-1)).toEqual(made)
  })

  it('makes the same hash again, also after the cost of a password was changed', async () => {
    const first = await signUp()
    const costly = await system.startReplica({ PASSWORD_MEMORY_KIB: '2048' })
    const again = await costly.api.post('/users', person(), { key: 'k' })
    expect([again.status, again.text]).toEqual([201, first.text])
    const other = await costly.api.post('/users', person(wrong), { key: 'k' })
    expect(other.status).toBe(422)
  })

  it('does nothing and says so while identity cannot compare passwords', async () => {
    const first = await signUp()
    const counted = await attempts()
    system.toIdentity.behave('refuse')
    for (const more of [{}, wrong]) {
      const { status, body, headers } = await signUp(more)
      expect([status, body.code]).toEqual([503, 'unavailable'])
      expect(headers['retry-after']).toBe('1')
    }
    expect(await attempts()).toBe(counted)
    system.toIdentity.behave('forward')
    await eventually(async () => expect((await signUp()).text).toBe(first.text))
  })

  it('with another body never asks whether the password is right', async () => {
    const first = await signUp()
    const asked = loginsOf(first.body.id).length
    const { status } = await signUp({ email: 'somebody-else@example.com' })
    expect(status).toBe(422)
    expect(loginsOf(first.body.id)).toHaveLength(asked)
  })

  it('cannot be used to find a password by trying', async () => {
    system.toIdentity.behave('refuse')
    expect((await signUp()).status).toBe(202)
    const statuses: number[] = []
    for (let round = 0; round < 6; round += 1) {
      const guesses = Array.from({ length: 20 }, (_, index) => `${index} hedgehogs, ${round}`)
      const answers = await Promise.all(guesses.map((guess) => signUp({ password: guess })))
      statuses.push(...answers.map(({ status }) => status))
    }
    expect(statuses.filter((status) => status === 422)).toHaveLength(100)
    expect(statuses.filter((status) => status === 429)).toHaveLength(20)
    const right = await signUp()
    expect([right.status, right.body.code]).toEqual([429, 'too-many-attempts'])
    expect(Number(right.headers['retry-after'])).toBeGreaterThan(3_000)
    name = `${name}-2`
    expect((await signUp()).status).toBe(202)
    expect((await signUp()).status).toBe(202)
  })
})

describe('sign-ups from one address', () => {
  const from = (address: string, key?: string): RequestOptions => ({
    ...(key === undefined ? {} : { key }),
    headers: { 'x-client-address': address },
  })
  const limited = () => system.startReplica({ SIGN_UPS_PER_HOUR: '2' })
  const newcomer = (index: number) => ({
    username: `${name}-${index}`,
    email: `${name}-${index}@example.com`,
  })
  const users = async () => (await system.database.sql`select from users`).length

  it('are limited, over all replicas, before anything is stored', async () => {
    const [one, other] = [await limited(), await limited()]
    const address = `2001:db8::${randomBytes(2).toString('hex')}`
    const first = await one.api.post('/users', newcomer(1), from(address, 'k'))
    const second = await other.api.post('/users', newcomer(2), from(address))
    expect([first.status, second.status]).toEqual([201, 201])
    const before = await users()
    for (const replica of [one, other]) {
      const third = await replica.api.post('/users', newcomer(3), from(address, 'k'))
      expect([third.status, third.body.code]).toEqual([429, 'too-many-attempts'])
      const waitS = Number(third.headers['retry-after'])
      expect(waitS).toBeGreaterThan(3_500)
      expect(waitS).toBeLessThanOrEqual(3_600)
    }
    expect(await users()).toBe(before)
    const again = await one.api.post('/users', newcomer(1), from(address, 'k'))
    expect([again.status, again.text]).toEqual([201, first.text])
    const elsewhere = await one.api.post('/users', newcomer(3), from(`${address}1`))
    expect(elsewhere.status).toBe(201)
    expect(await everything()).not.toContain(address)
  })

  it('count when they are refused, so that nobody finds out cheaply who is here', async () => {
    const { api: asked } = await limited()
    const address = randomBytes(6).toString('hex')
    const answers = []
    for (let index = 0; index < 3; index += 1) {
      answers.push(await asked.post('/users', newcomer(1), from(address)))
    }
    expect(answers.map(({ status }) => status)).toEqual([201, 409, 429])
  })

  it('are not limited unless somebody sets a limit', async () => {
    const address = randomBytes(6).toString('hex')
    for (let index = 0; index < 5; index += 1) {
      const { status } = await api.post('/users', newcomer(index), from(address))
      expect(status).toBe(201)
    }
  })
})
