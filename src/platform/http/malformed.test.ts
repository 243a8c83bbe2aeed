import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { startHttpServer, type Handler } from '../../../test/lab/http-server.ts'
import { eventually } from '../../../test/lab/wait.ts'

const start = async (handler: Handler, maxConcurrentRequests = 4): Promise<number> => {
  const settings = { publicHosts: ['a'], maxConcurrentRequests }
  return (await startHttpServer(handler, settings)).port
}

const open = (port: number, text = '') => {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  let isClosed = false
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    isClosed = true
  })
  if (text !== '') socket.write(text)
  return {
    socket,
    received: () => received,
    closed: () =>
      eventually(() => {
        if (!isClosed) throw new Error(`still open after: ${received}`)
        return received
      }),
    sees: (what: string) =>
      eventually(() => {
        expect(received).toContain(what)
      }),
  }
}

const head = 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n'
const whole = `${head}Content-Length: 2\r\n\r\n{}`

describe('what cannot be read as HTTP', () => {
  it.each([
    ['garbage', 'GARBAGE\r\n\r\n', 400, 'malformed-http'],
    [
      'two lengths',
      `${head}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
      400,
      'malformed-http',
    ],
    [
      'a length and chunks',
      `${head}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
      'malformed-http',
    ],
    ['a broken chunk', `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`, 400, 'malformed-http'],
    ['a NUL in a header', 'GET /x HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n', 400, 'malformed-http'],
    ['no Host', 'GET /x HTTP/1.1\r\n\r\n', 400, 'malformed-http'],
    [
      'too large headers',
      `GET /x HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers-too-large',
    ],
  ])('is answered with a problem document and the end: %s', async (_what, text, status, code) => {
    let handled = 0
    const port = await start(() => {
      handled += 1
      return new Response('done')
    })
    const answer = await open(port, text).closed()
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toMatch(/^content-type: application\/problem\+json\r$/m)
    expect(answer).toMatch(/^x-request-id: /m)
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ code, status })
    expect(handled).toBe(0)
  })

  it('is never taken for the answer to the request before it', async () => {
    const port = await start(async () => {
      await sleep(150)
      return new Response('it was done')
    })
    const client = open(port, `${whole}GARBAGE\r\n\r\n`)
    expect(await client.closed()).not.toContain('malformed-http')
  })

  it('is answered after the answer to the request before it', async () => {
    const port = await start(() => new Response('it was done'))
    const client = open(port, whole)
    await client.sees('it was done')
    client.socket.write('GARBAGE\r\n\r\n')
    expect(await client.closed()).toContain('malformed-http')
  })

  it('includes CONNECT, which is not taken for the answer to the request before it either', async () => {
    const port = await start(async () => {
      await sleep(150)
      return new Response('it was done')
    })
    const tunnel = 'CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n'
    expect(await open(port, `${whole}${tunnel}`).closed()).not.toContain('method-not-allowed')
    const client = open(port, whole)
    await client.sees('it was done')
    client.socket.write(tunnel)
    expect(await client.closed()).toContain('method-not-allowed')
  })

  it('does not include an expectation that nobody knows', async () => {
    const port = await start(() => new Response('it was done'))
    const client = open(port, `${head}Expect: miracles\r\nContent-Length: 2\r\n\r\n{}`)
    await client.sees('it was done')
    expect(client.received()).toContain('200 OK')
  })
})

describe('the places for concurrent requests', () => {
  it('are not taken by half requests whose senders fell silent', async () => {
    const port = await start(() => new Response('it was done'), 2)
    const silent = Array.from({ length: 8 }, () => open(port, `${head}Content-Length: 9\r\n\r\n{`))
    await sleep(100)
    const other = open(port, whole)
    await other.sees('it was done')
    expect(other.received()).toContain('200 OK')
    for (const { socket } of silent) socket.destroy()
  })

  it('stay taken by requests whose clients left, until their work is over', async () => {
    const finish = Promise.withResolvers<Response>()
    let begun = 0
    const port = await start(() => {
      begun += 1
      return begun <= 2 ? finish.promise : new Response('it was done')
    }, 2)
    const impatient = [open(port, whole), open(port, whole)]
    await eventually(() => {
      expect(begun).toBe(2)
    })
    for (const { socket } of impatient) socket.destroy()
    await sleep(100)
    await open(port, whole).sees('"code":"overloaded"')
    finish.resolve(new Response('late'))
    await eventually(() => open(port, whole).sees('it was done'))
  })
})
