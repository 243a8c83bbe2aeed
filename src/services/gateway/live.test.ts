import { createServer, get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { answerJson, startGateway, type RunningGateway } from '../../../test/lab/gateway.ts'
import { mintToken } from '../../../test/lab/issuer.ts'
import { eventually } from '../../../test/lab/wait.ts'
import { problemDocument } from '../../platform/base/errors.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import type { AdmittedRequest } from '../../platform/http/admission.ts'
import { ServiceResponse } from '../../platform/http/response.ts'
import { createReads } from '../../platform/calls/reads.ts'
import { createLive } from './live.ts'

const orderId = uuidv7()
const order = (more: object) => ({
  id: orderId,
  status: 'PENDING',
  owes: true,
  changes: [],
  ...more,
})

interface Stream {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** All that came so far. */
  readonly text: () => string
  readonly events: () => {
    readonly name: string
    readonly data: { readonly [name: string]: unknown }
  }[]
  readonly ended: Promise<void>
  readonly leave: () => void
}

const eventsIn = (text: string) =>
  [...text.matchAll(/^event: (\w+)\ndata: (.*)\n\n/gm)].map(([, name = '', data = '']) => ({
    name,
    data: JSON.parse(data) as { readonly [name: string]: unknown },
  }))

const open = (url: string, headers: Readonly<Record<string, string>> = {}): Promise<Stream> =>
  new Promise((resolve, reject) => {
    const request = get(url, { headers, agent: false }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      const ended = new Promise<void>((done) => void response.once('close', done))
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        text: () => text,
        events: () => eventsIn(text),
        ended,
        leave: () => request.destroy(),
      })
    })
    request.on('error', reject)
  })

let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startGateway({ SHUTDOWN_GRACE_MS: '5000' })
})
afterAll(() => gateway.stop())
beforeEach(() => {
  gateway.services.order.received.length = 0
})

const bearer = (roles: readonly string[] = []) => ({
  authorization: `Bearer ${mintToken({ sub: uuidv7(), roles })}`,
})
const followOrder = (headers: Readonly<Record<string, string>> = bearer()) =>
  open(`${gateway.url}/console/live/orders/${orderId}`, headers)
const orderIs = (status: number, body: object) => {
  gateway.services.order.behave = answerJson(status, body)
}
const asked = () => gateway.services.order.received

describe('who follows an order', () => {
  it('sees it at once and each change within a second, and no more when nothing is owed', async () => {
    orderIs(200, order({}))
    const stream = await followOrder()
    expect([stream.status, stream.headers['content-type']]).toEqual([200, 'text/event-stream'])
    expect(stream.headers['cache-control']).toBe('no-store')
    await eventually(async () =>
      expect(stream.events()).toEqual([{ name: 'order', data: order({}) }]),
    )
    await eventually(async () => expect(asked().length).toBeGreaterThan(2))
    expect(stream.events()).toHaveLength(1)
    const approved = order({ status: 'APPROVED' })
    orderIs(200, approved)
    const changedAtMs = performance.now()
    await eventually(async () => expect(stream.events().at(-1)?.data).toEqual(approved))
    expect(performance.now() - changedAtMs).toBeLessThan(1_000)
    const settled = order({ status: 'APPROVED', owes: false })
    orderIs(200, settled)
    await stream.ended
    expect(stream.events().slice(2)).toEqual([
      { name: 'order', data: settled },
      { name: 'end', data: { why: 'settled' } },
    ])
  })

  it('sees a finished one once', async () => {
    orderIs(200, order({ owes: false }))
    const stream = await followOrder()
    await stream.ended
    expect(stream.events().map(({ name }) => name)).toEqual(['order', 'end'])
    expect(asked()).toHaveLength(1)
  })

  it('goes on while a change of it owes something', async () => {
    orderIs(200, order({ owes: false, changes: [{ owes: true }] }))
    const stream = await followOrder()
    await eventually(async () => expect(asked().length).toBeGreaterThan(2))
    stream.leave()
  })

  it('is asked for with their own token and nothing else that they claim', async () => {
    orderIs(200, order({ owes: false }))
    const headers = bearer()
    await (
      await followOrder({ ...headers, 'x-user-id': 'somebody', cookie: 'a=b' })
    ).ended
    const [first] = asked()
    const { url, headers: sent } = first!
    expect(url).toBe(`/orders/${orderId}`)
    expect(sent.authorization).toBe(headers.authorization)
    expect([sent['x-user-id'], sent.cookie]).toEqual([undefined, undefined])
  })

  it.each([404, 401, 503])('hears what order says when it answers %d', async (status) => {
    const code = { 404: 'order-not-found', 401: 'unauthenticated', 503: 'unavailable' }[status]
    const problem = problemDocument(code as 'unavailable', 'so it is', 'r')
    orderIs(status, problem)
    const stream = await followOrder()
    await stream.ended
    expect([stream.status, JSON.parse(stream.text())]).toEqual([status, problem])
  })

  it.each([
    [401, 'signed-out'],
    [404, 'gone'],
  ])('is told why it ends when order answers %d later', async (status, why) => {
    orderIs(200, order({}))
    const stream = await followOrder()
    orderIs(status, {})
    await stream.ended
    expect(stream.events().at(-1)).toEqual({ name: 'end', data: { why } })
  })

  it('needs a token, and the id of something', async () => {
    const stranger = await open(`${gateway.url}/console/live/orders/${orderId}`)
    expect(stranger.status).toBe(401)
    const odd = await open(`${gateway.url}/console/live/orders/42`, bearer())
    await odd.ended
    expect([odd.status, JSON.parse(odd.text()).errors]).toEqual([
      400,
      [{ field: 'orderId', message: 'must be a UUID' }],
    ])
    expect(asked()).toEqual([])
  })

  it('costs nothing once they left', async () => {
    orderIs(200, order({}))
    const stream = await followOrder()
    await eventually(async () => expect(asked().length).toBeGreaterThan(1))
    stream.leave()
    await eventually(async () => {
      const before = asked().length
      await new Promise((resolve) => setTimeout(resolve, 900))
      expect(asked()).toHaveLength(before)
    })
  })

  it('is looked at once a second for an operator, whose looks are written down', async () => {
    orderIs(200, order({}))
    const [mine, operators] = [await followOrder(), await followOrder(bearer(['operator']))]
    await eventually(async () => expect(asked().length).toBeGreaterThan(8))
    const counts = Map.groupBy(asked(), ({ headers }) => headers.authorization).values()
    const [few = 0, many = 0] = [...counts].map((each) => each.length).toSorted((a, b) => a - b)
    expect(few).toBeLessThan(many * 0.65)
    mine.leave()
    operators.leave()
  })

  it('is told so also when the gateway stops before it has the first answer', async () => {
    const other = await startGateway({ SHUTDOWN_GRACE_MS: '5000' })
    const { promise: asked, resolve: onAsked } = Promise.withResolvers<void>()
    const { promise: mayAnswer, resolve: answerNow } = Promise.withResolvers<void>()
    other.services.order.behave = async (request, response) => {
      onAsked()
      await mayAnswer
      return answerJson(200, order({}))(request, response)
    }
    const opened = open(`${other.url}/console/live/orders/${orderId}`, bearer())
    await asked
    const stopped = other.stop()
    const stream = await opened
    await stream.ended
    expect(stream.events()).toEqual([{ name: 'end', data: { why: 'stopping' } }])
    answerNow()
    await stopped
  })

  it('is told when the gateway stops, which waits for nobody', async () => {
    const other = await startGateway({ SHUTDOWN_GRACE_MS: '5000' })
    other.services.order.behave = answerJson(200, order({}))
    const stream = await open(`${other.url}/console/live/orders/${orderId}`, bearer())
    const startedAtMs = performance.now()
    const stopped = other.stop()
    await stream.ended
    expect(stream.events().at(-1)).toEqual({ name: 'end', data: { why: 'stopping' } })
    await stopped
    expect(performance.now() - startedAtMs).toBeLessThan(2_000)
  })
})

describe('a booking', () => {
  it('is followed in the same way, at booking', async () => {
    gateway.services.booking.behave = answerJson(200, { id: orderId, owes: false })
    const stream = await open(`${gateway.url}/console/live/bookings/${orderId}`, bearer())
    await stream.ended
    expect(stream.events()).toEqual([
      { name: 'booking', data: { id: orderId, owes: false } },
      { name: 'end', data: { why: 'settled' } },
    ])
    expect(gateway.services.booking.received.map(({ url }) => url)).toEqual([
      `/bookings/${orderId}`,
    ])
  })
})

describe('those who follow', () => {
  const start = async (deps: Parameters<typeof createLive>[0]) => {
    let answer: () => { readonly status: number; readonly body: string } = () => ({
      status: 200,
      body: JSON.stringify(order({})),
    })
    const upstream = createServer((_request, response) => {
      const { status, body } = answer()
      response.writeHead(status, { 'content-type': 'application/json' }).end(body)
    })
    const urlOf = async (server: typeof upstream) => {
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    }
    const reads = createReads({ baseUrl: await urlOf(upstream), connections: 2, timeoutMs: 500 })
    const live = createLive(deps)
    const server = createServer(
      { ServerResponse: ServiceResponse as never },
      (request, response) => {
        const admitted = Object.assign(request as AdmittedRequest, {
          requestId: 'r',
          caller: {
            kind: 'person' as const,
            person: { id: String(request.headers['x-person']), roles: [], isOperator: false },
          },
        })
        const followed = { what: 'order' as const, path: '/', reads }
        void live.follow(followed, admitted, response as unknown as ServiceResponse)
      },
    )
    const url = await urlOf(server)
    const stop = async () => {
      live.stop()
      server.close()
      await reads.close()
      upstream.close()
    }
    const come = (person: string) => open(url, { 'x-person': person })
    return { live, come, stop, answers: (next: typeof answer) => (answer = next) }
  }

  it('are only so many, each with only so many, and leave room when they go', async () => {
    const { live, come, stop } = await start({ maxStreams: 3, maxPerPerson: 2 })
    const streams = [await come('masha'), await come('masha')]
    expect((await come('masha')).status).toBe(503)
    streams.push(await come('petya'))
    const refused = await come('anna')
    await refused.ended
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '1'])
    expect(JSON.parse(refused.text()).code).toBe('overloaded')
    streams[0]?.leave()
    await eventually(async () => expect(live.count()).toBe(2))
    const again = await come('anna')
    expect(again.status).toBe(200)
    for (const each of [again, ...streams]) each.leave()
    await eventually(async () => expect(live.count()).toBe(0))
    await stop()
  })

  it('come again after a while, and hear from the stream meanwhile', async () => {
    const times = { everyMs: 10, heartbeatMs: 50, lastsMs: 300 }
    const { come, stop } = await start({ times })
    const stream = await come('masha')
    await stream.ended
    expect(stream.text()).toContain('\n:\n\n')
    expect(stream.events().at(-1)).toEqual({ name: 'end', data: { why: 'time' } })
    await stop()
  })

  it('wait for a service that is away for a moment, but not for long', async () => {
    const { come, stop, answers } = await start({ times: { everyMs: 10, patienceMs: 200 } })
    const stream = await come('masha')
    let failures = 0
    answers(() => {
      failures += 1
      return failures < 3 ? { status: 503, body: '{}' } : { status: 200, body: '{"owes":true}' }
    })
    await eventually(async () => expect(stream.events().at(-1)?.data).toEqual({ owes: true }))
    answers(() => ({ status: 503, body: '{}' }))
    await stream.ended
    expect(stream.events().at(-1)).toEqual({ name: 'end', data: { why: 'unavailable' } })
    await stop()
  })
})
