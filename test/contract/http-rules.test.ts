import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { uuidv7 } from '../../src/platform/base/ids.ts'
import {
  rawAuthorization,
  rawRequest,
  sendRaw,
  startGateway,
  type RunningGateway,
} from '../lab/gateway.ts'
import { ask, codeOf, lines, type Answer } from '../lab/raw-http.ts'
import { startNotification } from '../lab/service.ts'

/**
 * The rules of HTTP itself, the same at the gateway and at every service: methods, targets,
 * codings, and what browsers are told about an answer.
 */
const id = '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978'

let gateway: RunningGateway
let servicePort: number

beforeAll(async () => {
  gateway = await startGateway()
  servicePort = Number(new URL((await startNotification()).notification.url).port)
})
beforeEach(() => {
  for (const service of Object.values(gateway.services)) service.received.length = 0
})
afterAll(() => gateway.stop())

const received = () => Object.values(gateway.services).flatMap((service) => service.received)

const both = [
  ['the gateway', () => gateway.port, `/notifications?userId=${id}`],
  ['a service', () => servicePort, `/notifications?userId=${id}`],
] as const

describe('HEAD', () => {
  // These headers say how the body is framed, or differ between two answers.
  const ignoredHeaders = new Set(['date', 'x-request-id', 'transfer-encoding'])
  const comparable = (headers: ReadonlyMap<string, string>) =>
    Object.fromEntries([...headers].filter(([name]) => !ignoredHeaders.has(name)))

  it.each([
    ['an operation behind the gateway', () => gateway.port, `/orders/${id}`],
    ['an operation of a service', () => servicePort, `/notifications?userId=${id}`],
    ['a request that is refused', () => servicePort, '/notifications?userId=x'],
    ['an address where nothing is', () => servicePort, '/nowhere'],
    ['the contract of a service', () => servicePort, '/openapi.json'],
    ['a page', () => gateway.port, '/docs'],
    ['the health of the gateway', () => gateway.port, '/healthz'],
    ['the readiness of a service', () => servicePort, '/readyz'],
  ])('answers %s as GET does, without the body', async (_what, port, path) => {
    const get = await ask(port(), rawRequest('GET', path))
    const head = await ask(port(), rawRequest('HEAD', path))
    expect(head.status).toBe(get.status)
    expect(comparable(head.headers)).toEqual(comparable(get.headers))
    expect(get.body).not.toBe('')
    expect(head.body).toBe('')
  })

  it.each(both)('stands beside GET in the Allow of %s', async (_who, port) => {
    const answer = await ask(port(), rawRequest('PUT', '/notifications'))
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')?.split(', ')).toEqual(
      expect.arrayContaining(['GET', 'HEAD']),
    )
  })

  it('is refused where there is no GET', async () => {
    const answer = await ask(gateway.port, rawRequest('HEAD', `/billing/accounts/${id}/deposit`))
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  })
})

describe('a whole address as the target', () => {
  it.each(both)('means its path, at %s', async (_who, port, path) => {
    const target = `http://localhost:${port()}${path}`
    expect((await ask(port(), rawRequest('GET', target))).status).toBe(200)
  })

  it('is passed on as the path', async () => {
    await ask(gateway.port, rawRequest('GET', `HTTP://LOCALHOST/orders/${id}?a=%20b`))
    expect(received().map(({ url }) => url)).toEqual([`/orders/${id}?a=%20b`])
  })

  it('may have no path', async () => {
    const answer = await ask(gateway.port, rawRequest('GET', 'http://localhost'))
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'text/html; charset=utf-8',
    ])
  })

  it('is a probe when its path is one', async () => {
    const answer = await ask(servicePort, rawRequest('GET', 'http://localhost/healthz'))
    expect([answer.status, answer.body]).toEqual([200, '{"status":"ok"}'])
  })

  it('with a foreign name is refused, whatever Host says', async () => {
    const text = lines('GET http://evil.example/orders HTTP/1.1', 'Host: localhost')
    expect(
      (await ask(gateway.port, text.replace('\r\n', '\r\nConnection: close\r\n'))).status,
    ).toBe(421)
  })

  it.each([
    ['with a user', `http://user:secret@localhost/orders/${id}`, 400],
    ['without a name', `http:///orders/${id}`, 400],
    ['by TLS, which this connection is not', `https://localhost/orders/${id}`, 421],
    ['of another kind', 'file:///etc/passwd', 404],
    ['with dots', `http://localhost/orders/../orders/${id}`, 404],
  ])('%s is refused', async (_what, target, status) => {
    const answer = await ask(gateway.port, rawRequest('GET', target))
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(received()).toEqual([])
  })
})

describe('the Host header', () => {
  const refused = [
    ['is missing', ['GET {path} HTTP/1.1']],
    ['is there twice', ['GET {path} HTTP/1.1', 'Host: localhost', 'Host: localhost']],
    ['is there twice, in HTTP/1.0', ['GET {path} HTTP/1.0', 'Host: localhost', 'Host: evil']],
    ['is no host', ['GET {path} HTTP/1.1', 'Host: a/b']],
    ['is missing beside a whole address', ['GET http://localhost{path} HTTP/1.1']],
  ] as const
  const paths = ['/orders', '/healthz', '/readyz', '/nowhere', '/docs']

  it.each(refused)('that %s is refused alike everywhere', async (_what, text) => {
    for (const port of [gateway.port, servicePort]) {
      for (const path of paths) {
        const answer = await ask(port, lines(...text).replace('{path}', path))
        expect([path, answer.status, codeOf(answer)]).toEqual([path, 400, 'malformed-http'])
        expect(answer.headers.get('connection')).toBe('close')
      }
    }
    expect(received()).toEqual([])
  })

  it('may be missing in HTTP/1.0', async () => {
    const get = (path: string) => lines(`GET ${path} HTTP/1.0`, ...rawAuthorization('GET', path))
    const answer = await ask(servicePort, get(`/notifications?userId=${id}`))
    expect([answer.status, answer.body]).toEqual([200, '{"items":[],"next":null}'])
    expect((await ask(gateway.port, get(`/orders/${id}`))).status).toBe(200)
  })
})

describe('a coding of the body', () => {
  const post = (port: number, ...more: string[]) =>
    ask(
      port,
      `${lines('POST /notifications HTTP/1.1', 'Host: localhost', 'Content-Type: application/json', ...more)}2\r\n{}\r\n0\r\n\r\n`,
    )

  it.each([
    ['gzip, chunked'],
    ['identity, chunked'],
    ['chunked, chunked'],
    ['gzip\r\nTransfer-Encoding: chunked'],
  ])('that is not supported is refused, and the connection ends: %s', async (coding) => {
    for (const port of [gateway.port, servicePort]) {
      const answer = await post(port, `Transfer-Encoding: ${coding}`)
      expect([400, 501]).toContain(answer.status)
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect(answer.headers.get('connection')).toBe('close')
    }
    expect(received()).toEqual([])
  })

  it('ends the connection, so that nothing in its body is taken for a request', async () => {
    const letterTo = (userId: string) => {
      const email = 'masha@example.com'
      const letter = { key: uuidv7(), userId, email, kind: 'DEPOSIT', amount: 5 }
      const type = ['content-type: application/json']
      return rawRequest('POST', '/notifications', type, JSON.stringify(letter))
    }
    // As a request it is served, and its token is known from now on.
    expect((await ask(servicePort, letterTo(uuidv7()))).status).toBe(201)
    const userId = uuidv7()
    const hidden = letterTo(userId)
    const head = ['POST /x HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: gzip, chunked']
    const answers = await sendRaw(servicePort, `${lines(...head)}0\r\n\r\n${hidden}`)
    expect(answers.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    // A request in the body would have been answered in this time.
    await sleep(200)
    const kept = await ask(servicePort, rawRequest('GET', `/notifications?userId=${userId}`))
    expect(kept.body).toBe('{"items":[],"next":null}')
  })

  it('is named in the answer when it is unknown', async () => {
    const answer = await post(servicePort, 'Transfer-Encoding: gzip, chunked')
    expect([answer.status, codeOf(answer)]).toEqual([501, 'unknown-transfer-coding'])
  })

  it.each([
    ['before it', ['Content-Length: 2', 'Transfer-Encoding: chunked']],
    ['after it', ['Transfer-Encoding: chunked', 'Content-Length: 2']],
  ])('with a length %s is refused', async (_where, headers) => {
    for (const port of [gateway.port, servicePort]) {
      const answer = await post(port, ...headers)
      expect([answer.status, codeOf(answer)]).toEqual([400, 'malformed-http'])
    }
    expect(received()).toEqual([])
  })

  it('is refused in HTTP/1.0, which has no codings', async () => {
    const text = lines(
      'POST /notifications HTTP/1.0',
      'Content-Type: application/json',
      'Transfer-Encoding: chunked',
    )
    const answer = await ask(servicePort, `${text}2\r\n{}\r\n0\r\n\r\n`)
    expect([answer.status, codeOf(answer)]).toEqual([400, 'malformed-http'])
  })
})

describe('a request to switch the protocol', () => {
  it.each(both)('CONNECT is refused with a problem by %s', async (_who, port) => {
    const answer = await ask(port(), lines('CONNECT localhost:443 HTTP/1.1', 'Host: localhost'))
    expect([answer.status, codeOf(answer)]).toEqual([405, 'method-not-allowed'])
    expect(answer.headers.get('connection')).toBe('close')
    expect(answer.headers.has('allow')).toBe(true)
  })

  it.each(both)('an upgrade is ignored by %s, and the request is answered', async (...args) => {
    const [, port, path] = args
    for (const protocol of ['websocket', 'h2c']) {
      const text = lines(
        `GET ${path} HTTP/1.1`,
        'Host: localhost',
        `Upgrade: ${protocol}`,
        'Connection: Upgrade, close',
        ...rawAuthorization('GET', path),
      )
      expect((await ask(port(), text)).status).toBe(200)
    }
  })
})

describe('every answer of the API', () => {
  const answers: readonly [string, () => Promise<Answer>][] = [
    ['a list', () => ask(servicePort, rawRequest('GET', `/notifications?userId=${id}`))],
    ['what the gateway passes on', () => ask(gateway.port, rawRequest('GET', `/orders/${id}`))],
    ['a problem of a service', () => ask(servicePort, rawRequest('GET', '/notifications'))],
    ['404 of the gateway', () => ask(gateway.port, rawRequest('GET', '/nowhere'))],
    ['405 of the gateway', () => ask(gateway.port, rawRequest('PUT', '/orders'))],
    ['415', () => ask(gateway.port, rawRequest('POST', '/orders', [], '{}'))],
    ['400 without a Host', () => ask(gateway.port, lines('GET / HTTP/1.1'))],
    ['400 for what is no HTTP', () => ask(gateway.port, 'GARBAGE\r\n\r\n')],
    ['health', () => ask(gateway.port, rawRequest('GET', '/healthz'))],
  ]
  it.each(answers)('is kept by nobody and is what it says: %s', async (_what, answer) => {
    const { headers } = await answer()
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('has each header once, also when the service behind the gateway sent it', async () => {
    gateway.services.order.behave = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'Cache-Control': 'no-store' })
      response.end('{}')
    }
    const text = await sendRaw(gateway.port, rawRequest('GET', `/orders/${id}`))
    expect(text.match(/cache-control/gi)).toHaveLength(1)
  })

  it('has another Cache-Control than a page, which browsers ask for again', async () => {
    const { headers } = await ask(gateway.port, rawRequest('GET', '/docs'))
    expect(headers.get('cache-control')).toBe('no-cache')
  })
})
