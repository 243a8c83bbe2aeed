import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { whenFileEnds } from '../../../test/lab/cleanup.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { createLog, createMetrics } from '../base/telemetry.ts'
import { createAsker, type Answer } from './client.ts'
import { UnknownOutcomeError, createTransport } from './transport.ts'

const callTimeoutMs = 300
/** A busy machine may exceed any time limit by so much. */
const marginMs = 400

interface Upstream {
  readonly url: string
  readonly keys: (string | undefined)[]
  readonly headers: IncomingHttpHeaders[]
}

const startUpstream = async (answer: RequestListener): Promise<Upstream> => {
  const keys: (string | undefined)[] = []
  const headers: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    keys.push(request.headers['idempotency-key']?.toString())
    headers.push(request.headers)
    request.resume()
    answer(request, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  whenFileEnds(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, keys, headers }
}

const clientOf = (baseUrl: string, longestCallMs = callTimeoutMs) => {
  const metrics = createMetrics('order')
  const transport = createTransport({
    caller: 'order',
    upstream: 'billing',
    baseUrl,
    callTimeoutMs: longestCallMs,
    metrics,
    authorization: () => 'Bearer test',
  })
  whenFileEnds(transport.close)
  const ask = createAsker({ upstream: 'billing', log: createLog('order', 'silent') })
  const call = { method: 'POST', path: '/refund', headers: { 'Content-Type': 'application/json' } }
  /** Accepts every answer as done: these tests do not check what an answer says. */
  const refund = (timeoutMs: number, key = 'saga:1') =>
    ask<Answer, Answer & { readonly outcome: 'done' }>(
      { key, requestId: 'r-7', timeoutMs },
      {
        send: (attempt) => transport.send({ ...call, body: '{"amount":5}' }, attempt),
        read: ({ status, data }) => ({ outcome: 'done', status, data }),
        complaint: '',
        about: {},
      },
    )
  return { refund, transport, metrics, ask }
}

const json = (status: number, body: string): RequestListener => {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  }
}

const cut: RequestListener = (request) => request.socket.destroy()
const cutHalfway: RequestListener = (request, response) => {
  response.writeHead(200, { 'content-length': 100 }).write('{"operation":')
  setTimeout(() => (request.socket as Socket).resetAndDestroy(), 20)
}
const never: RequestListener = () => {}
const neverEnding: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).write('{')
}

const timed = async <Result>(work: Promise<Result>) => {
  const startedAtMs = performance.now()
  const result = await work
  return { result, ms: performance.now() - startedAtMs }
}

// Each has servers of its own and spends its time waiting.
describe.concurrent('a call to another service', () => {
  it.each([200, 201, 400, 402, 404, 409, 413, 415, 422])(
    'that is answered %i has an answer, and is not repeated',
    async (status) => {
      const upstream = await startUpstream(json(status, '{"code":"x"}'))
      const outcome = await clientOf(upstream.url).refund(2_000)
      expect(outcome).toMatchObject({ outcome: 'done', attempts: 1, status, data: { code: 'x' } })
      expect(upstream.keys).toEqual(['saga:1'])
    },
  )

  it.each<[string, RequestListener]>([
    ['is answered 500', json(500, '{}')],
    ['is answered 502', json(502, '')],
    ['is answered 503', json(503, '{}')],
    ['is answered 504', json(504, '{}')],
    ['is answered 408', json(408, '{}')],
    ['is answered 429', json(429, '{}')],
    ['is cut before the answer', cut],
    ['is cut in the middle of the answer', cutHalfway],
    ['is never answered', never],
    ['is answered without an end', neverEnding],
    ['is answered with a page', json(200, '<h1>It works!</h1>')],
    ['is answered with half of a JSON text', json(200, '{"operation":')],
  ])(
    'that %s is unknown, after tries with the same key until the budget is spent',
    async (_what, answer) => {
      const upstream = await startUpstream(answer)
      const { result, ms } = await timed(clientOf(upstream.url).refund(700))
      expect(result.outcome).toBe('unknown')
      expect(ms).toBeLessThan(700 + marginMs)
      expect(upstream.keys.length).toBeGreaterThan(1)
      // The time may end before the last attempt is sent.
      expect([0, 1]).toContain(result.attempts - upstream.keys.length)
      expect(new Set(upstream.keys)).toEqual(new Set(['saga:1']))
    },
  )

  it('to a port where nobody listens is unknown, within the budget', async () => {
    const { url } = await startUpstream(never)
    const closed = url.replace(/\d+$/, '9')
    const { result, ms } = await timed(clientOf(closed).refund(500))
    expect(result.outcome).toBe('unknown')
    expect(ms).toBeLessThan(500 + marginMs)
  })

  it('is repeated with the same key until there is an answer', async () => {
    let calls = 0
    const upstream = await startUpstream((request, response) => {
      calls += 1
      if (calls === 1) cut(request, response)
      else if (calls === 2) json(503, '{}')(request, response)
      else if (calls === 3) json(200, 'garbage')(request, response)
      else json(402, '{"code":"insufficient-funds"}')(request, response)
    })
    const outcome = await clientOf(upstream.url).refund(5_000)
    expect(outcome).toMatchObject({ outcome: 'done', attempts: 4, status: 402 })
    expect(upstream.keys).toEqual(['saga:1', 'saga:1', 'saga:1', 'saga:1'])
  })

  it('that hangs is tried anew after the time-out of one attempt, not after the whole budget', async () => {
    let calls = 0
    const upstream = await startUpstream((request, response) => {
      calls += 1
      if (calls > 1) json(200, '{}')(request, response)
    })
    const { result, ms } = await timed(clientOf(upstream.url).refund(5_000))
    expect(result).toMatchObject({ outcome: 'done', attempts: 2 })
    expect(ms).toBeGreaterThanOrEqual(callTimeoutMs - 20)
    expect(ms).toBeLessThan(callTimeoutMs + 2 * marginMs)
  })

  it('never takes longer than its budget, even when one attempt may take longer', async () => {
    const upstream = await startUpstream(never)
    const { result, ms } = await timed(clientOf(upstream.url).refund(100))
    expect(result).toMatchObject({ outcome: 'unknown', attempts: 1 })
    expect(ms).toBeLessThan(100 + marginMs)
  })

  it('that waits in vain for a free connection gives up in time, and is then not sent late', async () => {
    const upstream = await startUpstream((request, response) => {
      setTimeout(() => json(200, '{}')(request, response), 1_000)
    })
    const client = clientOf(upstream.url, 5_000)
    const busy = Array.from({ length: 64 }, () => client.refund(5_000, 'busy'))
    await eventually(() => expect(upstream.keys).toHaveLength(64))
    const { result, ms } = await timed(
      Promise.all(Array.from({ length: 16 }, () => client.refund(150, 'late'))),
    )
    expect(result.every((outcome) => outcome.outcome === 'unknown')).toBe(true)
    expect(ms).toBeLessThan(150 + marginMs)
    await Promise.all(busy)
    await client.refund(5_000, 'after')
    expect(new Set(upstream.keys)).toEqual(new Set(['busy', 'after']))
  })

  it('is sent with the caller’s key and request, and says who calls', async () => {
    const upstream = await startUpstream(json(200, '{}'))
    await clientOf(upstream.url).refund(1_000)
    expect(upstream.headers).toEqual([
      {
        authorization: 'Bearer test',
        host: upstream.url.replace('http://', ''),
        connection: 'keep-alive',
        'x-request-id': 'r-7',
        'content-type': 'application/json',
        'content-length': '12',
        'idempotency-key': 'saga:1',
        'user-agent': 'orderly-order',
      },
    ])
  })

  it.each([undefined, 'text/html', 'application/jsonp', 'text/plain; charset=utf-8'])(
    'is unknown when its answer comes as %s',
    async (type) => {
      const headers = type === undefined ? {} : { 'content-type': type }
      const upstream = await startUpstream((_request, response) => {
        response.writeHead(200, headers).end('{}')
      })
      const { transport } = clientOf(upstream.url)
      const sending = transport.send({ method: 'POST', path: '/refund' }, { timeoutMs: 1_000 })
      await expect(sending).rejects.toThrow(UnknownOutcomeError)
      await expect(sending).rejects.toThrow(
        `POST /refund was answered 200 as ${type}, which is not JSON`,
      )
    },
  )

  it('is counted with its outcome', async () => {
    const upstream = await startUpstream(json(402, '{}'))
    const { refund, metrics } = clientOf(upstream.url)
    await refund(1_000)
    const text = await metrics.registry.metrics()
    expect(text).toMatch(/call_duration_seconds_count\{[^}]*outcome="answered"[^}]*\} 1/)
  })

  it('passes a fault of our own on as what it is', async () => {
    const { ask } = clientOf('http://127.0.0.1:9')
    const send = () => Promise.reject(new TypeError('a bug'))
    const options = { requestId: 'r-7', timeoutMs: 1_000 }
    const work = ask(options, { send, read: () => undefined, complaint: '', about: {} })
    await expect(work).rejects.toThrow('a bug')
  })

  it('alone throws when its outcome is unknown, naming who did not answer', async () => {
    const upstream = await startUpstream(cut)
    const sending = clientOf(upstream.url).transport.send(
      { method: 'GET', path: '/' },
      { timeoutMs: 1_000 },
    )
    await expect(sending).rejects.toThrow(UnknownOutcomeError)
    await expect(sending).rejects.toThrow(/^billing did not answer/)
  })
})

describe.concurrent('the circuit breaker', () => {
  it('ends calls at once after ten failures in a row, and lets them through soon after recovery', async () => {
    let isWell = false
    const upstream = await startUpstream((request, response) =>
      json(isWell ? 200 : 503, '{}')(request, response),
    )
    const { refund } = clientOf(upstream.url)
    await refund(3_000)
    expect(upstream.keys.length).toBe(10)
    const { result, ms } = await timed(refund(3_000))
    expect(result.outcome).toBe('unknown')
    expect(ms).toBeLessThan(marginMs)
    expect(upstream.keys.length).toBe(10)
    isWell = true
    await sleep(600)
    const healed = await refund(1_000)
    expect(healed).toMatchObject({ outcome: 'done', attempts: 1 })
    expect(await refund(1_000)).toMatchObject({ outcome: 'done' })
  })

  it('lets one call look from time to time, and stays open while that one fails', async () => {
    const upstream = await startUpstream(json(503, '{}'))
    const { refund } = clientOf(upstream.url)
    await refund(3_000)
    await sleep(600)
    await refund(3_000)
    expect(upstream.keys.length).toBe(11)
  })

  it('is not opened by refusals', async () => {
    const upstream = await startUpstream(json(402, '{}'))
    const { refund } = clientOf(upstream.url)
    for (let index = 0; index < 15; index += 1) {
      expect(await refund(1_000)).toMatchObject({ outcome: 'done' })
    }
  })
})
