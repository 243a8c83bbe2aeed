import { afterEach, describe, expect, it } from 'vitest'
import { startGateway, type RunningGateway } from '../lab/gateway.ts'
import { signedFetch } from '../lab/signed-fetch.ts'

/** Pages of other origins may do nothing, unless CORS_ORIGINS names them. */
const id = '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978'
const shop = 'https://shop.example'

let gateway: RunningGateway
afterEach(() => gateway.stop())

const ask = (path: string, method: string, headers: Record<string, string>) =>
  signedFetch(`${gateway.url}${path}`, { method, headers })

const preflight = (origin: string) =>
  ask('/orders', 'OPTIONS', {
    origin,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'content-type,idempotency-key',
  })

const grants = ({ headers }: Response) =>
  [...headers.keys()].filter((name) => name.startsWith('access-control-'))

describe('pages of other origins', () => {
  it('may do nothing by default', async () => {
    gateway = await startGateway()
    const asked = await preflight(shop)
    expect([asked.status, grants(asked)]).toEqual([405, []])
    expect(grants(await ask(`/orders/${id}`, 'GET', { origin: shop }))).toEqual([])
  })

  it('may use the API when CORS_ORIGINS names them', async () => {
    gateway = await startGateway({ CORS_ORIGINS: `${shop}, http://localhost:3000` })
    for (const origin of [shop, 'http://localhost:3000']) {
      const asked = await preflight(origin)
      expect(asked.status).toBe(204)
      expect(asked.headers.get('access-control-allow-origin')).toBe(origin)
      expect(asked.headers.get('access-control-allow-methods')).toBe(
        'GET, HEAD, POST, PATCH, DELETE',
      )
      expect(asked.headers.get('access-control-allow-headers')).toContain('idempotency-key')
      expect(asked.headers.get('vary')).toBe('origin')
      expect(gateway.services.order.received).toEqual([])
    }
  })

  it('can read the answer, also a refusal', async () => {
    gateway = await startGateway({ CORS_ORIGINS: shop, MAX_CONCURRENT_REQUESTS: '1' })
    const { order } = gateway.services
    let release = () => {}
    const answers = [
      await ask(`/orders/${id}`, 'GET', { origin: shop }),
      await ask('/nowhere', 'GET', { origin: shop }),
      await ask('/orders', 'POST', { origin: shop }),
    ]
    order.behave = (_request, response) => {
      release = () => response.writeHead(200).end()
    }
    const held = ask(`/orders/${id}`, 'GET', { origin: shop })
    await expect.poll(() => order.received.length).toBe(2)
    answers.push(await ask(`/orders/${id}`, 'GET', { origin: shop }))
    release()
    await held
    expect(answers.map(({ status }) => status)).toEqual([200, 404, 415, 503])
    for (const { headers } of answers) {
      expect(headers.get('access-control-allow-origin')).toBe(shop)
      expect(headers.get('access-control-expose-headers')).toContain('retry-after')
      expect(headers.get('vary')).toBe('origin')
    }
  })

  it('that are not named may still do nothing', async () => {
    gateway = await startGateway({ CORS_ORIGINS: shop })
    for (const origin of ['https://evil.example', `${shop}.evil.example`, 'null', `${shop}:444`]) {
      const asked = await preflight(origin)
      expect([asked.status, grants(asked)]).toEqual([405, []])
      const answer = await ask(`/orders/${id}`, 'GET', { origin })
      // A cache must not give this answer to origins that are named.
      expect([grants(answer), answer.headers.get('vary')]).toEqual([[], 'origin'])
    }
  })

  it('that are named get a normal answer to OPTIONS when it asks for no permission', async () => {
    gateway = await startGateway({ CORS_ORIGINS: shop })
    expect((await ask('/orders', 'OPTIONS', { origin: shop })).status).toBe(405)
  })

  it('get pages that a cache keeps apart for each origin', async () => {
    gateway = await startGateway({ CORS_ORIGINS: shop })
    const { headers } = await ask('/docs', 'GET', { origin: shop })
    expect(headers.get('vary')).toBe('origin, accept-encoding')
  })
})
