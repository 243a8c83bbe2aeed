import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { startHttpServer } from '../../../test/lab/http-server.ts'
import { eventually } from '../../../test/lab/wait.ts'

/** The result of one request: its status, or the code of its failure. */
const ask = (agent: Agent, port: number): Promise<number | string> =>
  new Promise((resolve) => {
    const sent = request({ agent, port, host: '127.0.0.1', path: '/x' }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode ?? 0))
      response.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? 'broken'))
    })
    sent.on('error', (error) => resolve((error as NodeJS.ErrnoException).code ?? 'broken'))
    sent.end()
  })

describe('a server that is told to stop', () => {
  it('cuts off nobody who asks one thing after the other', async () => {
    const outcomes = new Map<number | string, number>()
    for (let round = 0; round < 12; round += 1) {
      const { port, drain } = await startHttpServer(async () => {
        await sleep(2)
        return new Response('done')
      })
      const agent = new Agent({ keepAlive: true })
      let isOver = false
      const client = async () => {
        while (!isOver) {
          const outcome = await ask(agent, port)
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
          if (outcome === 'ECONNREFUSED') return
          await sleep(Math.random() * 4)
        }
      }
      const clients = Array.from({ length: 20 }, client)
      await sleep(150)
      await drain(5_000)
      await sleep(20)
      isOver = true
      await Promise.all(clients)
      agent.destroy()
    }
    expect(new Set(outcomes.keys())).toEqual(new Set([200, 'ECONNREFUSED']))
  }, 60_000)

  it('answers those who had just connected', async () => {
    const { port, drain } = await startHttpServer(async () => new Response('done'))
    const agent = new Agent()
    const answers = Array.from({ length: 50 }, () => ask(agent, port))
    // They connect in the next turn of the loop, and nobody has accepted them in the one after it.
    await new Promise<void>((resolve) => process.nextTick(resolve))
    await drain(5_000)
    expect(new Set(await Promise.all(answers))).toEqual(new Set([200]))
  })

  it('ends a quiet connection gently: its client reads the end', async () => {
    const { port, drain } = await startHttpServer(async () => new Response('done'))
    const socket = connect(port, '127.0.0.1')
    let received = ''
    const endings: string[] = []
    socket.on('data', (chunk) => {
      received += chunk.toString()
    })
    socket.on('error', ({ message }) => endings.push(message))
    socket.on('end', () => endings.push('end'))
    socket.write('GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await eventually(() => expect(received).toContain('done'))
    await drain(5_000)
    await eventually(() => expect(endings).toEqual(['end']))
  })

  it('answers all requests that it has taken on one connection, and says so with the last', async () => {
    const finish = Promise.withResolvers<undefined>()
    let begun = 0
    const { port, drain } = await startHttpServer(async () => {
      begun += 1
      await finish.promise
      return new Response(`answer`)
    })
    const socket = connect(port, '127.0.0.1')
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk.toString()
    })
    socket.write('GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(3))
    await eventually(() => expect(begun).toBe(3))
    const drained = drain(5_000)
    await sleep(50)
    finish.resolve(undefined)
    await drained
    expect(received.split('answer')).toHaveLength(4)
    expect(
      received
        .match(/^connection: .*$/gim)
        ?.at(-1)
        ?.toLowerCase(),
    ).toBe('connection: close')
  })
})
