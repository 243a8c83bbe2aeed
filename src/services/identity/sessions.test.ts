import { randomBytes } from 'node:crypto'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startIdentity, type Identity, type TestLogin } from '../../../test/lab/identity.ts'
import { metricIn } from '../../../test/lab/metrics.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { uuidv7 } from '../../platform/base/ids.ts'

let identity: Identity
let masha: TestLogin
beforeAll(async () => {
  identity = await startIdentity()
})
beforeEach(async () => {
  masha = await identity.makeLogin()
})

const signIn = (login: Partial<TestLogin> = {}, url = identity.api) => {
  const { username, password } = { ...masha, ...login }
  return url.post('/sessions', { username, password })
}
const refresh = (refreshToken: string, url = identity.api) =>
  url.post('/sessions/refresh', { refreshToken })
const end = (refreshToken: string) => identity.api.post('/sessions/end', { refreshToken })

const sessionRows = () =>
  identity.database.sql`select * from sessions where login_id = ${masha.userId}`

describe('signing in', () => {
  it('gives an access token that everybody can check by the keys of the issuer', async () => {
    const { status, body, headers } = await signIn()
    expect(status).toBe(200)
    expect(headers['cache-control']).toBe('no-store')
    expect(body).toMatchObject({ tokenType: 'Bearer', expiresIn: 600 })
    const keys = createRemoteJWKSet(new URL(`${identity.url}/identity/jwks`))
    const { payload } = await jwtVerify(body.accessToken, keys, {
      issuer: identity.issuer,
      audience: 'orderly',
      typ: 'at+jwt',
      algorithms: ['EdDSA'],
    })
    expect(payload).toMatchObject({
      sub: masha.userId,
      aud: 'orderly',
      client_id: 'orderly',
      roles: [],
      email: masha.email,
      locale: 'en',
    })
    expect(payload.exp! - payload.iat!).toBe(600)
    expect(payload.jti).toBeDefined()
    expect(decodeProtectedHeader(body.accessToken)).toEqual({
      alg: 'EdDSA',
      typ: 'at+jwt',
      kid: expect.any(String),
    })
  })

  it('does not care about the case of the name, and stores no token', async () => {
    const { status, body } = await signIn({ username: masha.username.toUpperCase() })
    expect(status).toBe(200)
    const [row] = await sessionRows()
    const [, secret] = body.refreshToken.split('.')
    expect(JSON.stringify(row)).not.toContain(secret)
  })

  it.each([
    ['a wrong password', () => ({ password: 'seven blue heron' })],
    ['the password of another', async () => ({ password: (await identity.makeLogin()).password })],
    ['a name that nobody has', () => ({ username: `nobody-${randomBytes(4).toString('hex')}` })],
    ['a pattern', () => ({ username: '%' })],
  ])('answers the same for %s', async (_what, wrong) => {
    const { status, body } = await signIn(await wrong())
    const { requestId: _, ...said } = body
    expect(status).toBe(401)
    expect(said).toEqual({
      type: 'urn:orderly:problem:wrong-credentials',
      title: 'The name or the password is wrong',
      status: 401,
      detail: 'There is no such user with this password.',
      code: 'wrong-credentials',
    })
    expect(await sessionRows()).toHaveLength(0)
  })

  it('takes as long for a name that nobody has as for a wrong password', async () => {
    // Costlier hashes, so that their time stands out.
    const slow = await startIdentity({
      PASSWORD_MEMORY_KIB: '16384',
      SIGN_IN_FAILURES_PER_NAME: '1000',
    })
    const { username } = await slow.makeLogin()
    const timeOf = async (name: string) => {
      const startedAtMs = performance.now()
      const { status } = await slow.api.post('/sessions', { username: name, password: 'x' })
      expect(status).toBe(401)
      return performance.now() - startedAtMs
    }
    // The fastest of several: whatever else happens on this machine only makes one slower.
    let [known, unknown] = [Infinity, Infinity]
    const isAlike = () => unknown / known > 0.7 && unknown / known < 1.4
    for (let round = 0; round < 8 || (!isAlike() && round < 40); round += 1) {
      known = Math.min(known, await timeOf(username))
      unknown = Math.min(unknown, await timeOf(`${username}-x`))
    }
    expect(unknown / known).toBeGreaterThan(0.7)
    expect(unknown / known).toBeLessThan(1.4)
  })

  it.each([
    ['nothing', {}],
    ['no password', { username: 'x' }],
    ['a number', { username: 'x', password: 1 }],
    ['more', { username: 'x', password: 'x', more: 1 }],
  ])('refuses a body with %s', async (_what, body) => {
    expect((await identity.api.post('/sessions', body)).status).toBe(400)
  })
})

describe('the metrics of sessions', () => {
  it('count what begins, goes on and ends, and who is not let in', async () => {
    const figures = () => {
      const of = async (name: string, more = {}) =>
        (await metricIn(identity.metrics, name, more)) ?? NaN
      const ofScripts = (name: string, more = {}) => of(name, { kind: 'script', ...more })
      return Promise.all([
        ofScripts('sessions_opened_total'),
        ofScripts('sessions_refreshed_total'),
        ofScripts('sessions_ended_total', { ending: 'signed-out' }),
        ofScripts('sessions_ended_total', { ending: 'token-reused' }),
        of('access_refused_total', { reason: 'wrong-credentials' }),
        of('access_refused_total', { reason: 'session-ended' }),
      ])
    }
    const before = await figures()
    const signedOut = (await signIn()).body.refreshToken
    const next = (await refresh(signedOut)).body.refreshToken
    await end(next)
    await end(next)
    const reused = (await signIn()).body.refreshToken
    await refresh(reused)
    await refresh(reused)
    await signIn({ password: 'wrong' })
    await eventually(async () => {
      const now = await figures()
      expect(now.map((count, index) => count - (before[index] ?? NaN))).toEqual([2, 2, 1, 1, 1, 1])
    })
  })
})

describe('a refresh token', () => {
  it('serves once, and the next one serves as well', async () => {
    const first = (await signIn()).body
    const second = await refresh(first.refreshToken)
    expect(second.status).toBe(200)
    expect(second.body.refreshToken).not.toBe(first.refreshToken)
    expect(second.body.accessToken).not.toBe(first.accessToken)
    expect((await refresh(second.body.refreshToken)).status).toBe(200)
    expect(await sessionRows()).toHaveLength(1)
  })

  it('that comes twice ends its family, and no other one', async () => {
    const other = (await signIn()).body
    const first = (await signIn()).body
    const second = (await refresh(first.refreshToken)).body
    const again = await refresh(first.refreshToken)
    expect([again.status, again.body.code]).toEqual([401, 'session-ended'])
    const newest = await refresh(second.refreshToken)
    expect([newest.status, newest.body.code]).toEqual([401, 'session-ended'])
    expect((await refresh(other.refreshToken)).status).toBe(200)
    const endings = (await sessionRows()).map((row) => row['ending'])
    expect(new Set(endings)).toEqual(new Set(['TOKEN_REUSED', null]))
  })

  it('that is guessed ends the family whose id it has', async () => {
    const { refreshToken } = (await signIn()).body
    const [id] = refreshToken.split('.')
    const guess = `${id}.${randomBytes(32).toString('base64url')}`
    expect((await refresh(guess)).body.code).toBe('session-ended')
    expect((await refresh(refreshToken)).body.code).toBe('session-ended')
  })

  it.each([
    ['no token at all', 'x'],
    ['an unknown session', `${uuidv7()}.${randomBytes(32).toString('base64url')}`],
    ['something longer', `${uuidv7()}.${randomBytes(40).toString('base64url')}`],
  ])('that is %s is refused in the same way', async (_what, token) => {
    const { status, body } = await refresh(token)
    expect([status, body.code]).toEqual([401, 'session-ended'])
  })

  it('that 16 bring at once, on two replicas, serves exactly one of them', async () => {
    const replica = await identity.startReplica()
    const { refreshToken } = (await signIn()).body
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        refresh(refreshToken, index % 2 ? identity.api : replica.api),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(15)
  })

  it('tells what its owner may do now', async () => {
    const { refreshToken } = (await signIn()).body
    await identity.database.sql`
      update logins set roles = '["operator"]' where id = ${masha.userId}`
    const { body } = await refresh(refreshToken)
    const [, claims] = body.accessToken.split('.')
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString()).roles).toEqual(['operator'])
  })

  it('ends when its session is over, however often it was used', async () => {
    const { refreshToken } = (await signIn()).body
    const [row] = await sessionRows()
    const days = (row!['expires_at'] - row!['created_at']) / 86_400_000
    expect(days).toBeCloseTo(30, 3)
    const next = (await refresh(refreshToken)).body
    const [used] = await sessionRows()
    expect(used!['expires_at']).toEqual(row!['expires_at'])
    // The owner of the tables may look into the future.
    const { admin } = identity.database
    await admin`set session_replication_role = replica`
    await admin`update sessions set expires_at = now() where login_id = ${masha.userId}`
    await admin`set session_replication_role = origin`
    expect((await refresh(next.refreshToken)).body.code).toBe('session-ended')
  })
})

describe('signing out', () => {
  it('ends the session, and says the same again and for what never was', async () => {
    const { refreshToken } = (await signIn()).body
    for (const token of [refreshToken, refreshToken, 'x', `${uuidv7()}.${'a'.repeat(43)}`]) {
      const { status, text } = await end(token)
      expect([status, text]).toEqual([204, ''])
    }
    expect((await refresh(refreshToken)).body.code).toBe('session-ended')
    expect((await sessionRows()).map((row) => row['ending'])).toEqual(['SIGNED_OUT'])
  })
})

describe('after a restart', () => {
  it('passwords, sessions and tokens go on to work', async () => {
    const own = await startIdentity()
    const { username, password } = await own.makeLogin()
    const { body } = await own.api.post('/sessions', { username, password })
    await own.stop()
    const again = await own.startAgain()
    const keys = createRemoteJWKSet(new URL(`${again.url}/identity/jwks`))
    await jwtVerify(body.accessToken, keys, { issuer: own.issuer, audience: 'orderly' })
    expect((await refresh(body.refreshToken, again.api)).status).toBe(200)
    expect((await again.api.post('/sessions', { username, password })).status).toBe(200)
  })
})
