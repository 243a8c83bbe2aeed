import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Socket } from 'node:net'
import {
  problemContentType,
  problemDocument,
  problemTable,
  type ProblemCode,
} from '../base/errors.ts'
import type { Connections } from './connections.ts'
import type { Refusals } from './refusals.ts'
import { uuidv7 } from '../base/ids.ts'

/**
 * Answers what cannot be read as HTTP and so never becomes a request. Node would answer without a
 * body, but our clients expect a problem document.
 */
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

const rawProblem = (code: ProblemCode, requestId: string, more: readonly string[] = []): string => {
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
 * The client must not take this refusal for the answer to an earlier request of its connection,
 * which may still succeed.
 */
export const createMalformedHandler = (connections: Connections, refusals: Refusals) => {
  const end = (socket: Duplex, code: ProblemCode, requestId: string) => {
    // Only CONNECT is refused here for its method. Its target allows no other method, so the list
    // is empty.
    const more = code === 'method-not-allowed' ? ['allow: '] : []
    socket.end(rawProblem(code, requestId, more), () => socket.destroy())
  }

  const refuse = (code: ProblemCode, socket: Duplex) => {
    const { status } = problemTable[code]
    const exchange = connections.openAt(socket as Socket)
    if (exchange === 'none') {
      const requestId = uuidv7()
      refusals.record(code, { requestId, status })
      end(socket, code, requestId)
      return
    }
    if (exchange === 'several' || exchange.request.complete || exchange.response.headersSent) {
      refusals.record(code, { isAnswered: false })
      socket.destroy()
      return
    }
    exchange.request.problemCode = code
    end(socket, code, exchange.request.requestId)
  }

  return {
    onClientError: (error: NodeJS.ErrnoException, socket: Duplex) => {
      if (!socket.writable || error.code === 'ECONNRESET') socket.destroy()
      else refuse(codeOf(error), socket)
    },
    /** For CONNECT Node gives the connection to us and does not watch it any more. */
    onConnect: (_request: IncomingMessage, socket: Duplex) => {
      socket.on('error', () => {})
      if (socket.writable) refuse('method-not-allowed', socket)
      else socket.destroy()
    },
  }
}
