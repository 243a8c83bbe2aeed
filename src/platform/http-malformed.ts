import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { problemContentType, problemDocument, problemTable, type ProblemCode } from './errors.ts'
import { uuidv7 } from './ids.ts'

/**
 * What cannot even be read as HTTP never becomes a request. Node would answer it
 * without a body; our clients read problem documents, here too.
 */
interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

const codeOf = (error: NodeJS.ErrnoException): ProblemCode => {
  if (error.code === 'HPE_HEADER_OVERFLOW') return 'headers-too-large'
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'request-timeout'
  return 'malformed-http'
}

const details: Partial<Record<ProblemCode, string>> = {
  'headers-too-large': 'The headers may have 16 KiB at most.',
  'request-timeout': 'The rest of the request did not come in time; nothing was done.',
  'method-not-allowed': 'This is no proxy: there is nowhere to connect to.',
  'malformed-http': 'This could not be read as HTTP; nothing was done.',
}

const rawProblem = (code: ProblemCode, more: readonly string[] = []): string => {
  const requestId = uuidv7()
  const { status, title } = problemTable[code]
  const body = JSON.stringify(problemDocument(code, details[code] ?? title, requestId))
  return [
    `HTTP/1.1 ${status} ${title}`,
    `content-type: ${problemContentType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    'cache-control: no-store',
    'x-content-type-options: nosniff',
    ...more,
    'connection: close',
    '',
    body,
  ].join('\r\n')
}

/**
 * Remembers which request each connection is at: what stands in the middle of a
 * connection must not be taken for the answer to the request before it, which
 * may be at work and may succeed.
 */
export const createMalformedHandler = () => {
  const current = new WeakMap<Duplex, Exchange>()

  const mayAnswer = (socket: Duplex) => {
    const exchange = current.get(socket)
    if (exchange === undefined || exchange.response.writableFinished) return true
    return !exchange.request.complete && !exchange.response.headersSent
  }

  return {
    began: (request: IncomingMessage, response: ServerResponse) => {
      current.set(request.socket, { request, response })
    },
    onClientError: (error: NodeJS.ErrnoException, socket: Duplex) => {
      if (!socket.writable || error.code === 'ECONNRESET' || !mayAnswer(socket)) {
        socket.destroy()
        return
      }
      socket.end(rawProblem(codeOf(error)), () => socket.destroy())
    },
    /** For CONNECT Node hands the connection over, and takes no more notice of it. */
    onConnect: (_request: IncomingMessage, socket: Duplex) => {
      socket.on('error', () => {})
      if (!socket.writable || !mayAnswer(socket)) {
        socket.destroy()
        return
      }
      socket.end(rawProblem('method-not-allowed', ['allow: ']), () => socket.destroy())
    },
  }
}
