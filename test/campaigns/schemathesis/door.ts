import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { authorizationOf, noteAnswer } from '../../lab/wallet.ts'

/**
 * A door before a target: Schemathesis can show one token only, and each route needs its own. Where
 * it shows this one, the door shows the target the right one. Whatever else it shows, or nothing,
 * goes on as it is, for it tries that too.
 */
export const shownAtTheDoor = 'Bearer whoever-may'

const patienceMs = 20_000

const readAll = async (stream: AsyncIterable<Buffer>): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

const saidIn = (body: Buffer): unknown => {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

const passOn = (incoming: IncomingMessage, body: Buffer, to: string, authorization?: string) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    const { connection: _, ...headers } = incoming.headers
    const { hostname, port } = new URL(to)
    const outgoing = request(
      {
        hostname,
        port,
        // As it was sent: a URL would tidy it up.
        path: incoming.url,
        method: incoming.method,
        headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
        agent: false,
      },
      resolve,
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })

const serve = async (incoming: IncomingMessage, response: ServerResponse, to: string) => {
  const body = await readAll(incoming)
  const { method = '', url: path = '', headers } = incoming
  const asked = { method, path, body: saidIn(body) }
  const authorization =
    headers.authorization === shownAtTheDoor
      ? await authorizationOf(
          to,
          // What was made past the sign-up belongs to people who cannot sign in.
          { ...asked, orElse: 'operator' },
          AbortSignal.timeout(patienceMs),
        )
      : undefined
  const answer = await passOn(incoming, body, to, authorization)
  const told = await readAll(answer)
  const status = answer.statusCode ?? 502
  noteAnswer(to, asked, status, saidIn(told))
  response.writeHead(status, answer.headers)
  response.end(told)
}

export const openDoor = async (to: string) => {
  const server = createServer((incoming, response) => {
    serve(incoming, response, to).catch(() => incoming.socket.destroy())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
