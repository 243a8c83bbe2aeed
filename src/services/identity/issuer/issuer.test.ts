import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import * as oidc from 'openid-client'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startIdentity, type Identity, type TestLogin } from '../../../../test/lab/identity.ts'
import { metricIn } from '../../../../test/lab/metrics.ts'
import { createPageClient, type PageClient } from '../../../../test/lab/page-client.ts'
import { eventually } from '../../../../test/lab/wait.ts'
import { rotateKeys } from '../commands.ts'
import { changePassword } from '../login-commands.ts'

const redirectUri = 'http://127.0.0.1:4567/callback'

let identity: Identity
let client: oidc.Configuration
let masha: TestLogin
let browser: PageClient

const discover = async (issuer: string) => {
  const options = { execute: [oidc.allowInsecureRequests] }
  return oidc.discovery(new URL(issuer), 'orderly', undefined, oidc.None(), options)
}

beforeAll(async () => {
  identity = await startIdentity()
  client = await discover(identity.issuer)
})
beforeEach(async () => {
  masha = await identity.makeLogin()
  browser = createPageClient(identity.publicUrl)
})

interface Flow {
  readonly address: URL
  readonly verifier: string
  readonly state: string
}

const beginFlow = async (more: Record<string, string> = {}): Promise<Flow> => {
  const verifier = oidc.randomPKCECodeVerifier()
  const state = oidc.randomState()
  const address = oidc.buildAuthorizationUrl(client, {
    redirect_uri: redirectUri,
    scope: 'openid email profile',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    ...more,
  })
  return { address, verifier, state }
}

/** Signs in on the page, and returns the address that the browser is sent to in the end. */
const walkThrough = async ({ address }: Flow, login = masha, through = browser): Promise<URL> => {
  const page = await through.open(address.href)
  expect(page.status).toBe(200)
  const action = /<form[^>]* action="([^"]+)"/.exec(page.text)![1]!
  const { username, password } = login
  const submitted = await through.post(action, { username, password })
  expect(submitted.status).toBe(303)
  const { location } = await through.open(submitted.location!.href)
  return location!
}

const exchange = (callback: URL, { verifier, state }: Flow) =>
  oidc.authorizationCodeGrant(client, callback, {
    pkceCodeVerifier: verifier,
    expectedState: state,
  })

const signIn = async (more: Record<string, string> = {}) => {
  const flow = await beginFlow(more)
  return exchange(await walkThrough(flow), flow)
}

const verify = (token: string) =>
  jwtVerify(token, createRemoteJWKSet(new URL(`${identity.issuer}/jwks`)), {
    issuer: identity.issuer,
    audience: 'orderly',
    typ: 'at+jwt',
  })

describe('the description of the issuer', () => {
  it('names what there is, below its own address', () => {
    const described = client.serverMetadata()
    expect(described).toMatchObject({
      issuer: identity.issuer,
      authorization_endpoint: `${identity.issuer}/auth`,
      token_endpoint: `${identity.issuer}/token`,
      jwks_uri: `${identity.issuer}/jwks`,
      userinfo_endpoint: `${identity.issuer}/userinfo`,
      revocation_endpoint: `${identity.issuer}/revocation`,
      end_session_endpoint: `${identity.issuer}/sign-out`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      id_token_signing_alg_values_supported: ['EdDSA'],
      token_endpoint_auth_methods_supported: ['none'],
    })
  })

  it('shows no private part of a key', async () => {
    const { status, text } = await browser.get('/identity/jwks')
    expect(status).toBe(200)
    for (const key of JSON.parse(text).keys) {
      expect(Object.keys(key).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x'])
    }
  })
})

describe('the code flow', () => {
  it('ends with tokens like those of POST /sessions', async () => {
    const tokens = await signIn()
    const { payload } = await verify(tokens.access_token)
    const { username, password } = masha
    const { body } = await identity.api.post('/sessions', { username, password })
    const { payload: scripted } = await verify(body.accessToken)
    const telling = ['iss', 'sub', 'aud', 'client_id', 'roles', 'email', 'locale', 'scope']
    for (const claim of telling) expect([claim, payload[claim]]).toEqual([claim, scripted[claim]])
    expect(payload).toMatchObject({ sub: masha.userId, aud: 'orderly' })
    expect(payload.exp! - payload.iat!).toBe(600)
    expect(tokens.expires_in).toBe(600)
    expect(tokens.claims()).toMatchObject({ sub: masha.userId, aud: 'orderly' })
  })

  it('tells its client who it is', async () => {
    const tokens = await signIn()
    const info = await oidc.fetchUserInfo(client, tokens.access_token, masha.userId)
    expect(info).toEqual({
      sub: masha.userId,
      email: masha.email,
      locale: 'en',
      preferred_username: masha.username,
      roles: [],
    })
    const forged = `${tokens.access_token.slice(0, -4)}AAAA`
    const refused = await browser.post(
      '/identity/userinfo',
      {},
      { authorization: `Bearer ${forged}` },
    )
    expect(refused.status).toBe(401)
    expect(refused.headers['www-authenticate']).toContain('invalid_token')
  })

  it('asks nobody a second time in the same browser', async () => {
    await signIn()
    const flow = await beginFlow()
    const { location } = await browser.open(flow.address.href)
    expect(location?.origin).toBe('http://127.0.0.1:4567')
    const tokens = await exchange(location!, flow)
    expect((await verify(tokens.access_token)).payload.sub).toBe(masha.userId)
    const asked = await browser.open((await beginFlow({ prompt: 'login' })).address.href)
    expect(asked.text).toContain('<h1>Sign in</h1>')
  })

  it('lets two apps of one browser each have tokens of their own', async () => {
    const first = await signIn()
    const flow = await beginFlow()
    const second = await exchange((await browser.open(flow.address.href)).location!, flow)
    for (const { refresh_token: token } of [first, second, first]) expect(token).toBeDefined()
    const next = await oidc.refreshTokenGrant(client, first.refresh_token!)
    await oidc.refreshTokenGrant(client, second.refresh_token!)
    await oidc.refreshTokenGrant(client, next.refresh_token!)
  })

  it('signs with the new key after a rotation, without a restart', async () => {
    const kidOf = ({ access_token: token, id_token: idToken }: oidc.TokenEndpointResponse) =>
      [token, idToken!].map((each) => decodeProtectedHeader(each).kid)
    const before = kidOf(await signIn())
    await rotateKeys(identity.database.url, { leadMs: 0, pollMs: 100 })
    const after = await eventually(async () => {
      const flow = await beginFlow()
      const tokens = await exchange((await browser.open(flow.address.href)).location!, flow)
      expect(kidOf(tokens)).not.toEqual(before)
      return tokens
    })
    await verify(after.access_token)
    expect(new Set(kidOf(after)).size).toBe(1)
  })

  it('answers a client that asks for consent, without asking anybody', async () => {
    const tokens = await signIn({ prompt: 'consent', scope: 'openid offline_access' })
    expect(tokens.scope).toContain('offline_access')
    expect(tokens.refresh_token).toBeDefined()
  })

  it.each([
    ['without PKCE', { code_challenge: '', code_challenge_method: '' }],
    ['with a plain challenge', { code_challenge_method: 'plain' }],
    ['for a token without a code', { response_type: 'token' }],
    ['for something else than our API', { resource: 'https://api.example' }],
  ])('is refused %s', async (_what, wrong) => {
    const { address } = await beginFlow()
    for (const [name, value] of Object.entries(wrong)) {
      if (value === '') address.searchParams.delete(name)
      else address.searchParams.set(name, value)
    }
    const { location } = await browser.open(address.href)
    expect(location?.search || location?.hash).toContain('error=')
    expect(location?.href).not.toContain('code=')
  })

  it.each([
    ['another site', 'https://evil.example/callback'],
    ['another site that looks like ours', 'http://127.0.0.1.evil.example/callback'],
    ['our site with a name in front', 'http://user@127.0.0.1/callback'],
    ['a fragment', 'http://127.0.0.1:4567/callback#x'],
    ['another scheme', 'javascript:alert(1)'],
  ])('sends nobody to %s', async (_what, redirect) => {
    const { status, location, text } = await browser.open(
      (await beginFlow({ redirect_uri: redirect })).address.href,
    )
    expect([status, location]).toEqual([400, undefined])
    expect(text).toContain('That did not work')
    expect(text).not.toContain('<script')
  })

  it.each([
    'http://localhost:9/x',
    'http://[::1]:1234/y',
    'PUBLIC/docs/oauth2-redirect.html',
    'PUBLIC/console/',
  ])('may send a code to %s', async (place) => {
    const redirect = place.replace('PUBLIC', identity.publicUrl)
    const page = await browser.open((await beginFlow({ redirect_uri: redirect })).address.href)
    expect(page.text).toContain('<h1>Sign in</h1>')
    expect(page.headers['content-security-policy']).toContain(new URL(redirect).origin)
  })

  it('takes a code once, with its own verifier, and takes back what it gave for a stolen one', async () => {
    const flow = await beginFlow()
    const callback = await walkThrough(flow)
    const wrong = { ...flow, verifier: oidc.randomPKCECodeVerifier() }
    await expect(exchange(callback, wrong)).rejects.toThrow()
    const other = await beginFlow()
    const again = (await browser.open(other.address.href)).location!
    const tokens = await exchange(again, other)
    await expect(exchange(again, other)).rejects.toThrow()
    await expect(oidc.refreshTokenGrant(client, tokens.refresh_token!)).rejects.toThrow()
  })
})

describe('a refresh token of the code flow', () => {
  it('serves once; used twice it ends its family', async () => {
    const first = await signIn()
    const second = await oidc.refreshTokenGrant(client, first.refresh_token!)
    expect((await verify(second.access_token)).payload.sub).toBe(masha.userId)
    await expect(oidc.refreshTokenGrant(client, first.refresh_token!)).rejects.toThrow()
    await expect(oidc.refreshTokenGrant(client, second.refresh_token!)).rejects.toThrow()
  })

  it('is counted when it is given, serves, and is withdrawn', async () => {
    const counts = () =>
      Promise.all(
        ['sessions_opened_total', 'sessions_refreshed_total', 'sessions_ended_total'].map(
          async (name) => (await metricIn(identity.metrics, name, { kind: 'page' })) ?? NaN,
        ),
      )
    const [opened = 0, refreshed = 0, ended = 0] = await counts()
    const first = await signIn()
    const second = await oidc.refreshTokenGrant(client, first.refresh_token!)
    await oidc.tokenRevocation(client, second.refresh_token!)
    expect(await counts()).toEqual([opened + 1, refreshed + 1, ended + 1])
  })

  it('that eight bring at once serves one of them at most', async () => {
    const { refresh_token: token } = await signIn()
    const answers = await Promise.allSettled(
      Array.from({ length: 8 }, () => oidc.refreshTokenGrant(client, token!)),
    )
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('can be revoked', async () => {
    const { refresh_token: token } = await signIn()
    await oidc.tokenRevocation(client, token!)
    await expect(oidc.refreshTokenGrant(client, token!)).rejects.toThrow()
  })

  it('is not in the database as it was given', async () => {
    const { refresh_token: token } = await signIn()
    const rows = await identity.database.sql`select * from oidc_models`
    expect(JSON.stringify(rows)).not.toContain(token)
  })
})

describe('the sign-in page', () => {
  const openPage = async () => {
    const page = await browser.open((await beginFlow()).address.href)
    return { page, action: /<form[^>]* action="([^"]+)"/.exec(page.text)![1]! }
  }

  it('says in place that the password is wrong, and signs in afterwards', async () => {
    const flow = await beginFlow()
    const page = await browser.open(flow.address.href)
    const action = /<form[^>]* action="([^"]+)"/.exec(page.text)![1]!
    const username = `${masha.username}"><b>`
    const wrong = await browser.post(action, { username, password: 'x' })
    expect(wrong.status).toBe(401)
    expect(wrong.text).toContain('The name or the password is wrong.')
    expect(wrong.text).toContain('&quot;&gt;&lt;b&gt;')
    expect(wrong.text).not.toContain('<b>')
    const { password } = masha
    const right = await browser.post(action, { username: masha.username, password })
    const { location } = await browser.open(right.location!.href)
    expect((await exchange(location!, flow)).claims()?.sub).toBe(masha.userId)
  })

  it('runs no script, is shown in no frame, and asks no other site', async () => {
    const { page } = await openPage()
    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-/,
    )
    expect(page.headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(page.headers['x-frame-options']).toBe('DENY')
    expect(page.headers['cache-control']).toBe('no-store')
    expect(page.text).not.toContain('<script')
    expect(page.text).not.toMatch(/(?:src|href)="(?!\/)/)
  })

  it('keeps its cookies from scripts and other sites', async () => {
    const first = await browser.get((await beginFlow()).address.href)
    for (const cookie of [first.headers['set-cookie']].flat()) {
      expect(cookie).toMatch(/httponly/i)
      expect(cookie).toMatch(/samesite=lax/i)
      expect(cookie).toMatch(/path=\/identity/i)
    }
  })

  it('has cookies for https only where people come by https', async () => {
    const { hostname } = new URL(identity.publicUrl)
    const { pathname, search } = (await beginFlow()).address
    const behindTls = { 'x-forwarded-host': hostname, 'x-forwarded-proto': 'https' }
    const first = await browser.send('GET', pathname + search, undefined, behindTls)
    const cookies = [first.headers['set-cookie']].flat()
    expect(cookies.length).toBeGreaterThan(0)
    for (const cookie of cookies) expect(cookie).toMatch(/; secure/i)
  })

  it('is of no use in another browser, or after it was used', async () => {
    const flow = await beginFlow()
    const page = await browser.open(flow.address.href)
    const action = /<form[^>]* action="([^"]+)"/.exec(page.text)![1]!
    const { username, password } = masha
    const stranger = await createPageClient(identity.publicUrl).post(action, { username, password })
    expect(stranger.status).toBe(400)
    expect(stranger.text).toContain('This sign-in is over')
    const right = await browser.post(action, { username, password })
    await browser.open(right.location!.href)
    expect((await browser.post(action, { username, password })).status).toBe(400)
  })

  it('counts failures as POST /sessions does', async () => {
    const { action } = await openPage()
    const { username, password } = masha
    for (let attempt = 0; attempt < 10; attempt += 1) {
      await browser.post(action, { username, password: 'x' })
    }
    const throttled = await browser.post(action, { username, password })
    expect(throttled.status).toBe(429)
    expect(throttled.text).toMatch(/Too many attempts failed. Try again in 1[45] minutes./)
    expect(Number(throttled.headers['retry-after'])).toBeGreaterThan(800)
    const scripted = await identity.api.post('/sessions', { username, password })
    expect(scripted.status).toBe(429)
  })
})

describe('signing out', () => {
  it('asks first, then ends the session of the browser and its tokens', async () => {
    const tokens = await signIn()
    const address = oidc.buildEndSessionUrl(client, {
      id_token_hint: tokens.id_token!,
      post_logout_redirect_uri: `${identity.publicUrl}/console/`,
    })
    const page = await browser.get(address.href)
    expect(page.status).toBe(200)
    expect(page.text).toContain('<h1>Sign out?</h1>')
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    const action = /<form[^>]* action="([^"]+)"/.exec(page.text)![1]!
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)![1]!
    const without = await browser.post(action, { logout: 'yes' })
    expect(without.status).toBe(400)
    const done = await browser.post(action, { xsrf, logout: 'yes' })
    expect(done.location?.href).toBe(`${identity.publicUrl}/console/`)
    await expect(oidc.refreshTokenGrant(client, tokens.refresh_token!)).rejects.toThrow()
    const asked = await browser.open((await beginFlow()).address.href)
    expect(asked.text).toContain('<h1>Sign in</h1>')
  })

  it('leads nowhere else, and has a page of its own', async () => {
    await signIn()
    const address = oidc.buildEndSessionUrl(client, {
      post_logout_redirect_uri: 'https://evil.example/',
    })
    expect((await browser.get(address.href)).status).toBe(400)
    const page = await browser.get('/identity/sign-out')
    const action = /<form[^>]* action="([^"]+)"/.exec(page.text)![1]!
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)![1]!
    const done = await browser.post(action, { xsrf, logout: 'yes' })
    expect((await browser.open(done.location!.href)).text).toContain('<h1>Signed out</h1>')
  })

  it('of somebody who is not signed in goes on with a button, without a script', async () => {
    const page = await browser.get('/identity/sign-out')
    expect(page.text).toContain('Go on')
    expect(page.text).not.toContain('<script')
    const action = /<form[^>]* action="([^"]+)"/.exec(page.text)![1]!
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.text)![1]!
    const done = await browser.post(action, { xsrf, logout: 'yes' })
    expect((await browser.open(done.location!.href)).text).toContain('Signed out')
  })
})

describe('another password by a command', () => {
  it('ends the session of the browser, its tokens, and a sign-in that is nearly done', async () => {
    const tokens = await signIn()
    const elsewhere = createPageClient(identity.publicUrl)
    const page = await elsewhere.open((await beginFlow()).address.href)
    const action = /<form[^>]* action="([^"]+)"/.exec(page.text)![1]!
    const { username, password } = masha
    const { location } = await elsewhere.post(action, { username, password })
    const petya = await identity.makeLogin()
    const hers = createPageClient(identity.publicUrl)
    await walkThrough(await beginFlow(), petya, hers)

    await changePassword(identity.database.url, { username, memoryKib: 1_024, lullMs: 0 })
    await expect(oidc.refreshTokenGrant(client, tokens.refresh_token!)).rejects.toThrow()
    for (const through of [browser, elsewhere]) {
      const asked = await through.open((await beginFlow()).address.href)
      expect(asked.text).toContain('<h1>Sign in</h1>')
    }
    expect((await elsewhere.open(location!.href)).status).toBe(400)
    const other = await hers.open((await beginFlow()).address.href)
    expect(other.location?.origin).toBe('http://127.0.0.1:4567')
  })
})

describe('two replicas and a restart', () => {
  it('go on with what another one began', async () => {
    const own = await startIdentity()
    const ownClient = await discover(own.issuer)
    const someone = await own.makeLogin()
    const through = createPageClient(own.publicUrl)
    const verifier = oidc.randomPKCECodeVerifier()
    const address = oidc.buildAuthorizationUrl(ownClient, {
      redirect_uri: redirectUri,
      scope: 'openid',
      code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })
    const restart = async () => {
      await own.stop()
      return own.startAgain()
    }
    const page = await through.open(address.href)
    let running = await restart()
    const action = /<form[^>]* action="([^"]+)"/.exec(page.text)![1]!
    const { username, password } = someone
    const submitted = await through.post(action, { username, password })
    await running.stop()
    running = await own.startAgain()
    const { location } = await through.open(submitted.location!.href)
    await running.stop()
    running = await own.startAgain()
    const tokens = await oidc.authorizationCodeGrant(ownClient, location!, {
      pkceCodeVerifier: verifier,
    })
    await running.stop()
    await own.startAgain()
    const next = await oidc.refreshTokenGrant(ownClient, tokens.refresh_token!)
    const keys = createRemoteJWKSet(new URL(`${own.issuer}/jwks`))
    await jwtVerify(tokens.access_token, keys)
    await jwtVerify(next.access_token, keys)
    const silently = await through.open(`${address.href}&prompt=none`)
    expect(silently.location?.searchParams.get('code')).toBeTruthy()
  })
})

describe('while the database cannot do its part', () => {
  it('pages and programs are told to come back', async () => {
    const own = await startIdentity()
    const ownClient = await discover(own.issuer)
    const { sql } = own.database
    const through = createPageClient(own.publicUrl)
    const address = oidc.buildAuthorizationUrl(ownClient, {
      redirect_uri: redirectUri,
      scope: 'openid',
      code_challenge: await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier()),
      code_challenge_method: 'S256',
    })
    const before = await through.open(address.href)
    const action = /<form[^>]* action="([^"]+)"/.exec(before.text)![1]!
    await sql`alter table oidc_models rename to hidden_models`
    for (const answer of [
      await through.get(address.href),
      await through.get(action),
      await through.post(action, { username: 'x', password: 'x' }),
    ]) {
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1'])
      expect(answer.headers['content-type']).toContain('text/html')
      expect(answer.text).not.toContain('oidc_models')
    }
    const form = { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'orderly' }
    const token = await through.post('/identity/token', form, { accept: 'application/json' })
    expect([token.status, JSON.parse(token.text).error]).toEqual([503, 'server_error'])
    expect((await through.get('/identity/jwks')).status).toBe(200)
    await sql`alter table hidden_models rename to oidc_models`
    expect((await through.get(action)).status).toBe(200)
  })
})
