import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { startHttpServer, type Handler } from '../../../test/lab/http-server.ts'
import { eventually } from '../../../test/lab/wait.ts'

/** The log and the metrics hold each request, also the refused ones. */
interface Line {
  readonly msg: string
  readonly [name: string]: unknown
}

const start = async (handler: Handler, settings: Parameters<typeof startHttpServer>[1] = {}) => {
  const lines: Line[] = []
  const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Line) })
  const { port, metrics } = await startHttpServer(handler, settings, log)
  const refused = async (reason: string) => {
    const { values } = await metrics.refusedRequests.get()
    return values.find(({ labels }) => labels.reason === reason)?.value
  }
  return { port, lines, refused }
}

/** Sends bytes as they are; resolves with what came back once the other side has closed. */
const send = (port: number, text: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.toString()
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(received))
    socket.write(text)
  })

const requestIdIn = (answer: string) => /"requestId":"([^"]+)"/.exec(answer)?.[1]
const head = (more: readonly string[] = []) =>
  ['POST /x HTTP/1.1', 'Host: localhost', 'Connection: close', ...more, '', ''].join('\r\n')
const json = 'Content-Type: application/json'

describe('a refusal by the server itself', () => {
  it.each([
    ['malformed-http', 400, 'GARBAGE\r\n\r\n'],
    ['malformed-http', 400, 'GET /x HTTP/1.1\r\n\r\n'],
    ['headers-too-large', 431, head([`X: ${'x'.repeat(20_000)}`])],
    ['payload-too-large', 413, head([json, 'Content-Length: 70000'])],
    ['unsupported-media-type', 415, head(['Content-Length: 2'])],
    ['not-found', 404, 'GET /a/../b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'],
  ])('%s (%i) leaves one line with the id that the answer tells', async (code, status, text) => {
    const { port, lines, refused } = await start(() => new Response('done'))
    expect(await refused(code)).toBe(0)
    const requestId = requestIdIn(await send(port, text))
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/)
    await eventually(() => expect(lines).toHaveLength(1))
    expect(lines[0]).toMatchObject({ msg: 'refused', requestId, code, status })
    expect(await refused(code)).toBe(1)
  })

  it('request-timeout (408) leaves one line, with the id of the request that was half there', async () => {
    const { port, lines, refused } = await start(() => new Response('done'), {
      requestTimeoutMs: 500,
    })
    const text = [
      'POST /x HTTP/1.1',
      'Host: localhost',
      'X-Request-Id: mine',
      json,
      'Content-Length: 9',
    ]
    const answer = await send(port, `${text.join('\r\n')}\r\n\r\n{`)
    expect(requestIdIn(answer)).toBe('mine')
    await eventually(() => expect(lines).toHaveLength(1))
    const line = { msg: 'refused', requestId: 'mine', code: 'request-timeout', status: 408 }
    expect(lines[0]).toMatchObject({ ...line, method: 'POST', path: '/x' })
    expect(await refused('request-timeout')).toBe(1)
  })

  it('overloaded (503) leaves one line', async () => {
    const finish = Promise.withResolvers<Response>()
    const { port, lines } = await start(() => finish.promise, { maxConcurrentRequests: 1 })
    const first = send(port, `${head([json, 'Content-Length: 2'])}{}`)
    await sleep(50)
    const requestId = requestIdIn(await send(port, `${head([json, 'Content-Length: 2'])}{}`))
    await eventually(() => expect(lines).toHaveLength(1))
    const line = { msg: 'refused', requestId, code: 'overloaded', status: 503, path: '/x' }
    expect(lines[0]).toMatchObject(line)
    finish.resolve(new Response('done'))
    await first
  })

  it('is one of ten lines a second under a flood, and a last one says how many were left out', async () => {
    const { port, lines, refused } = await start(() => new Response('done'))
    await Promise.all(Array.from({ length: 60 }, () => send(port, 'GARBAGE\r\n\r\n')))
    expect(await refused('malformed-http')).toBe(60)
    const told = () => lines.filter(({ msg }) => msg === 'refused').length
    const leftOut = () => lines.reduce((sum, line) => sum + Number(line['leftOut'] ?? 0), 0)
    await eventually(() => expect(told() + leftOut()).toBe(60))
    expect(leftOut()).toBeGreaterThan(20)
  })
})

describe('the line of a request', () => {
  it('has the code of its problem, and what was made', async () => {
    const location = '/users/0190'
    const { port, lines } = await start(
      () => new Response('{}', { status: 201, headers: { location } }),
    )
    await send(port, 'GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    await eventually(() => expect(lines).toHaveLength(1))
    expect(lines[0]).toMatchObject({ msg: 'request', status: 201, made: '0190' })
    expect(lines[0]).toMatchObject({ caller: 'this machine' })
    expect(lines[0]).not.toHaveProperty('code')
  })

  it.each([
    ['orderly-order', 'order'],
    ['orderly-nobody', 'this machine'],
    ['curl/8', 'this machine'],
  ])('says who asked: %s is %s', async (agent, caller) => {
    const { port, lines } = await start(() => new Response('done'))
    const headers = `Host: localhost\r\nUser-Agent: ${agent}\r\nConnection: close`
    await send(port, `GET /x HTTP/1.1\r\n${headers}\r\n\r\n`)
    await eventually(() => expect(lines).toHaveLength(1))
    expect(lines[0]?.['caller']).toBe(caller)
  })

  it('does not claim an answer where the client was gone before there was one', async () => {
    const { port, lines } = await start(() => new Response('done'))
    const socket = connect(port, '127.0.0.1')
    socket.write(`${head([json, 'Content-Length: 9'])}{`)
    await sleep(50)
    socket.resetAndDestroy()
    await eventually(() => expect(lines).toHaveLength(1))
    expect(lines[0]).toMatchObject({ msg: 'request', status: 499 })
  })
})
