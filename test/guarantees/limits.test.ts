import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { uuidv7 } from '../../src/platform/base/ids.ts'
import { rawAuthorization } from '../lab/gateway.ts'
import { startHttpServer } from '../lab/http-server.ts'
import { startNotification, startService } from '../lab/service.ts'
import { eventually } from '../lab/wait.ts'

/** Limits on what a client may take from one service: time, memory and places. */
type Started = Awaited<ReturnType<typeof startNotification>>

let system: Started
let port: number
let slowBody: ReturnType<typeof sendSlowly>
let slowHeaders: ReturnType<typeof sendSlowly>

interface Raw {
  readonly text: string
  readonly status: number
  readonly ms: number
}

/** Sends bytes as they are, and collects what comes back until the other side closes. */
const exchange = (target: number, parts: readonly (string | Buffer)[], pauseMs = 0): Promise<Raw> =>
  new Promise((resolve, reject) => {
    const startedAtMs = performance.now()
    let text = ''
    const socket = connect(target, '127.0.0.1')
    socket.setTimeout(40_000, () => socket.destroy(new Error('no end')))
    socket.on('data', (chunk) => {
      text += chunk.toString()
    })
    // A server that does not read everything may reset the connection after its answer.
    socket.on('error', (error) => {
      if (text === '') reject(error)
    })
    socket.on('close', () => {
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)
      resolve({ text, status, ms: performance.now() - startedAtMs })
    })
    const write = async () => {
      for (const part of parts) {
        if (!socket.writable) return
        socket.write(part)
        await (pauseMs > 0 ? sleep(pauseMs) : undefined)
      }
    }
    void write()
  })

const letter = (more: object = {}) => ({
  key: uuidv7(),
  userId: uuidv7(),
  email: 'masha@example.com',
  kind: 'DEPOSIT',
  amount: 5,
  ...more,
})

const head = (headers: readonly string[]) =>
  [
    'POST /notifications HTTP/1.1',
    'Host: localhost',
    'Connection: close',
    ...rawAuthorization('POST', '/notifications'),
    ...headers,
    '',
    '',
  ].join('\r\n')

const post = (body: string | Buffer, headers = ['Content-Type: application/json']) =>
  exchange(port, [head([...headers, `Content-Length: ${Buffer.byteLength(body)}`]), body])

const postChunked = (body: Buffer, chunkSize: number) => {
  const parts: (string | Buffer)[] = [
    head(['Content-Type: application/json', 'Transfer-Encoding: chunked']),
  ]
  for (let start = 0; start < body.length; start += chunkSize) {
    const chunk = body.subarray(start, start + chunkSize)
    parts.push(`${chunk.length.toString(16)}\r\n`, chunk, '\r\n')
  }
  return exchange(port, [...parts, '0\r\n\r\n'])
}

const padded = (size: number) => Buffer.from(JSON.stringify(letter()).padEnd(size, ' '))
const rows = async () => (await system.database.sql`select from letters`).length

const sendSlowly = (parts: readonly string[]) => exchange(port, parts, 700)

beforeAll(async () => {
  system = await startNotification()
  port = Number(new URL(system.notification.url).port)
  // These requests last as long as the limits that they test, so they begin first.
  const started = head(['Content-Type: application/json', 'Content-Length: 1000'])
  slowBody = sendSlowly([started, ...Array.from({ length: 60 }, () => ' ')])
  const lines = Array.from({ length: 60 }, (_, index) => `X-Slow-${index}: 1\r\n`)
  slowHeaders = sendSlowly(['POST /notifications HTTP/1.1\r\n', ...lines])
})

describe('a body', () => {
  it('of 64 KiB is read, however it is cut into chunks', async () => {
    expect((await post(padded(65_536))).status).toBe(201)
    expect((await postChunked(padded(65_536), 65_536)).status).toBe(201)
    expect((await postChunked(padded(65_536), 1_000)).status).toBe(201)
  })

  it.each([65_537, 200_000, 8_000_000])(
    'of %i bytes is refused with 413, declared or in chunks',
    async (size) => {
      const before = await rows()
      for (const sent of [await post(padded(size)), await postChunked(padded(size), 10_000)]) {
        expect(sent.status).toBe(413)
        expect(sent.text).toContain('"code":"payload-too-large"')
      }
      expect(await rows()).toBe(before)
    },
  )

  it('that only claims to be too large is refused before it is sent', async () => {
    const declared = head(['Content-Type: application/json', 'Content-Length: 70000'])
    expect((await exchange(port, [declared])).status).toBe(413)
  })

  it.each([
    ['without a Content-Type', []],
    [
      'with two Content-Types',
      ['Content-Type: application/json', 'Content-Type: application/json'],
    ],
    ['of another type', ['Content-Type: text/plain']],
    ['of a form', ['Content-Type: application/x-www-form-urlencoded']],
    ['of several parts', ['Content-Type: multipart/form-data; boundary=x']],
    ['of a type that only begins like JSON', ['Content-Type: application/jsonp']],
    ['in another character set', ['Content-Type: application/json; charset=latin1']],
    ['that is compressed', ['Content-Type: application/json', 'Content-Encoding: gzip']],
  ])('%s is refused with 415', async (_what, headers) => {
    const before = await rows()
    const { status, text } = await post(JSON.stringify(letter()), headers)
    expect(status).toBe(415)
    expect(text).toContain('"code":"unsupported-media-type"')
    expect(await rows()).toBe(before)
  })

  it.each([
    'application/json',
    'Application/JSON',
    'application/json;charset=utf-8',
    'application/json; charset="UTF-8"',
  ])('declared as %s is read', async (type) => {
    expect((await post(JSON.stringify(letter()), [`Content-Type: ${type}`])).status).toBe(201)
  })

  it('that is not UTF-8 is refused instead of being changed', async () => {
    const before = await rows()
    const { status, text } = await post(
      Buffer.from(JSON.stringify(letter({ key: 'caf\u00e9' })), 'latin1'),
    )
    expect(status).toBe(400)
    expect(text).toContain('"code":"malformed-json"')
    expect(await rows()).toBe(before)
  })

  it('that comes too slowly is refused after 15 s, and the place is free again', async () => {
    const { status, ms } = await slowBody
    expect([408, 0]).toContain(status)
    expect(ms).toBeGreaterThan(14_000)
    expect(ms).toBeLessThan(25_000)
  }, 40_000)
})

describe('headers', () => {
  it('that declare the body twice are named as what is wrong', async () => {
    const twice = ['Content-Type: application/json', 'Content-Type: text/plain']
    expect((await post(JSON.stringify(letter()), twice)).text).toContain('was sent twice')
  })

  it('above 16 KiB are refused with 431, and the next request is served', async () => {
    const { status } = await post('{}', [
      'Content-Type: application/json',
      `X-Large: ${'x'.repeat(17_000)}`,
    ])
    expect(status).toBe(431)
    expect((await post(JSON.stringify(letter()))).status).toBe(201)
  })

  it('that come too slowly are refused after 10 s', async () => {
    const { status, ms } = await slowHeaders
    expect([408, 0]).toContain(status)
    expect(ms).toBeGreaterThan(9_000)
    expect(ms).toBeLessThan(20_000)
  }, 40_000)
})

describe('a request id', () => {
  it('that the client sent comes back, in the header and in a problem', async () => {
    const { api } = system.notification
    const { headers, body } = await api.get('/notifications?limit=0', {
      headers: { 'x-request-id': 'r.1_a-B' },
    })
    expect([headers['x-request-id'], body.requestId]).toEqual(['r.1_a-B', 'r.1_a-B'])
  })

  it.each([
    ['empty', ''],
    ['too long', 'x'.repeat(65)],
    ['not plain', 'a b<script>'],
  ])('that is %s is replaced by a new one', async (_what, given) => {
    const { api } = system.notification
    const { headers, body } = await api.get('/notifications?limit=0', {
      headers: { 'x-request-id': given },
    })
    expect(headers['x-request-id']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/)
    expect(body.requestId).toBe(headers['x-request-id'])
  })
})

/** Holds a lock on the table that every request needs. Call the result to release it. */
const blockDatabase = async (): Promise<() => Promise<unknown>> => {
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  let locked = () => {}
  const isLocked = new Promise<void>((resolve) => {
    locked = resolve
  })
  const done = system.database.admin.begin(async (sql) => {
    await sql`lock table letters in access exclusive mode`
    locked()
    await released
  })
  await isLocked
  return async () => {
    release()
    await done
  }
}

describe('requests at once', () => {
  it('above the limit are refused at once with 503 and Retry-After, and the others are served', async () => {
    const small = await startService('notification', system.database, {
      MAX_CONCURRENT_REQUESTS: '4',
    })
    const unblock = await blockDatabase()
    const waiting = Array.from({ length: 4 }, () => small.api.post('/notifications', letter()))
    await eventually(async () => {
      const { status } = await small.api.get('/notifications')
      expect(status).toBe(503)
    })
    const startedAtMs = performance.now()
    const refused = await small.api.post('/notifications', letter())
    expect(performance.now() - startedAtMs).toBeLessThan(1_000)
    expect([refused.status, refused.body.code]).toEqual([503, 'overloaded'])
    expect(refused.headers['retry-after']).toBe('1')
    expect((await small.api.get('/healthz')).status).toBe(200)
    expect((await small.api.get('/readyz')).status).toBe(200)
    expect((await small.api.get('/metrics')).body).toMatch(
      /http_requests_refused_total\{reason="overloaded",service="notification"\} \d/,
    )
    await unblock()
    const answers = await Promise.all(waiting)
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201])
    await eventually(async () =>
      expect((await small.api.post('/notifications', letter())).status).toBe(201),
    )
  })
})

describe('a service that is told to stop', () => {
  it('finishes what it began, takes nothing new, and says first that it is not ready', async () => {
    const leaving = await startService('notification', system.database, { DRAIN_DELAY_MS: '500' })
    const unblock = await blockDatabase()
    const begun = leaving.api.post('/notifications', letter())
    await eventually(async () => {
      const { body } = await leaving.api.get('/metrics')
      expect(body).toContain('process_cpu')
      const waiting = await system.database.admin`select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`
      expect(waiting.length).toBe(1)
    })
    const stopped = leaving.stop()
    const during = await leaving.api.get('/readyz')
    expect(during.status).toBe(503)
    expect(during.headers['connection']).toBe('close')
    expect((await leaving.api.get('/healthz')).status).toBe(200)
    await sleep(700)
    await expect(leaving.api.get('/healthz')).rejects.toThrow(/ECONNREFUSED/)
    await unblock()
    expect((await begun).status).toBe(201)
    await stopped
  })

  it('does not wait for ever for a request that never ends', async () => {
    const leaving = await startService('notification', system.database, {
      SHUTDOWN_GRACE_MS: '300',
    })
    const unblock = await blockDatabase()
    const begun = leaving.api.post('/notifications', letter()).catch((error: unknown) => error)
    await sleep(200)
    const startedAtMs = performance.now()
    const stopped = leaving.stop()
    expect(await begun).toBeInstanceOf(Error)
    expect(performance.now() - startedAtMs).toBeLessThan(3_000)
    await unblock()
    await stopped
  })
})

describe('metrics', () => {
  it('count requests by route, not by id, and unknown addresses as one', async () => {
    const { api } = system.notification
    await api.get(`/notifications?userId=${uuidv7()}`)
    await api.get(`/nowhere/${uuidv7()}`)
    const { body } = await api.get('/metrics')
    expect(body).toContain('method="GET",route="/notifications",status="200"')
    expect(body).toContain('method="GET",route="unknown",status="404"')
    expect(body).not.toMatch(/route="[^"]*[0-9a-f]{8}-/)
  })

  it('are not shown on a public port', async () => {
    const { port: open } = await startHttpServer(
      () => new Response('nothing here', { status: 404 }),
    )
    const answer = await fetch(`http://127.0.0.1:${open}/metrics`)
    expect([answer.status, await answer.text()]).toEqual([404, 'nothing here'])
  })
})

describe('a service whose database is away', () => {
  it('is alive but not ready, answers 503 with Retry-After, and is ready again by itself', async () => {
    const { api } = system.notification
    const { admin, url } = system.database
    const name = new URL(url).pathname.slice(1)
    await admin.unsafe(`alter database ${name} connection limit 0`)
    await system.database.killConnections()
    await eventually(async () => expect((await api.get('/readyz')).status).toBe(503))
    expect((await api.get('/healthz')).status).toBe(200)
    const refused = await api.post('/notifications', letter())
    expect([refused.status, refused.body.code]).toEqual([503, 'unavailable'])
    expect(refused.headers['retry-after']).toBe('1')
    await admin.unsafe(`alter database ${name} connection limit -1`)
    await eventually(async () => expect((await api.get('/readyz')).status).toBe(200))
    expect((await api.post('/notifications', letter())).status).toBe(201)
  })
})
