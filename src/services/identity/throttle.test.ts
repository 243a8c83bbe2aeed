import { randomBytes } from 'node:crypto'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startIdentity, type Identity, type TestLogin } from '../../../test/lab/identity.ts'
import { eventually } from '../../../test/lab/wait.ts'

const perName = 4
const perAddress = 9
const pagesPerAddress = 5

let identity: Identity
let masha: TestLogin
let address: string
beforeAll(async () => {
  identity = await startIdentity({
    SIGN_IN_FAILURES_PER_NAME: `${perName}`,
    SIGN_IN_FAILURES_PER_ADDRESS: `${perAddress}`,
    SIGN_IN_PAGES_PER_ADDRESS: `${pagesPerAddress}`,
  })
})
beforeEach(async () => {
  masha = await identity.makeLogin()
  address = `192.0.2.${randomBytes(1)[0]}-${randomBytes(3).toString('hex')}`
})

const attempt = (username: string, password: string, from = address, api = identity.api) =>
  api.post('/sessions', { username, password }, { headers: { 'x-client-address': from } })

const statuses = async (times: number, make: (index: number) => ReturnType<typeof attempt>) => {
  const answers = await Promise.all(Array.from({ length: times }, (_, index) => make(index)))
  return Object.groupBy(answers, ({ status }) => status)
}

describe('guesses at one name', () => {
  it('are refused after some, also the right password, and others are left alone', async () => {
    const { username, password } = masha
    for (let index = 0; index < perName; index += 1) {
      expect((await attempt(username, 'x')).status).toBe(401)
    }
    const refused = await attempt(username, password)
    expect([refused.status, refused.body.code]).toEqual([429, 'too-many-attempts'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(800)
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(900)
    const other = await identity.makeLogin()
    expect((await attempt(other.username, other.password)).status).toBe(200)
    const elsewhere = await attempt(username.toUpperCase(), password, `${address}-other`)
    expect(elsewhere.status).toBe(429)
    await identity.database.sql`update throttled set ends_at = now()`
    expect((await attempt(username, password)).status).toBe(200)
  })

  it('are counted alike for a name that nobody has', async () => {
    const nobody = `nobody-${randomBytes(4).toString('hex')}`
    const seen = { known: [] as unknown[], unknown: [] as unknown[] }
    for (let index = 0; index < perName + 2; index += 1) {
      const { requestId: _a, ...known } = (await attempt(masha.username, 'x', `${address}-a`)).body
      const { requestId: _b, ...unknown } = (await attempt(nobody, 'x', `${address}-b`)).body
      seen.known.push(known.code)
      seen.unknown.push(unknown.code)
    }
    expect(seen.unknown).toEqual(seen.known)
    expect(seen.known.at(-1)).toBe('too-many-attempts')
  })

  it('that come all at once, on two replicas, are not more than come one by one', async () => {
    const replica = await identity.startReplica()
    const { 401: wrong = [], 429: refused = [] } = await statuses(30, (index) =>
      attempt(masha.username, 'x', `${address}-${index}`, index % 2 ? identity.api : replica.api),
    )
    expect(wrong).toHaveLength(perName)
    expect(refused).toHaveLength(30 - perName)
  })

  it('that all wait for the same row are counted one after the other', async () => {
    const replica = await identity.startReplica()
    expect((await attempt(masha.username, 'x', `${address}-first`)).status).toBe(401)
    const holder = await identity.database.sql.reserve()
    await holder`begin`
    await holder`select from throttled for update`
    const answers = statuses(12, (index) =>
      attempt(masha.username, 'x', `${address}-${index}`, index % 2 ? identity.api : replica.api),
    )
    await eventually(async () => {
      const [waiting] = await identity.database.admin`
        select count(*)::int as count from pg_stat_activity
        where wait_event_type = 'Lock' and datname = current_database()`
      expect(waiting!['count']).toBeGreaterThanOrEqual(10)
    })
    await holder`commit`
    holder.release()
    expect((await answers)[401]).toHaveLength(perName - 1)
  })
})

describe('guesses from one address', () => {
  it('are refused after some, whatever the name, and other addresses are left alone', async () => {
    for (let index = 0; index < perAddress; index += 1) {
      expect((await attempt(`nobody-${index}-${address}`.slice(0, 60), 'x')).status).toBe(401)
    }
    const { username, password } = masha
    expect((await attempt(username, password)).status).toBe(429)
    expect((await attempt(username, password, `${address}-other`)).status).toBe(200)
  })

  it('that are refused do not count against the name', async () => {
    for (let index = 0; index < perAddress; index += 1) {
      await attempt(`nobody-${index}-${address}`.slice(0, 60), 'x')
    }
    await statuses(10, () => attempt(masha.username, 'x'))
    expect((await attempt(masha.username, masha.password, `${address}-other`)).status).toBe(200)
  })
})

describe('successes', () => {
  it('do not count, however many there are', async () => {
    for (let index = 0; index < 3 * perName; index += 1) {
      expect((await attempt(masha.username, masha.password)).status).toBe(200)
    }
    for (let index = 0; index < perName; index += 1) {
      expect((await attempt(masha.username, 'x')).status).toBe(401)
    }
  })
})

describe('the pages of the issuer, for people who are not signed in,', () => {
  const challenge = 'a'.repeat(43)
  const redirect = encodeURIComponent('http://127.0.0.1:4567/callback')
  const signIn = `/identity/auth?client_id=orderly&response_type=code&scope=openid&redirect_uri=${redirect}&code_challenge=${challenge}&code_challenge_method=S256`
  const open = (page: string, from: string, method = 'GET', at = identity.url) =>
    fetch(`${at}${page}`, { method, redirect: 'manual', headers: { 'x-client-address': from } })
  const rows = () =>
    identity.database.sql`select expires_at - now() < interval '601 s' as is_short from oidc_models`

  it('leave a bounded number of rows that live for ten minutes at most', async () => {
    const replica = await identity.startReplica()
    const before = (await rows()).length
    const answers = await Promise.all(
      Array.from({ length: 4 * pagesPerAddress }, (_, index) =>
        open(
          index % 2 ? signIn : '/identity/sign-out',
          address,
          index % 4 === 1 ? 'POST' : 'GET',
          index % 3 ? identity.url : replica.url,
        ),
      ),
    )
    const refused = answers.filter(({ status }) => status === 429)
    expect(refused).toHaveLength(3 * pagesPerAddress)
    for (const { headers } of refused) {
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(800)
      expect(headers.get('content-type')).toContain('text/html')
    }
    expect(await refused[0]!.text()).toMatch(
      /<h1>Too many attempts<\/h1>[^]*Try again in \d+ seconds/,
    )
    // What may be opened without a limit leaves nothing.
    for (const page of ['/identity/sign-out/success', '/identity/auth/x', '/identity/sign-in/x']) {
      await open(page, address)
    }
    const left = await rows()
    expect(left.length - before).toBeGreaterThan(0)
    expect(left.length - before).toBeLessThanOrEqual(2 * pagesPerAddress)
    expect(left.every((row) => row['is_short'])).toBe(true)
    expect((await open(signIn, `${address}-other`)).status).toBe(303)
  })
})

it('keeps neither names nor addresses, and forgets what is over', async () => {
  await attempt(masha.username, 'x')
  const kept = JSON.stringify(await identity.database.sql`select * from throttled`)
  expect(kept).not.toContain(masha.username)
  expect(kept).not.toContain('192.0.2')
})
