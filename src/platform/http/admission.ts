import type { IncomingMessage, ServerResponse } from 'node:http'
import { requestIdPattern, uuidv7 } from '../base/ids.ts'
import {
  ProblemError,
  problemContentType,
  problemDocument,
  problemTable,
  retrySoon,
  type ProblemCode,
  type ProblemOptions,
} from '../base/errors.ts'
import type { Caller } from '../base/caller.ts'
import type { OpenSpan } from '../base/trace.ts'
import type { KeptBytes } from './kept-bytes.ts'
import type { FoundRoute } from './routes.ts'

/**
 * Every request passes these checks before a handler gets it: an id, a body of limited size, a
 * proper content type. They use Node's own objects, because they are on the hot path.
 */
export const bodyLimitBytes = 64 * 1024

export interface AdmittedRequest extends IncomingMessage {
  requestId: string
  /** The method that was sent: HEAD is handled as GET. */
  askedMethod?: string
  /** Who sent it, once that is known: on the routes of a contract, before a handler runs. */
  caller?: Caller
  /** The whole body; the Hono adapter reads it from here. */
  rawBody?: Buffer
  /** Call it when nobody needs the body any more. */
  releaseBody?: () => void
  /** Its span, while traces are collected. */
  trace?: OpenSpan
  /** What went wrong, for the log. */
  problemCode?: ProblemCode
  /** That was said by another service, whose answer is passed on. */
  isOthersProblem?: boolean
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
    headers: { ...retrySoon, ...headers },
  })

export const requestIdOf = (request: IncomingMessage): string => {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && requestIdPattern.test(given) ? given : uuidv7()
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
const formMediaType = /^application\/x-www-form-urlencoded\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i

/** A form without content needs no type. */
const formFault = (type: string | undefined): string | undefined =>
  type === undefined || formMediaType.test(type) ? undefined : 'The body must be a form in UTF-8.'

/** Returns what is wrong with the headers that declare the body. The body is not read yet. */
const mediaTypeFault = (request: IncomingMessage, isPage: boolean): string | undefined => {
  const type = request.headers['content-type']
  if (isPage) return formFault(type)
  if (type === undefined) return 'The Content-Type header is missing; send application/json.'
  if (countHeader(request, 'content-type') > 1) return 'The Content-Type header was sent twice.'
  if (!jsonMediaType.test(type)) return 'The Content-Type must be application/json in UTF-8.'
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') return 'The body must not be compressed.'
  return undefined
}

type BodyFault = 'too-large' | 'aborted' | 'overloaded'

/** The memory that Node needs for each piece of a body, in addition to its bytes. */
const pieceBytes = 256

/**
 * Frees the memory at once. Thousands of half bodies may be given up together, long before the
 * garbage collector would free them. This is safe: Node copies each piece into its own buffer, so
 * nobody else uses it.
 */
const freeAtOnce = ({ buffer, byteLength }: Buffer) => {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}

/** Reads the whole body and adds it to the request, or returns why that is not possible. */
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
      keptBytes.protect(kept)
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
    // The rest of the body is not read, so the connection must end with this answer.
    { headers: { connection: 'close' } },
  )

/** A path and its query. HTTP allows other forms (`*`), and URL parsers change other characters. */
const plainTarget = /^\/[^\\#\s]*$/

/** URL parsers resolve these: our routes would see another path than a proxy in front of us. */
const dotSegment = /\/(?:\.|%2e){1,2}(?:[/?]|$)/i

const methodsWithBody = new Set(['POST', 'PUT', 'PATCH'])

export interface AdmissionDeps {
  readonly keptBytes: KeptBytes
  /** Finds out who calls, or throws if the route's word does not let them in. */
  readonly callerOf: CallerOf
}

/** Answers at once when the token is remembered. Throws a ProblemError for who may not call. */
export type CallerOf = (
  authorization: string | undefined,
  access: FoundRoute['access'],
) => Caller | Promise<Caller>

/** After a refusal the rest of such a body would have to be read only to be thrown away. */
const hasLongBody = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] !== undefined ||
  Number(headers['content-length'] ?? 0) > bodyLimitBytes

const hasNoBody = ({ headers }: IncomingMessage) =>
  headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0

/** Node would take the first of several, and a proxy perhaps another. */
const authorizationOf = (request: IncomingMessage): string | undefined =>
  countHeader(request, 'authorization') > 1 ? '' : request.headers.authorization

/** Refuses who may not call the route, before a byte of the body is read. */
const authorize = (
  request: AdmittedRequest,
  response: ServerResponse,
  { access }: FoundRoute,
  callerOf: CallerOf,
): boolean | Promise<boolean> => {
  const letIn = (caller: Caller): boolean => {
    request.caller = caller
    return true
  }
  const refuse = (error: unknown): boolean => {
    if (!(error instanceof ProblemError)) throw error
    if (hasLongBody(request)) response.setHeader('connection', 'close')
    sendProblem(response, request.requestId, error.code, error.message, error.options)
    return false
  }
  try {
    const caller = callerOf(authorizationOf(request), access)
    return caller instanceof Promise ? caller.then(letIn, refuse) : letIn(caller)
  } catch (error) {
    return refuse(error)
  }
}

/** Returns false when it has refused and answered the request. */
export const admit = async (
  request: AdmittedRequest,
  response: ServerResponse,
  route: FoundRoute | undefined,
  { keptBytes, callerOf }: AdmissionDeps,
): Promise<boolean> => {
  const { requestId } = request
  // The Host was checked, and only pages need it now. The Hono adapter fails on some values of it.
  if (route?.isPage !== true) request.headers.host = 'localhost'
  const target = request.url ?? ''
  if (!plainTarget.test(target) || dotSegment.test(target)) {
    sendProblem(response, requestId, 'not-found', 'There is nothing at this address.')
    return false
  }
  const isAllowed = route === undefined || authorize(request, response, route, callerOf)
  // Nearly always it is known at once.
  if (isAllowed !== true && !(await isAllowed)) return false
  if (Number(request.headers['content-length'] ?? 0) > bodyLimitBytes) {
    tooLarge(response, requestId)
    return false
  }
  if (!methodsWithBody.has(request.method ?? '')) return true
  if (route?.takesNoBody === true && hasNoBody(request)) return true
  const fault = mediaTypeFault(request, route?.isPage ?? false)
  if (fault !== undefined) {
    // Without a route nobody reads the body, and the answer is 404 or 405.
    if (route === undefined) return true
    sendProblem(response, requestId, 'unsupported-media-type', fault)
    return false
  }
  const bodyFault = await readBody(request, keptBytes)
  if (bodyFault === 'too-large') tooLarge(response, requestId)
  if (bodyFault === 'overloaded') sendOverloaded(response, requestId, { connection: 'close' })
  return bodyFault === undefined
}
