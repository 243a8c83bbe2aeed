import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { whenFileEnds } from './cleanup.ts'

/**
 * A link to a real service that fails when a test wants it. By default it passes everything on. A
 * failure happens before the service saw the request or after it did the work, which the caller
 * cannot tell apart.
 */
export type Behaviour =
  | 'forward'
  /** Cuts the connection before the service does anything. */
  | 'refuse'
  /** The service does the work, but its answer is lost. */
  | 'drop-answer'
  /** Lets the caller wait for ever. */
  | 'hang'
  | ScriptedAnswer
  /** The test decides about the request; `pass` lets the service do the work. */
  | ((request: SeenRequest, pass: () => Promise<ScriptedAnswer>) => Promise<ScriptedAnswer>)

export interface ScriptedAnswer {
  readonly status: number
  readonly body?: string | undefined
  readonly type?: string | undefined
}

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly key: string | undefined
  readonly body: string
}

export interface Upstream {
  readonly url: string
  readonly seen: SeenRequest[]
  /** What happens to requests from now on. Of a list, one after the other, then the last for ever. */
  readonly behave: (...behaviours: readonly [Behaviour, ...Behaviour[]]) => void
}

const readAll = async (stream: AsyncIterable<Buffer>): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const passOn = (incoming: IncomingMessage, body: Buffer, to: string) =>
  new Promise<{ message: IncomingMessage; body: Buffer }>((resolve, reject) => {
    const { connection: _, ...headers } = incoming.headers
    const url = new URL(incoming.url ?? '/', to)
    const outgoing = request(url, { method: incoming.method, headers, agent: false }, (message) => {
      readAll(message).then((text) => resolve({ message, body: text }), reject)
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })

const toScripted = ({ message, body }: Awaited<ReturnType<typeof passOn>>): ScriptedAnswer => ({
  status: message.statusCode ?? 502,
  body: body.toString(),
  type: message.headers['content-type'],
})

/** Pass a function for an address that is known only later. */
export const startUpstream = async (to: string | (() => string)): Promise<Upstream> => {
  const target = typeof to === 'string' ? () => to : to
  const seen: SeenRequest[] = []
  let plan: Behaviour[] = ['forward']

  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const behaviour = plan.length > 1 ? plan.shift() : plan[0]
    const body = await readAll(incoming)
    const { method = '', url = '', headers } = incoming
    const key = headers['idempotency-key']
    const request = { method, path: url, key: key?.toString(), body: body.toString() }
    seen.push(request)
    if (behaviour === 'hang') return
    if (behaviour === 'refuse') return void incoming.socket.destroy()
    if (typeof behaviour === 'object' || typeof behaviour === 'function') {
      const pass = async () => toScripted(await passOn(incoming, body, target()))
      const answer = typeof behaviour === 'object' ? behaviour : await behaviour(request, pass)
      response.writeHead(answer.status, { 'content-type': answer.type ?? 'application/json' })
      return void response.end(answer.body ?? '')
    }
    const answer = await passOn(incoming, body, target())
    if (behaviour === 'drop-answer') return void incoming.socket.destroy()
    response.writeHead(answer.message.statusCode ?? 502, answer.message.headers)
    response.end(answer.body)
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => incoming.socket.destroy())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  whenFileEnds(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    behave: (...behaviours) => {
      plan = [...behaviours]
    },
  }
}
