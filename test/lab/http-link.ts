import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceName } from '../../src/registry.ts'

/**
 * A small proxy between one caller and one callee. It can lose the answer after
 * the callee did the work, hold a request until its caller has given up and
 * deliver it then, deliver one a second time, or be a callee that is away.
 */
export interface HttpLinkOptions {
  readonly caller: ServiceName
  readonly callee: ServiceName
  /** Where the callee listens at the moment. */
  readonly port: () => number
  /** Told of each request before it is passed on; may wait. */
  readonly onRequest: (name: string) => Promise<void>
}

interface Message {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'host']

const withoutHops = (headers: IncomingMessage['headers']) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.includes(name)))

const readAll = async (stream: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const deliverTimeoutMs = 8_000

const deliver = (agent: Agent, port: number, message: Message): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const { method, url: path, headers, body } = message
    const options = { host: '127.0.0.1', port, method, path, agent, timeout: deliverTimeoutMs }
    const sent = request({
      ...options,
      headers: { ...withoutHops(headers), 'content-length': body.length },
    })
    sent.once('timeout', () => sent.destroy(new Error('no answer')))
    sent.once('error', reject)
    sent.once('response', (response) => {
      readAll(response).then(
        (answered) =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answered }),
        reject,
      )
    })
    sent.end(body)
  })

/** Ids are different each time; the places of the code are not. */
const nameOf = (callee: ServiceName, { method, url }: Message) =>
  `${method} ${callee}${url.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '{id}').replace(/\?.*/, '')}`

const lateTries = 100
const latePauseMs = 50

/** Whoever is to get it late may just be dead: then it comes when he is back. */
const deliverLate = async (agent: Agent, port: () => number, message: Message): Promise<string> => {
  for (let tries = 1; ; tries += 1) {
    try {
      const { status } = await deliver(agent, port(), message)
      return `was delivered late and answered ${status}`
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // It arrived, and then he died.
      if (code !== 'ECONNREFUSED') return `was delivered late and got no answer (${code})`
      if (tries === lateTries) throw error
      await sleep(latePauseMs)
    }
  }
}

/** Sends what was held back, once, and tells what came of it; the answer goes nowhere. */
export type DeliverLate = () => Promise<string>

export type Armed =
  | { readonly fault: 'lose the answer'; readonly onStruck: (what: string) => void }
  | {
      readonly fault: 'hold the request'
      readonly onStruck: (what: string, deliver: DeliverLate) => void
    }

export const openHttpLink = async ({ caller, callee, port, onRequest }: HttpLinkOptions) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  let armed: Armed | undefined
  let isAway = false
  let last: Message | undefined

  const gone = (response: ServerResponse) =>
    new Promise<void>((resolve) => {
      response.once('close', resolve)
      if (response.closed) resolve()
    })

  const lateDelivery = (message: Message): DeliverLate => {
    return async () => `${nameOf(callee, message)} ${await deliverLate(agent, port, message)}`
  }

  const strike = async (message: Message, response: ServerResponse) => {
    if (!armed) return false
    const now = armed
    armed = undefined
    if (now.fault === 'lose the answer') {
      try {
        const { status } = await deliver(agent, port(), message)
        now.onStruck(`${nameOf(callee, message)} was answered ${status}, and the answer was lost`)
      } catch {
        // There was no answer to lose: the next one will be.
        armed = now
      }
      response.destroy()
    } else {
      await gone(response)
      const what = `${nameOf(callee, message)} is held; ${caller} has given up`
      now.onStruck(what, lateDelivery(message))
    }
    return true
  }

  const pass = async (incoming: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = incoming
    const message = { method, url, headers, body: await readAll(incoming) }
    if (isAway) return response.destroy()
    await onRequest(nameOf(callee, message))
    last = message
    if (await strike(message, response)) return undefined
    const answer = await deliver(agent, port(), message)
    response.writeHead(answer.status, withoutHops(answer.headers))
    return response.end(answer.body)
  }

  const server = createServer((incoming, response) => {
    // Whatever goes wrong behind us, the caller sees a connection that breaks.
    pass(incoming, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    caller,
    callee,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    setAway: (away: boolean) => {
      isAway = away
    },
    /** The next request meets the fault. */
    arm: (next: Armed) => {
      armed = next
    },
    /** The last request, to be sent once more. */
    lastAgain: (): DeliverLate | undefined => (last ? lateDelivery(last) : undefined),
    /** Whatever was armed and met nobody is forgotten. */
    reset: () => {
      armed = undefined
      isAway = false
    },
    close: () => {
      server.close()
      server.closeAllConnections()
      agent.destroy()
    },
  }
}

export type HttpLink = Awaited<ReturnType<typeof openHttpLink>>
