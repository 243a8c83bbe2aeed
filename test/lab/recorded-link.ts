import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request } from 'undici'
import { whenFileEnds } from './cleanup.ts'

/** A link between a caller and a callee that notes each message, and can lose one. */
export interface SentMessage {
  readonly from: string
  readonly to: string
  readonly arrow: '->>' | '-->>' | '-x' | '--x'
  readonly request: {
    readonly method: string
    readonly path: string
    readonly key: string
    readonly body: string
  }
  readonly answer?: {
    readonly status: number
    readonly headers: Readonly<Record<string, string | string[] | undefined>>
    readonly body: string
  }
}

/** What befalls the next message; nobody hears of what is lost, until the caller gives up. */
export type Loss =
  | 'the request'
  | 'the answer'
  /** The caller dies while the answer is on its way. */
  | { readonly killCaller: () => Promise<void> }

export interface RecordedLinkOptions {
  readonly from: string
  readonly to: string
  readonly target: () => string
  readonly record: (message: SentMessage) => void
}

const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'host']

const withoutHops = (headers: IncomingMessage['headers']) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.includes(name)))

const bodyOf = async (incoming: IncomingMessage) => {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

export const openRecordedLink = async ({ from, to, target, record }: RecordedLinkOptions) => {
  let loss: Loss | undefined
  let last: (() => Promise<void>) | undefined

  const pass = async (incoming: IncomingMessage, body: string, response?: ServerResponse) => {
    const { method = '', url: path = '', headers } = incoming
    const key = String(headers['idempotency-key'] ?? '')
    const asked = { method, path, key, body }
    const lost = loss
    loss = undefined
    if (lost === 'the request') return record({ from, to, arrow: '-x', request: asked })
    record({ from, to, arrow: '->>', request: asked })
    try {
      const answered = await request(new URL(path, target()), {
        method: method as 'GET',
        headers: withoutHops(headers) as Record<string, string>,
        body: body === '' ? null : body,
        reset: true,
      })
      const { statusCode: status, headers: answerHeaders } = answered
      const answer = { status, headers: answerHeaders, body: await answered.body.text() }
      record({ from: to, to: from, arrow: lost ? '--x' : '-->>', request: asked, answer })
      if (typeof lost === 'object') await lost.killCaller()
      if (lost) return undefined
      response?.writeHead(status, withoutHops(answerHeaders))
      response?.end(answer.body)
    } catch {
      record({ from: to, to: from, arrow: '--x', request: asked })
      incoming.socket.destroy()
    }
    return undefined
  }

  const server = createServer(async (incoming, response) => {
    const body = await bodyOf(incoming)
    last = () => pass(incoming, body)
    await pass(incoming, body, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  whenFileEnds(() => {
    server.close()
    server.closeAllConnections()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseNext: (next: Loss) => {
      loss = next
    },
    /** The last request arrives once more, as a copy that hung somewhere on its way. */
    lastAgain: async () => {
      if (!last) throw new Error('nothing was sent yet')
      await last()
    },
  }
}
