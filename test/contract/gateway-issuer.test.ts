import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { issuerPages } from '../../src/platform/access/issuer-pages.ts'
import { registry } from '../../src/registry.ts'
import { mintToken } from '../lab/issuer.ts'
import { answerJson, startGateway, type RunningGateway, type UpstreamName } from '../lab/gateway.ts'
import { ask, lines } from '../lab/raw-http.ts'

/** What the gateway tells the services about who asks, and how it passes the issuer's pages on. */
const id = '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978'
const bearer = `Bearer ${mintToken({ sub: id })}`

let gateway: RunningGateway

const receivedBy = (running: RunningGateway, service: UpstreamName) =>
  running.services[service].received
const receivedIn = (running: RunningGateway) =>
  Object.values(running.services).flatMap(({ received }) => received)

beforeAll(async () => {
  gateway = await startGateway()
})
beforeEach(() => {
  for (const service of Object.values(gateway.services)) {
    service.received.length = 0
    service.behave = answerJson(200, {})
  }
})
afterAll(() => gateway.stop())

const json = { 'content-type': 'application/json' }
const send = (path: string, options: RequestInit = {}, running = gateway) =>
  fetch(`${running.url}${path}`, { redirect: 'manual', ...options })

describe('the gateway asks for a token before it passes a request on', () => {
  it.each([
    ['no token', undefined],
    ['a token that is none', 'Bearer nonsense'],
    ['a token that is over', `Bearer ${mintToken({ sub: id, exp: 1_000_000_000 })}`],
    ['another scheme', 'Basic bWFzaGE6c2VjcmV0'],
  ])('and refuses %s', async (_what, authorization) => {
    const headers = { ...json, ...(authorization === undefined ? {} : { authorization }) }
    const answer = await send('/orders', { method: 'POST', headers, body: '{"price":1}' })
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringMatching(/^Bearer /),
    ])
    expect(await answer.json()).toMatchObject({ code: 'unauthenticated' })
    expect(receivedIn(gateway)).toEqual([])
  })

  it('and passes a good one on, so that the service checks it by itself', async () => {
    await send(`/orders/${id}`, { headers: { authorization: bearer } })
    expect(receivedBy(gateway, 'order')[0]?.headers.authorization).toBe(bearer)
  })

  it('and lets only operators to what is theirs', async () => {
    const person = await send('/acts/order', { headers: { authorization: bearer } })
    expect([person.status, receivedIn(gateway)]).toEqual([403, []])
    const operator = `Bearer ${mintToken({ sub: id, roles: ['operator'] })}`
    expect((await send('/acts/order', { headers: { authorization: operator } })).status).toBe(200)
  })

  it('and passes on nothing else by which somebody says who they are', async () => {
    const claims = {
      'x-user-id': id,
      'x-caller': 'billing',
      'x-client-address': '6.6.6.6',
      'x-forwarded-for': '6.6.6.6',
      forwarded: 'for=6.6.6.6',
      cookie: 'session=1',
    }
    await send(`/orders/${id}`, { headers: { authorization: bearer, ...claims } })
    await send('/sessions', { method: 'POST', headers: { ...json, ...claims }, body: '{}' })
    const [toOrder, toIdentity] = receivedIn(gateway).toSorted((one) =>
      one.url === '/sessions' ? 1 : -1,
    )
    const { 'x-client-address': _told, ...neverPassed } = claims
    for (const name of Object.keys(neverPassed)) {
      expect(toOrder?.headers, name).not.toHaveProperty(name)
      expect(toIdentity?.headers, name).not.toHaveProperty(name)
    }
    expect(toOrder?.headers).not.toHaveProperty('x-client-address')
    expect(toIdentity?.headers['x-client-address']).toBe('127.0.0.1')
  })
})

describe('the address of who has no token', () => {
  it('is what the outermost of PROXY_HOPS proxies has seen', async () => {
    const behind = await startGateway({ PROXY_HOPS: '2' })
    try {
      const headers = { ...json, 'x-forwarded-for': '6.6.6.6, 203.0.113.7, 10.0.0.1' }
      await send('/users', { method: 'POST', headers, body: '{}' }, behind)
      await send('/sessions', { method: 'POST', headers, body: '{}' }, behind)
      await send('/identity/auth', { headers }, behind)
      const told = receivedIn(behind).map((request) => request.headers['x-client-address'])
      expect(told).toEqual(['203.0.113.7', '203.0.113.7', '203.0.113.7'])
    } finally {
      await behind.stop()
    }
  })
})

describe('the pages of the issuer', () => {
  const form = 'application/x-www-form-urlencoded'
  const pathOf = (template: string) => template.replaceAll(/\{\w+\}/g, 'x1_-')

  it.each(issuerPages)('$method $template goes to identity', async ({ method, template }) => {
    const isPost = method === 'POST'
    const answer = await send(`${pathOf(template)}?a=%20b`, {
      method,
      ...(isPost ? { headers: { 'content-type': form }, body: 'name=masha&word=%D1%8F' } : {}),
    })
    expect(answer.status).toBe(200)
    expect(receivedIn(gateway)).toHaveLength(1)
    expect(receivedBy(gateway, 'identity')[0]).toMatchObject({
      method,
      url: `${pathOf(template)}?a=%20b`,
      body: isPost ? 'name=masha&word=%D1%8F' : '',
    })
  })

  it('get the headers that browsers send for them, and by which address they were reached', async () => {
    const passed = {
      accept: 'text/html',
      'accept-language': 'ru',
      authorization: 'Basic b3JkZXJseTo=',
      cookie: '_session=s; _session.sig=t',
      origin: 'http://shop.localhost:8000',
      referer: 'http://shop.localhost:8000/identity/sign-in/x',
    }
    const head = Object.entries({
      ...passed,
      'x-forwarded-host': 'evil.example',
      forwarded: 'host=evil.example',
    })
    const answer = await ask(
      gateway.port,
      lines(
        'GET /identity/auth HTTP/1.1',
        'Host: shop.localhost:8000',
        'Connection: close',
        ...head.map(([name, value]) => `${name}: ${value}`),
      ),
    )
    expect(answer.status).toBe(200)
    const [{ headers } = { headers: {} }] = receivedBy(gateway, 'identity')
    expect(headers).toMatchObject({
      ...passed,
      'x-forwarded-host': 'shop.localhost:8000',
      'x-forwarded-proto': 'http',
      'x-client-address': '127.0.0.1',
    })
    expect(headers).not.toHaveProperty('forwarded')
  })

  it('are told of TLS that ends before the gateway, by PUBLIC_URL', async () => {
    const secured = await startGateway({
      PUBLIC_URL: 'https://shop.localhost',
      PUBLIC_HOSTS: 'shop.localhost',
    })
    const schemeFor = async (host: string) => {
      receivedBy(secured, 'identity').length = 0
      await ask(
        secured.port,
        lines('GET /identity/auth HTTP/1.1', `Host: ${host}`, 'Connection: close'),
      )
      return receivedBy(secured, 'identity')[0]?.headers['x-forwarded-proto']
    }
    try {
      expect(await schemeFor('shop.localhost')).toBe('https')
      expect(await schemeFor('Shop.LocalHost')).toBe('https')
      expect(await schemeFor('localhost:8000')).toBe('http')
    } finally {
      await secured.stop()
    }
  })

  it('come back as they are, with cookies, redirects and their own policy', async () => {
    gateway.services.identity.behave = (_request, response) => {
      response.setHeader('set-cookie', ['a=1; HttpOnly', 'b=2; HttpOnly'])
      response.writeHead(303, {
        location: '/identity/sign-in/x',
        'content-security-policy': "default-src 'none'",
        'cache-control': 'no-store',
      })
      response.end()
    }
    const answer = await send('/identity/auth')
    expect(answer.status).toBe(303)
    expect(answer.headers.getSetCookie()).toEqual(['a=1; HttpOnly', 'b=2; HttpOnly'])
    expect(answer.headers.get('location')).toBe('/identity/sign-in/x')
    expect(answer.headers.get('content-security-policy')).toBe("default-src 'none'")
  })

  it('alone take forms', async () => {
    const asForm = { method: 'POST', headers: { 'content-type': form }, body: 'a=b' }
    expect((await send('/sessions', asForm)).status).toBe(415)
    expect((await send('/users', asForm)).status).toBe(415)
    const asJson = { method: 'POST', headers: json, body: '{}' }
    expect((await send('/identity/token', asJson)).status).toBe(415)
    expect(receivedIn(gateway)).toEqual([])
  })

  it.each(['/identity', '/identity/', '/identity/admin', '/identity/logins', '/identity/auth/a/b'])(
    'are those of the list and no others: %s',
    async (path) => {
      const answer = await send(path, { method: 'POST', headers: json, body: '{}' })
      expect([answer.status, receivedIn(gateway)]).toEqual([404, []])
    },
  )
})

describe('with another issuer', () => {
  const other = 'https://login.example/realms/shop'
  let elsewhere: RunningGateway

  beforeAll(async () => {
    elsewhere = await startGateway({ ISSUER_URL: other })
  })
  afterAll(() => elsewhere.stop())

  const mine = (options: RequestInit = {}) => {
    const authorization = `Bearer ${mintToken({ sub: id, iss: other })}`
    return { ...options, headers: { ...json, authorization } }
  }

  it('identity is not there: no pages, no sessions, no contract', async () => {
    for (const { method, template } of issuerPages) {
      const answer = await send(template.replace(/\{\w+\}/, 'x'), { method }, elsewhere)
      expect(answer.status, template).toBe(404)
    }
    for (const path of ['/sessions', '/sessions/refresh', '/sessions/end']) {
      expect((await send(path, mine({ method: 'POST', body: '{}' }), elsewhere)).status).toBe(404)
    }
    expect((await send('/acts/identity', mine(), elsewhere)).status).toBe(404)
    expect((await send('/openapi/identity.json', {}, elsewhere)).status).toBe(404)
    expect(receivedBy(elsewhere, 'identity')).toEqual([])
  })

  it('the gateway is ready without identity', async () => {
    elsewhere.services.identity.server.close()
    elsewhere.services.identity.server.closeAllConnections()
    expect((await send('/readyz', {}, elsewhere)).status).toBe(200)
  })

  it('signing up takes a token', async () => {
    const signUp = { method: 'POST', headers: json, body: '{}' }
    const refused = await send('/users', signUp, elsewhere)
    expect([refused.status, receivedBy(elsewhere, 'user')]).toEqual([401, []])
    const stale = { ...signUp, headers: { ...json, authorization: bearer } }
    expect((await send('/users', stale, elsewhere)).status).toBe(401)
    expect((await send('/users', mine(signUp), elsewhere)).status).toBe(200)
    expect(receivedBy(elsewhere, 'user')[0]?.headers).not.toHaveProperty('x-client-address')
  })

  it('the contracts say how people sign in there, and user asks for no password', async () => {
    interface Shown {
      readonly paths: Record<string, Record<string, Record<string, unknown>>>
      readonly components: Record<string, Record<string, Record<string, unknown>>>
    }
    const contractOf = async (service: string, running: RunningGateway) =>
      (await (await send(`/openapi/${service}.json`, {}, running)).json()) as Shown
    for (const service of registry.gateway.upstreams.filter((name) => name !== 'identity')) {
      const { components } = await contractOf(service, elsewhere)
      expect(components['securitySchemes']).toMatchObject({
        signIn: {
          type: 'openIdConnect',
          openIdConnectUrl: `${other}/.well-known/openid-configuration`,
        },
        token: { type: 'http', scheme: 'bearer' },
      })
    }
    const [own, foreign] = [await contractOf('user', gateway), await contractOf('user', elsewhere)]
    const signUpOf = (shown: Shown) => shown.paths['/users']?.['post']
    expect(signUpOf(own)).toMatchObject({ 'x-access': 'anyone', security: [] })
    expect(signUpOf(foreign)).toMatchObject({
      'x-access': 'person',
      security: own.paths['/users/{userId}']?.['get']?.['security'],
      responses: { 401: expect.anything() },
    })
    const newUserOf = (shown: Shown) => shown.components['schemas']?.['NewUser']
    expect(JSON.stringify(newUserOf(own))).toContain('password')
    expect(JSON.stringify(newUserOf(foreign))).not.toContain('password')
    expect(newUserOf(foreign)).toMatchObject({ additionalProperties: false })
  })

  it('the pages say nothing of identity, and may ask that issuer', async () => {
    const front = await (await send('/', {}, elsewhere)).text()
    expect(front).not.toContain('identity')
    expect(front).not.toContain('password')
    expect(front).toContain('your issuer')
    const docs = await send('/docs', {}, elsewhere)
    expect(docs.headers.get('content-security-policy')).toContain(
      "connect-src 'self' https://login.example;",
    )
    const others = registry.gateway.upstreams.filter((name) => name !== 'identity')
    expect(await docs.text()).toContain(`data-contracts="${[...others, 'gateway'].join(' ')}"`)
  })

  it('the pages of our own say nothing of another', async () => {
    const front = await (await send('/')).text()
    expect(front).toContain('identity')
    expect(front).not.toContain('your issuer')
    expect(front).not.toContain('<!--')
    const docs = await send('/docs')
    expect(docs.headers.get('content-security-policy')).toContain("connect-src 'self';")
    const all = registry.gateway.upstreams
    expect(await docs.text()).toContain(`data-contracts="${[...all, 'gateway'].join(' ')}"`)
  })
})
