import type { IncomingMessage, ServerResponse } from 'node:http'
import { uuidv7 } from '../base/ids.ts'
import {
  problemContentType,
  problemDocument,
  problemTable,
  type ProblemCode,
  type ProblemOptions,
} from '../base/errors.ts'
import type { KeptBytes } from './kept-bytes.ts'

/**
 * What every request passes before it reaches a handler, on Node's own objects
 * because it is on the hot path: an id, a bounded body, a proper content type.
 */
export const bodyLimitBytes = 64 * 1024

export interface AdmittedRequest extends IncomingMessage {
  requestId: string
  /** Before HEAD was turned into GET. */
  askedMethod?: string
  /** The whole body; the Hono adapter reads it from here. */
  rawBody?: Buffer
  /** To be called when nobody needs the body any more. */
  releaseBody?: () => void
  /** What went wrong, for the log. */
  problemCode?: ProblemCode
}

export const sendProblem = (
  response: ServerResponse,
  requestId: string,
  code: ProblemCode,
  detail: string,
  options: ProblemOptions = {},
) => {
  if (response.headersSent || response.destroyed) return
  const body = JSON.stringify(problemDocument(code, detail, requestId, options))
  ;(response.req as AdmittedRequest).problemCode = code
  response.writeHead(problemTable[code].status, {
    'content-type': problemContentType,
    'content-length': Buffer.byteLength(body),
    ...options.headers,
  })
  response.end(body)
}

export const sendOverloaded = (
  response: ServerResponse,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
) =>
  sendProblem(response, requestId, 'overloaded', 'Try again in a moment.', {
    headers: { 'retry-after': '1', ...headers },
  })

const acceptedRequestId = /^[A-Za-z0-9._-]{1,64}$/

export const requestIdOf = (request: IncomingMessage): string => {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && acceptedRequestId.test(given) ? given : uuidv7()
}

export const countHeader = (request: IncomingMessage, name: string) => {
  const { rawHeaders } = request
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const given = rawHeaders[index] as string
    if (given.length === name.length && given.toLowerCase() === name) count += 1
  }
  return count
}

const jsonMediaType = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i

/** Says what is wrong with the way the body is declared, before reading it. */
const mediaTypeFault = (request: IncomingMessage): string | undefined => {
  const type = request.headers['content-type']
  if (type === undefined) return 'The Content-Type header is missing; send application/json.'
  if (countHeader(request, 'content-type') > 1) return 'The Content-Type header was sent twice.'
  if (!jsonMediaType.test(type)) return 'The Content-Type must be application/json in UTF-8.'
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') return 'The body must not be compressed.'
  return undefined
}

type BodyFault = 'too-large' | 'aborted' | 'overloaded'

/** What Node keeps for each piece of a body beside its bytes. */
const pieceBytes = 256

/**
 * Thousands of half bodies may be given up at once, long before the collector
 * would look at them. Nobody else sees these bytes: Node copies each piece into
 * a buffer of its own.
 */
const freeAtOnce = ({ buffer, byteLength }: Buffer) => {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}

/** Puts the whole body beside the request, or says why there is none. */
const readBody = (request: AdmittedRequest, keptBytes: KeptBytes): Promise<BodyFault | undefined> =>
  new Promise((resolve) => {
    let chunks: Buffer[] | undefined = []
    let size = 0
    const kept = keptBytes.keep(() => end('overloaded'))
    const end = (fault?: BodyFault) => {
      if (fault) {
        chunks?.forEach(freeAtOnce)
        keptBytes.release(kept)
      }
      chunks = undefined
      resolve(fault)
    }
    request.on('data', (chunk: Buffer) => {
      if (!chunks) return freeAtOnce(chunk)
      size += chunk.length
      chunks.push(chunk)
      if (size > bodyLimitBytes) return end('too-large')
      keptBytes.grow(kept, chunk.length + pieceBytes)
    })
    request.on('end', () => {
      if (!chunks) return
      const [first] = chunks
      request.rawBody = first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks)
      request.releaseBody = () => {
        request.rawBody = undefined
        keptBytes.release(kept)
      }
      keptBytes.stay(kept)
      end()
    })
    const abort = () => {
      if (chunks) end('aborted')
    }
    request.on('error', abort)
    request.on('close', abort)
    if (request.destroyed) abort()
  })

const tooLarge = (response: ServerResponse, requestId: string) =>
  sendProblem(
    response,
    requestId,
    'payload-too-large',
    `The body may have ${bodyLimitBytes} bytes at most.`,
    // What is left of the body is not worth reading: the connection ends with this answer.
    { headers: { connection: 'close' } },
  )

/** Path and query. What else HTTP allows here (`*`), and what URL parsers bend, is no address of ours. */
const plainTarget = /^\/[^\\#\s]*$/

/** Our routes would see another path than the one that was sent, and that others in between have judged. */
const dotSegment = /\/(?:\.|%2e){1,2}(?:[/?]|$)/i

const methodsWithBody = new Set(['POST', 'PUT', 'PATCH'])

/** Answers the request itself and says `false` when it must not go on. */
export const admit = async (
  request: AdmittedRequest,
  response: ServerResponse,
  isRoute: () => boolean,
  keptBytes: KeptBytes,
): Promise<boolean> => {
  const { requestId } = request
  // By which name we were called means nothing from here on, and the adapter stumbles over some.
  request.headers.host = 'localhost'
  const target = request.url ?? ''
  if (!plainTarget.test(target) || dotSegment.test(target)) {
    sendProblem(response, requestId, 'not-found', 'There is nothing at this address.')
    return false
  }
  if (Number(request.headers['content-length'] ?? 0) > bodyLimitBytes) {
    tooLarge(response, requestId)
    return false
  }
  if (!methodsWithBody.has(request.method ?? '')) return true
  const fault = mediaTypeFault(request)
  if (fault !== undefined) {
    // What is wrong with the body is of no interest where nobody would take one: that is 404 or 405.
    if (!isRoute()) return true
    sendProblem(response, requestId, 'unsupported-media-type', fault)
    return false
  }
  const bodyFault = await readBody(request, keptBytes)
  if (bodyFault === 'too-large') tooLarge(response, requestId)
  if (bodyFault === 'overloaded') sendOverloaded(response, requestId, { connection: 'close' })
  return bodyFault === undefined
}
