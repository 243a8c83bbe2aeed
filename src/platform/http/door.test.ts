import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { startHttpServer, type Handler } from '../../../test/lab/http-server.ts'
import { eventually } from '../../../test/lab/wait.ts'
import type { Config } from '../base/config.ts'

/** One client must not be able to take anything from the others. */
const start = async (handler: Handler, settings: Partial<Config> = {}) => {
  const { port, metrics, drain } = await startHttpServer(handler, settings)
  const valueOf = async (name: string) => {
    const line = (await metrics.registry.metrics())
      .split('\n')
      .find((text) => text.startsWith(name) && !text.startsWith('#'))
    return Number(line?.split(' ').at(-1))
  }
  return { port, valueOf, drain }
}

const open = (port: number, text: string, reads = true) => {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  let isClosed = false
  if (reads) {
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
    })
  } else socket.pause()
  socket.on('error', () => {})
  socket.on('close', () => {
    isClosed = true
  })
  socket.write(text)
  const answers = () => received.split('HTTP/1.1 ').length - 1
  return { socket, received: () => received, answers, isClosed: () => isClosed }
}

const get = (path = '/x') => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
const postHead = (length: number) =>
  `POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`

const ask = async (port: number, path = '/x') => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`)
  await answer.arrayBuffer()
  return answer.status
}

/** More than the buffers of two sockets take. */
const largeAnswer = 'x'.repeat(16_000_000)

describe('an answer that nobody reads', () => {
  const answer: Handler = (request) =>
    new Response(request.url.endsWith('/large') ? largeAnswer : 'small')

  it('keeps no place', async () => {
    const { port } = await start(answer, { maxConcurrentRequests: 2 })
    const silent = Array.from({ length: 4 }, () => open(port, get('/large'), false))
    await sleep(200)
    expect(await ask(port)).toBe(200)
    for (const { socket } of silent) socket.destroy()
  })

  it('is given up when its time is over', async () => {
    const { port, valueOf } = await start(answer, { answerTimeoutMs: 300 })
    const silent = open(port, get('/large'), false)
    await eventually(async () => expect(await valueOf('http_kept_bytes')).toBeGreaterThan(0))
    await eventually(async () => expect(await valueOf('http_connections')).toBe(0))
    expect(await valueOf('http_kept_bytes')).toBe(0)
    expect(await valueOf('http_requests_refused_total{reason="answer-not-read"')).toBe(1)
    silent.socket.destroy()
  })

  it('is given up when all together take too much room, the oldest first', async () => {
    const { port, valueOf } = await start(answer, { maxKeptBytes: 1_048_576 })
    const silent = Array.from({ length: 20 }, () => open(port, get('/large'), false))
    await eventually(async () => expect(await valueOf('http_connections')).toBeLessThan(10))
    expect(await valueOf('http_kept_bytes')).toBeLessThanOrEqual(1_048_576)
    expect(await ask(port)).toBe(200)
    for (const { socket } of silent) socket.destroy()
  })
})

describe('requests that are sent without waiting', () => {
  it('are begun a few at a time, and all are answered in their order', async () => {
    let atWork = 0
    let most = 0
    const { port } = await start(async (request) => {
      atWork += 1
      most = Math.max(most, atWork)
      await sleep(5)
      atWork -= 1
      return new Response(`<${new URL(request.url).pathname}>`)
    })
    const paths = Array.from({ length: 90 }, (_, index) => `/${index}`)
    const client = open(port, paths.map((path) => get(path)).join(''))
    await eventually(() => expect(client.answers()).toBe(90))
    expect(client.received().match(/<[^>]*>/g)).toEqual(paths.map((path) => `<${path}>`))
    expect(most).toBe(8)
    // The connection is read again.
    client.socket.write(get('/last'))
    await eventually(() => expect(client.received()).toContain('</last>'))
    client.socket.destroy()
  })

  it('take bodies along, which are read when it is their turn', async () => {
    const { port } = await start(async (request) => {
      await sleep(2)
      return new Response(await request.text())
    })
    const bodies = Array.from({ length: 40 }, (_, index) => `{"number":${index}}`)
    const text = bodies.map((body) => `${postHead(body.length)}${body}`).join('')
    const client = open(port, text)
    await eventually(() => expect(client.answers()).toBe(40))
    expect(client.received().match(/\{[^}]*\}/g)).toEqual(bodies)
    client.socket.destroy()
  })

  it('end the connection when they are more than anybody sends who reads answers', async () => {
    let handled = 0
    const { port, valueOf } = await start(async () => {
      handled += 1
      await sleep(50)
      return new Response('done')
    })
    const client = open(port, get().repeat(1_200))
    await eventually(() => expect(client.isClosed()).toBe(true))
    await eventually(async () => expect(await valueOf('http_kept_bytes')).toBe(0))
    expect(handled).toBe(8)
    expect(await valueOf('http_connections')).toBe(0)
  })

  it('are forgotten with their connection, and nothing waits for them', async () => {
    const finish = Promise.withResolvers<undefined>()
    const { port, valueOf, drain } = await start(async () => {
      await finish.promise
      return new Response('late')
    })
    const client = open(port, get().repeat(30))
    await eventually(async () => expect(await valueOf('http_kept_bytes')).toBeGreaterThan(0))
    client.socket.destroy()
    finish.resolve(undefined)
    await eventually(async () => expect(await valueOf('http_connections')).toBe(0))
    expect(await valueOf('http_kept_bytes')).toBe(0)
    const startedAtMs = performance.now()
    await drain(5_000)
    expect(performance.now() - startedAtMs).toBeLessThan(2_000)
  })
})

describe('half bodies', () => {
  it('have a limit together: above it the oldest is refused, and whole ones are served', async () => {
    const { port, valueOf } = await start(() => new Response('done'), { maxKeptBytes: 1_048_576 })
    const half = postHead(60_001) + ' '.repeat(60_000)
    const silent: ReturnType<typeof open>[] = []
    for (let index = 0; index < 40; index += 1) {
      silent.push(open(port, half))
      if (index === 0) await sleep(50)
    }
    await eventually(() =>
      expect(silent.filter(({ answers }) => answers() > 0).length).toBeGreaterThan(20),
    )
    expect(await valueOf('http_kept_bytes')).toBeLessThanOrEqual(1_048_576)
    expect(await valueOf('http_kept_bytes')).toBeGreaterThan(500_000)
    expect(silent[0]?.received()).toContain('HTTP/1.1 503')
    expect(silent[0]?.received()).toContain('"code":"overloaded"')
    const whole = open(port, `${postHead(2)}{}`)
    await eventually(() => expect(whole.received()).toContain('200 OK'))
    for (const { socket } of [...silent, whole]) socket.destroy()
    await eventually(async () => expect(await valueOf('http_kept_bytes')).toBe(0))
  })

  it('in a thousand pieces count with what the pieces cost', async () => {
    const { port, valueOf } = await start(() => new Response('done'))
    const client = open(port, postHead(1_000))
    for (let index = 0; index < 20; index += 1) {
      client.socket.write(' ')
      await sleep(5)
    }
    expect(await valueOf('http_kept_bytes')).toBeGreaterThan(1_000)
    client.socket.destroy()
  })
})

describe('connections', () => {
  it('have a limit: above it the one goes that was quiet for longest', async () => {
    const finish = Promise.withResolvers<Response>()
    const { port, valueOf } = await start(() => finish.promise, { maxConnections: 16 })
    const busy = open(port, get())
    await sleep(30)
    const silent: ReturnType<typeof open>[] = []
    for (let index = 0; index < 20; index += 1) {
      silent.push(open(port, 'GET /x HTTP/1.1\r\n'))
      await sleep(5)
    }
    await eventually(() => expect(silent.slice(0, 5).every((one) => one.isClosed())).toBe(true))
    expect(silent.at(-1)?.isClosed()).toBe(false)
    expect(await valueOf('http_connections')).toBe(16)
    expect(await valueOf('http_requests_refused_total{reason="too-many-connections"')).toBe(5)
    finish.resolve(new Response('it was done'))
    await eventually(() => expect(busy.received()).toContain('it was done'))
    for (const { socket } of [...silent, busy]) socket.destroy()
  })
})
