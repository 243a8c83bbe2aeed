import { createServer, request } from 'node:http'
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { openLink, type Link } from '../../src/local/lab/link.ts'

/** Everything that a test opens here is closed after it. */
const opened: { close: () => unknown }[] = []
afterEach(() => {
  for (const each of opened.splice(0).reverse()) each.close()
})

interface Callee {
  readonly port: number
  readonly received: string[]
  readonly ends: string[]
}

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

/** Remembers what arrives, says how each connection ended, and answers `echo <what came>`. */
const startCallee = async (): Promise<Callee> => {
  const received: string[] = []
  const ends: string[] = []
  const sockets = new Set<Socket>()
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('data', (piece) => {
      received.push(piece.toString())
      socket.write(`echo ${piece.toString()}`)
    })
    socket.on('end', () => {
      ends.push('end')
      socket.end()
    })
    socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? error.message))
  })
  const port = await listen(server)
  opened.push({
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  })
  return { port, received, ends }
}

const startLink = async (port: number, protocol?: 'http') => {
  const link = await openLink({ name: 'link', protocol, targets: () => [port] })
  opened.push(link)
  return link
}

/** A caller that collects what comes back. */
const call = async (link: Link) => {
  const socket = connect({ port: link.port, host: '127.0.0.1', allowHalfOpen: true })
  opened.push({ close: () => socket.destroy() })
  const events: string[] = []
  socket.on('data', (piece) => events.push(piece.toString()))
  socket.on('end', () => events.push('(end)'))
  socket.on('error', (error: NodeJS.ErrnoException) => events.push(`(${error.code})`))
  await new Promise<void>((resolve) => {
    socket.once('connect', () => resolve())
  })
  return { socket, events, said: () => events.join('') }
}

const until = async (isSo: () => boolean) => {
  for (const untilMs = performance.now() + 5_000; !isSo(); await sleep(5)) {
    if (performance.now() > untilMs) throw new Error('it did not become so')
  }
}

const prepare = async () => {
  const callee = await startCallee()
  const link = await startLink(callee.port)
  const caller = await call(link)
  caller.socket.write('one')
  await until(() => caller.said() === 'echo one')
  return { callee, link, caller }
}

const shortWhileMs = 120

describe('a link without a fault', () => {
  it('passes everything on in both directions, the ends too', async () => {
    const { callee, caller } = await prepare()
    caller.socket.end('two')
    await until(() => caller.said() === 'echo oneecho two(end)')
    expect(callee.ends).toStrictEqual(['end'])
  })

  it('passes over whom it cannot reach', async () => {
    const callee = await startCallee()
    const link = await openLink({ name: 'link', targets: () => [9, callee.port] })
    opened.push(link)
    for (const word of ['one', 'two']) {
      const caller = await call(link)
      caller.socket.write(word)
      await until(() => caller.said() === `echo ${word}`)
    }
    expect(callee.received).toStrictEqual(['one', 'two'])
  })

  it('passes over it for every one of many callers at once', async () => {
    const callee = await startCallee()
    const link = await openLink({ name: 'link', targets: () => [9, callee.port] })
    opened.push(link)
    const callers = await Promise.all(Array.from({ length: 40 }, () => call(link)))
    for (const { socket } of callers) socket.write('one')
    for (const caller of callers) await until(() => caller.said() !== '')
    expect(callers.map(({ said }) => said())).toStrictEqual(callers.map(() => 'echo one'))
  })

  it('gives every target its turn', async () => {
    const callees = [await startCallee(), await startCallee(), await startCallee()]
    const link = await openLink({ name: 'link', targets: () => callees.map(({ port }) => port) })
    opened.push(link)
    for (let times = 0; times < 9; times += 1) {
      const caller = await call(link)
      caller.socket.write('one')
      await until(() => caller.said() === 'echo one')
    }
    expect(callees.map(({ received }) => received.length)).toStrictEqual([3, 3, 3])
  })

  it('resets the caller when nobody listens', async () => {
    const link = await startLink(9)
    const caller = await call(link)
    await until(() => caller.said() === '(ECONNRESET)')
    expect(link.connections()).toBe(0)
  })
})

describe('a fault', () => {
  it('delays each piece', async () => {
    const { link, caller } = await prepare()
    const fault = link.begin({ kind: 'delay', delayMs: 150 })
    const startMs = performance.now()
    caller.socket.write('two')
    await until(() => caller.said() === 'echo oneecho two')
    expect(performance.now() - startMs).toBeGreaterThan(290)
    expect(fault.strikes()).toBe(2)
  })

  it('resets what is open, and new connections when they are used', async () => {
    const { callee, link, caller } = await prepare()
    const fault = link.begin({ kind: 'reset' })
    await until(() => caller.said() === 'echo one(ECONNRESET)')
    const next = await call(link)
    next.socket.write('two')
    await until(() => next.said() === '(ECONNRESET)')
    expect(fault.strikes()).toBe(2)
    expect(callee.received).toStrictEqual(['one'])
  })

  it('cuts a request in the middle: its beginning arrives, the caller sees a reset', async () => {
    const { callee, link, caller } = await prepare()
    const fault = link.begin({ kind: 'cut', direction: 'up', fractions: [0.5] })
    caller.socket.write('12345678')
    await until(() => caller.said() === 'echo one(ECONNRESET)')
    expect(callee.received).toStrictEqual(['one', '1234'])
    expect(fault.strikes()).toBe(1)
  })

  it('cuts an answer in the middle, after all the work was done', async () => {
    const { callee, link, caller } = await prepare()
    link.begin({ kind: 'cut', direction: 'down', fractions: [0.5] })
    caller.socket.write('12345')
    await until(() => caller.said() === 'echo oneecho (end)')
    expect(callee.received).toStrictEqual(['one', '12345'])
  })

  it('cuts so often as it says, and no more', async () => {
    const { link } = await prepare()
    const fault = link.begin({ kind: 'cut', direction: 'up', fractions: [0] })
    const first = await call(link)
    first.socket.write('two')
    await until(() => first.said() === '(ECONNRESET)')
    const second = await call(link)
    second.socket.write('three')
    await until(() => second.said() === 'echo three')
    expect(fault.strikes()).toBe(1)
  })

  it('swallows silently, and gives all back at its end', async () => {
    const { callee, link, caller } = await prepare()
    const fault = link.begin({ kind: 'black-hole', direction: 'down', end: 'release' })
    caller.socket.write('two')
    await until(() => callee.received.length === 2)
    await sleep(shortWhileMs)
    expect(caller.said()).toBe('echo one')
    fault.end()
    await until(() => caller.said() === 'echo oneecho two')
    expect(callee.ends).toStrictEqual([])
  })

  it('swallows silently, and breaks the connection at its end', async () => {
    const { callee, link, caller } = await prepare()
    const fault = link.begin({ kind: 'black-hole', direction: 'both', end: 'reset' })
    caller.socket.write('two')
    await sleep(shortWhileMs)
    expect(caller.said()).toBe('echo one')
    fault.end()
    await until(() => caller.said() === 'echo one(ECONNRESET)')
    expect(callee.received).toStrictEqual(['one'])
  })

  it('holds a request until its caller has given up, and delivers it then', async () => {
    const { callee, link, caller } = await prepare()
    link.begin({ kind: 'late' })
    caller.socket.write('two')
    await sleep(shortWhileMs)
    expect(callee.received).toStrictEqual(['one'])
    caller.socket.destroy()
    await until(() => callee.received.length === 2)
    expect(callee.received).toStrictEqual(['one', 'two'])
  })

  it('tells the callee that the caller will say no more, and still brings the answer', async () => {
    const { callee, link, caller } = await prepare()
    link.begin({ kind: 'half-close', direction: 'up', times: 1 })
    caller.socket.write('two')
    await until(() => caller.said() === 'echo oneecho two(end)')
    expect(callee.ends).toStrictEqual(['end'])
  })

  it('tells the caller that the callee will say no more, while requests still arrive', async () => {
    const { callee, link, caller } = await prepare()
    link.begin({ kind: 'half-close', direction: 'down', times: 1 })
    caller.socket.write('two')
    await until(() => caller.said() === 'echo oneecho two(end)')
    caller.socket.write('three')
    await until(() => callee.received.length === 3)
    expect(callee.ends).toStrictEqual([])
  })
})

describe('duplicate delivery', () => {
  const startHttp = async () => {
    const bodies: string[] = []
    const server = createServer((incoming, response) => {
      let body = ''
      incoming.on('data', (piece: Buffer) => (body += piece.toString()))
      incoming.on('end', () => {
        bodies.push(`${incoming.method} ${incoming.url} ${body}`)
        response.end('done')
      })
    })
    const port = await listen(server)
    opened.push({ close: () => server.closeAllConnections() }, server)
    return { bodies, link: await startLink(port, 'http') }
  }

  const post = (link: Link, method: string, path: string, headers: Record<string, string>) =>
    new Promise<string>((resolve, reject) => {
      const options = { port: link.port, host: '127.0.0.1', method, path, headers, agent: false }
      const sent = request(options, (answer) => {
        let text = ''
        answer.on('data', (piece: Buffer) => (text += piece.toString()))
        answer.on('end', () => resolve(text))
      })
      sent.once('error', reject)
      sent.end(method === 'POST' ? '{"a":1}' : undefined)
    })

  it('brings a keyed request once more, and its caller hears one answer', async () => {
    const { bodies, link } = await startHttp()
    const fault = link.begin({ kind: 'duplicate', delaysMs: [0] })
    expect(
      await post(link, 'POST', '/orders', { 'idempotency-key': 'k', 'content-length': '7' }),
    ).toBe('done')
    await until(() => bodies.length === 2)
    expect(bodies).toStrictEqual(['POST /orders {"a":1}', 'POST /orders {"a":1}'])
    expect(fault.strikes()).toBe(1)
  })

  it('knows the requests whose key is in their address or body', async () => {
    const { bodies, link } = await startHttp()
    const fault = link.begin({ kind: 'duplicate', delaysMs: [0] })
    await post(link, 'DELETE', '/orders/1', {})
    await post(link, 'POST', '/notifications', { 'content-length': '7' })
    await until(() => bodies.length === 4)
    expect(fault.strikes()).toBe(2)
  })

  it('leaves alone what has no key, because nobody may repeat that', async () => {
    const { bodies, link } = await startHttp()
    const fault = link.begin({ kind: 'duplicate', delaysMs: [0] })
    await post(link, 'POST', '/orders', { 'content-length': '7' })
    await post(link, 'GET', '/orders/1', { 'idempotency-key': 'k' })
    await sleep(shortWhileMs)
    expect(bodies).toHaveLength(2)
    expect(fault.strikes()).toBe(0)
  })
})

describe('lost answers', () => {
  /** Counts what it did, and answers with the number. */
  const startCounter = async () => {
    let done = 0
    const server = createServer((incoming, response) => {
      incoming.resume()
      incoming.on('end', () => {
        done += 1
        response.end(String(done))
      })
    })
    const port = await listen(server)
    opened.push({ close: () => server.closeAllConnections() }, server)
    return { done: () => done, link: await startLink(port, 'http') }
  }

  const ask = async (link: Link) => {
    const response = await fetch(link.url, { method: 'POST', body: 'work' })
    return response.text()
  }

  it('strike each so-many-th one: the work is done, and its caller loses the connection', async () => {
    const { done, link } = await startCounter()
    const fault = link.begin({ kind: 'lose-answers', each: 3 })
    const heard: string[] = []
    for (let times = 0; times < 7; times += 1) {
      heard.push(await ask(link).catch(() => 'nothing'))
    }
    expect(heard).toStrictEqual(['1', '2', 'nothing', '4', '5', 'nothing', '7'])
    expect([done(), fault.strikes()]).toStrictEqual([7, 2])
  })

  it('end with the fault', async () => {
    const { link } = await startCounter()
    const fault = link.begin({ kind: 'lose-answers', each: 1 })
    await expect(ask(link)).rejects.toThrow()
    fault.end()
    expect(await ask(link)).toBe('2')
  })
})
