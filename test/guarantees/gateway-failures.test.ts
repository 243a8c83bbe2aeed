import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { request as nodeRequest, type RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { problemDocument } from '../../src/platform/base/errors.ts'
import { registry } from '../../src/registry.ts'
import {
  answerJson,
  rawRequest,
  sendRaw,
  startGateway,
  type RunningGateway,
} from '../lab/gateway.ts'
import { metricIn } from '../lab/metrics.ts'
import { signedFetch } from '../lab/signed-fetch.ts'
import { eventually } from '../lab/wait.ts'
import { labAuthorization } from '../lab/wallet.ts'

const id = '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978'
const orderBody = JSON.stringify({ userId: id, price: 100 })

/** The gateway opens so many connections to each service. */
const connectionsPerUpstream = 256

let gateway: RunningGateway

/** Makes the budgets of the services small: with the margin, the deadline becomes 2,020 ms. */
beforeEach(async () => {
  gateway = await startGateway({ REQUEST_BUDGET_MS: '10', LETTER_BUDGET_MS: '10' })
})
afterEach(() => gateway.stop())

const place = (headers: Record<string, string> = {}, body: string = orderBody) =>
  signedFetch(`${gateway.url}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })

describe('the gateway passes requests and answers on unchanged', () => {
  it('keeps status, body and the headers that are meant for the client', async () => {
    gateway.services.order.behave = answerJson(
      202,
      { id, status: 'PENDING' },
      {
        location: `/orders/${id}`,
        'retry-after': '1',
        'idempotency-replayed': 'true',
      },
    )
    const response = await place()
    expect(response.status).toBe(202)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/json',
      location: `/orders/${id}`,
      'retry-after': '1',
      'idempotency-replayed': 'true',
    })
    expect(await response.json()).toEqual({ id, status: 'PENDING' })
  })

  it('passes a problem of a service through, a 500 as well', async () => {
    gateway.services.order.behave = answerJson(
      500,
      { code: 'internal' },
      {
        'content-type': 'application/problem+json',
      },
    )
    const response = await place()
    expect(response.status).toBe(500)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.text()).toBe('{"code":"internal"}')
  })

  it('counts who is not let in where that is decided: not what another service said', async () => {
    const counted = (reason: string) =>
      metricIn(gateway.metrics, 'access_refused_total', { reason })
    const problem = { 'content-type': 'application/problem+json' }
    const refusal = problemDocument('forbidden', 'so it is', 'r')
    gateway.services.order.behave = answerJson(403, refusal, problem)
    expect((await place()).status).toBe(403)
    for (const authorization of ['', 'Bearer nonsense']) {
      const headers = authorization === '' ? {} : { authorization }
      expect((await fetch(`${gateway.url}/orders/${id}`, { headers })).status).toBe(401)
    }
    await expect.poll(() => counted('bad-token')).toBe(1)
    expect(await Promise.all([counted('no-token'), counted('forbidden')])).toEqual([1, 0])
  })

  it('passes body, key, accept and request id on, and nothing that is for the connection', async () => {
    const response = await place({
      'idempotency-key': 'key-1',
      accept: 'application/json',
      'x-request-id': 'asked-for-this',
      cookie: 'secret=1',
      'x-forwarded-for': '10.0.0.1',
      te: 'trailers',
    })
    const [received] = gateway.services.order.received
    expect(received?.body).toBe(orderBody)
    expect(received?.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': 'key-1',
      accept: 'application/json',
      'x-request-id': 'asked-for-this',
    })
    for (const name of ['cookie', 'x-forwarded-for', 'te'])
      expect(received?.headers).not.toHaveProperty(name)
    expect(response.headers.get('x-request-id')).toBe('asked-for-this')
  })

  it('gives a request an id that has none, the same for the service and the client', async () => {
    const response = await place()
    const requestId = response.headers.get('x-request-id')
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/)
    expect(gateway.services.order.received[0]?.headers['x-request-id']).toBe(requestId)
  })

  it('strips hop-by-hop headers, also those that Connection names', async () => {
    gateway.services.order.behave = (_request, response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        connection: 'keep-alive, x-of-the-hop',
        'x-of-the-hop': 'stays here',
        'x-of-the-end': 'goes on',
        'keep-alive': 'timeout=1234',
        'proxy-authenticate': 'Basic',
      })
      response.end('{}')
    }
    const response = await place()
    expect(response.headers.get('x-of-the-end')).toBe('goes on')
    expect(response.headers.get('x-of-the-hop')).toBeNull()
    expect(response.headers.get('proxy-authenticate')).toBeNull()
    expect(response.headers.get('keep-alive')).not.toContain('1234')
  })

  it('streams an answer of many megabytes without keeping it', async () => {
    const chunk = Buffer.alloc(1024 * 1024, 'x')
    const chunks = 48
    gateway.services.order.behave = async (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      for (let sent = 0; sent < chunks; sent += 1)
        if (!response.write(chunk)) await once(response, 'drain')
      response.end()
    }
    const response = await signedFetch(`${gateway.url}/orders/${id}`)
    let size = 0
    for await (const part of response.body!) size += (part as Uint8Array).length
    expect(size).toBe(chunks * chunk.length)
  })
})

describe('the gateway, when a service does not answer,', () => {
  const told = async (response: Response) => {
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    const { status, code, detail, requestId } = (await response.json()) as Record<string, unknown>
    expect(status).toBe(response.status)
    expect(requestId).toBe(response.headers.get('x-request-id'))
    return { code, detail, retryAfter: response.headers.get('retry-after') }
  }

  /** Sends one request of each kind, all at once. */
  const askAll = async () => {
    const order = `${gateway.url}/orders/${id}`
    const [read, cancelled, keyed, keyless] = await Promise.all([
      signedFetch(order).then(told),
      signedFetch(order, { method: 'DELETE' }).then(told),
      place({ 'idempotency-key': 'k' }).then(told),
      place().then(told),
    ])
    return { read, cancelled, keyed, keyless }
  }

  const unknownWrites = {
    cancelled: {
      code: 'outcome-unknown',
      detail: expect.stringMatching(/not known: repeat it, which does nothing twice/),
      retryAfter: '1',
    },
    keyed: {
      code: 'outcome-unknown',
      detail: expect.stringMatching(/not known: repeat it with the same Idempotency-Key/),
      retryAfter: '1',
    },
    keyless: {
      code: 'outcome-unknown',
      detail: expect.stringMatching(/not known: it came without an Idempotency-Key/),
      retryAfter: null,
    },
  }

  it('says that nothing was done when no service listens, and that any client may try again', async () => {
    gateway.services.order.server.close()
    gateway.services.order.server.closeAllConnections()
    const notSent = {
      code: 'upstream-unavailable',
      detail: expect.stringContaining('nothing was done'),
      retryAfter: '1',
    }
    expect(await askAll()).toEqual({
      read: notSent,
      cancelled: notSent,
      keyed: notSent,
      keyless: notSent,
    })
  })

  it('tries again when no service listened for a moment, since nothing was sent', async () => {
    const { server } = gateway.services.order
    const { port } = server.address() as { port: number }
    server.close()
    server.closeAllConnections()
    const answer = place()
    await sleep(40)
    server.listen(port, '127.0.0.1')
    expect((await answer).status).toBe(200)
    expect(gateway.services.order.received).toHaveLength(1)
  })

  it.each<[string, RequestListener]>([
    ['the connection is reset', (request) => request.socket.resetAndDestroy()],
    ['what comes back is not HTTP', (request) => request.socket.end('hello\r\n\r\n')],
  ])(
    'says that the outcome is unknown when %s, and does not send the request again',
    async (_what, behave) => {
      gateway.services.order.behave = behave
      const brokenRead = {
        code: 'upstream-unavailable',
        detail: expect.not.stringContaining('Idempotency-Key'),
        retryAfter: '1',
      }
      expect(await askAll()).toEqual({ read: brokenRead, ...unknownWrites })
      expect(gateway.services.order.received).toHaveLength(4)
    },
  )

  it.each(['EHOSTUNREACH', 'ENETUNREACH', 'ECONNREFUSED'])(
    'says that the outcome is unknown when an open connection fails with %s, and sends nothing again',
    async (code) => {
      const connections: Socket[] = []
      const remember = (message: unknown) => {
        connections.push((message as { socket: Socket }).socket)
      }
      subscribe('undici:client:connected', remember)
      gateway.services.order.behave = () => {
        // When a network fails, the next read or write reports it.
        const error = Object.assign(new Error(`read ${code}`), { code, syscall: 'read' })
        connections.at(-1)?.destroy(error)
      }
      try {
        expect(await place().then(told)).toEqual(unknownWrites.keyless)
      } finally {
        unsubscribe('undici:client:connected', remember)
      }
      await sleep(200)
      expect(gateway.services.order.received).toHaveLength(1)
    },
  )

  it('says that the outcome is unknown when the service takes longer than its budgets, and not before', async () => {
    gateway.services.order.behave = () => {}
    const startedAtMs = performance.now()
    const lateRead = {
      code: 'upstream-timeout',
      detail: expect.not.stringContaining('Idempotency-Key'),
      retryAfter: '1',
    }
    expect(await askAll()).toEqual({ read: lateRead, ...unknownWrites })
    const tookMs = performance.now() - startedAtMs
    expect(tookMs).toBeGreaterThan(2_000)
    // A slow machine is late by a second or two.
    expect(tookMs).toBeLessThan(5_000)
    expect(gateway.services.order.received).toHaveLength(4)
  })

  it('says that nothing was done when no connection was free in time, and does not send it later', async () => {
    const { order } = gateway.services
    const held: (() => void)[] = []
    order.behave = (_request, response) => {
      held.push(() => response.end('{}'))
      // An answer that has begun may last longer than the deadline.
      setTimeout(() => response.writeHead(200).flushHeaders(), 1_000)
    }
    const others = Array.from({ length: connectionsPerUpstream }, () => place())
    await eventually(() => expect(held.length).toBe(connectionsPerUpstream))
    expect(await place().then(told)).toEqual({
      code: 'upstream-unavailable',
      detail: expect.stringContaining('nothing was done'),
      retryAfter: '1',
    })
    for (const answer of held) answer()
    await Promise.all(others.map(async (each) => (await each).text()))
    await sleep(100)
    expect(order.received).toHaveLength(connectionsPerUpstream)
  })

  it('cuts the connection when an answer ends in the middle', async () => {
    gateway.services.order.behave = (request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
      response.write('{"half":')
      setTimeout(() => request.socket.destroy(), 20)
    }
    const response = await place()
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
  })

  it('ends the request to the service when the client goes away', async () => {
    const aborted = new Promise<void>((resolve) => {
      gateway.services.order.behave = (_request, response) => response.on('close', resolve)
    })
    const path = `/orders/${id}`
    const authorization = labAuthorization({ method: 'GET', path })
    const leaving = nodeRequest(`${gateway.url}${path}`, { headers: { authorization } })
    leaving.on('error', () => {})
    leaving.end()
    await expect.poll(() => gateway.services.order.received.length).toBe(1)
    leaving.destroy()
    // The deadline would end it too, but only after two seconds.
    await expect(Promise.race([aborted.then(() => 'let go'), sleep(1_000)])).resolves.toBe('let go')
  })

  it('passes on what the other services answer, as usual', async () => {
    gateway.services.order.behave = () => {}
    const stuck = place()
    const other = await signedFetch(`${gateway.url}/users/${id}`)
    expect(await other.json()).toEqual({ from: 'user' })
    expect((await stuck).status).toBe(504)
  })
})

describe('the gateway checks the keys', () => {
  it.each(['saga:withdraw:1', '"saga:withdraw:1"', 'saga:'])('refuses %s with 400', async (key) => {
    const response = await place({ 'idempotency-key': key })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ code: 'invalid-idempotency-key' })
    expect(gateway.services.order.received).toEqual([])
  })

  it.each(['saga', 'my-saga:1', 'SAGA:1', '""saga:1""'])('passes %s on as it is', async (key) => {
    expect((await place({ 'idempotency-key': key })).status).toBe(200)
    expect(gateway.services.order.received[0]?.headers['idempotency-key']).toBe(key)
  })

  it.each([
    ['a key twice', ['idempotency-key: one', 'Idempotency-Key: two'], 400],
    ['a key twice, though the same', ['idempotency-key: one', 'idempotency-key: one'], 400],
    ['a reserved key behind another', ['idempotency-key: one', 'idempotency-key: saga:1'], 400],
  ])('refuses %s', async (_what, headers, status) => {
    const answer = await sendRaw(
      gateway.port,
      rawRequest('POST', '/orders', ['content-type: application/json', ...headers], orderBody),
    )
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toContain('invalid-idempotency-key')
    expect(gateway.services.order.received).toEqual([])
  })
})

describe('the gateway refuses bodies that no service would accept', () => {
  it.each([
    ['no content type', [], orderBody, 415],
    [
      'two content types',
      ['content-type: application/json', 'content-type: application/json'],
      orderBody,
      415,
    ],
    ['text', ['content-type: text/plain'], orderBody, 415],
    ['more than 64 KiB', ['content-type: application/json'], `"${'x'.repeat(65_536)}"`, 413],
  ])('%s', async (_what, headers, body, status) => {
    const answer = await sendRaw(gateway.port, rawRequest('POST', '/orders', headers, body))
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(gateway.services.order.received).toEqual([])
  })

  it('passes a body of exactly 64 KiB on', async () => {
    const body = `"${'x'.repeat(65_534)}"`
    expect((await place({}, body)).status).toBe(200)
    expect(gateway.services.order.received[0]?.body).toBe(body)
  })
})

describe('the gateway, as probes see it,', () => {
  it('is ready when the services behind it are', async () => {
    const response = await fetch(`${gateway.url}/readyz`)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ status: 'ready' })
  })

  it('names the services that are not ready, and stays alive', async () => {
    gateway.services.billing.behave = answerJson(503, {})
    gateway.services.notification.behave = () => {}
    const response = await fetch(`${gateway.url}/readyz`)
    expect(response.status).toBe(503)
    expect(await response.json()).toMatchObject({
      code: 'unavailable',
      detail: 'Not ready: billing, notification.',
      services: {
        ...Object.fromEntries(registry.gateway.upstreams.map((name) => [name, 'ready'])),
        billing: 'unavailable',
        notification: 'unavailable',
      },
    })
    expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
  })

  it('notices within a second that a service came back', async () => {
    gateway.services.billing.behave = answerJson(503, {})
    expect((await fetch(`${gateway.url}/readyz`)).status).toBe(503)
    gateway.services.billing.behave = answerJson(200, {})
    const status = async () => (await fetch(`${gateway.url}/readyz`)).status
    await expect.poll(status, { timeout: 1_000 }).toBe(200)
  })

  it('shows no metrics on the public port', async () => {
    expect((await fetch(`${gateway.url}/metrics`)).status).toBe(404)
  })
})

describe('the gateway under more requests than it accepts', () => {
  it('answers 503 with Retry-After at once, keeps serving those it accepted, and recovers', async () => {
    const small = await startGateway({ MAX_CONCURRENT_REQUESTS: '4' })
    try {
      const held: (() => void)[] = []
      small.services.order.behave = (_request, response) => {
        held.push(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
      }
      const ask = () => signedFetch(`${small.url}/orders/${id}`)
      const taken = Array.from({ length: 4 }, ask)
      await expect.poll(() => held.length).toBe(4)
      const refused = await ask()
      expect(refused.status).toBe(503)
      expect(refused.headers.get('retry-after')).toBe('1')
      expect(await refused.json()).toMatchObject({ code: 'overloaded' })
      expect((await fetch(`${small.url}/healthz`)).status).toBe(200)
      for (const answer of held) answer()
      expect((await Promise.all(taken)).map(({ status }) => status)).toEqual([200, 200, 200, 200])
      const later = ask()
      await expect.poll(() => held.length).toBe(5)
      held[4]!()
      expect((await later).status).toBe(200)
    } finally {
      await small.stop()
    }
  })
})
