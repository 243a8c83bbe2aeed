import {
  UnknownOutcomeError,
  leavesOpen,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from '../platform/calls/client.ts'
import { isProblemCode, type ProblemCode } from '../platform/base/errors.ts'
import type { Repeatable } from '../platform/calls/shared.ts'

/**
 * The seam between the generated clients and HTTP. A generated function only
 * describes a call; nothing is sent before a transport is given to it, so no
 * client knows at import time where its service is, and tests bind their own.
 */

/** What a caller may add to a call: its key, and whatever else the transport understands. */
export type CallOptions = Omit<TransportRequest, 'method' | 'path' | 'body'> & {
  /** Sent as `Idempotency-Key`: the caller stored it before the call. */
  readonly key?: string
}

/** A call of an operation that is safe to repeat only with its key. */
export type KeyedCallOptions = CallOptions & { readonly key: string }

/** A call that may share a request with others of its kind. */
export interface SharedCallOptions extends Repeatable {
  readonly requestId: string
  readonly timeoutMs?: number
}

/** What such a call is sent with when it is alone. */
export const plainOptions = ({ requestId, timeoutMs }: SharedCallOptions): CallOptions => ({
  headers: { 'x-request-id': requestId },
  ...(timeoutMs === undefined ? {} : { timeoutMs }),
})

/** What the request is sent with that they share: none of them waits longer than it would. */
export const sharedOptions = (calls: readonly SharedCallOptions[]): CallOptions => {
  const timeouts = calls.flatMap(({ timeoutMs }) => (timeoutMs === undefined ? [] : [timeoutMs]))
  return timeouts.length === 0 ? {} : { timeoutMs: Math.min(...timeouts) }
}

export interface SeparatePart {
  readonly status: number
  readonly body: unknown
}

/** One of several answers, as the plain call would have brought it. */
export const separateAnswer = <Answer>(part: SeparatePart): Answer => {
  if (typeof part?.status !== 'number') throw new UnknownOutcomeError('it is no answer')
  if (leavesOpen(part.status)) throw new UnknownOutcomeError(`it was answered ${part.status}`)
  return { status: part.status, data: part.body, headers: {} } as Answer
}

export type Call<Answer> = (transport: Transport, options?: CallOptions) => Promise<Answer>

/** What the generated code knows of a request; its only header is the content type of the body. */
interface GeneratedRequest {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly body?: string
}

/**
 * Called by the generated code for every operation. It never throws on a
 * status: which of them is a refusal and which leaves the outcome unknown is
 * the caller's decision, and the types name the body of each.
 */
export const describeCall =
  <Answer>(path: string, request: GeneratedRequest): Call<Answer> =>
  async (transport, { key, headers, ...options } = {}) => {
    const { method = 'GET', body } = request
    const response = await transport.send({
      ...options,
      method,
      path,
      body,
      headers: {
        ...headers,
        ...request.headers,
        ...(key === undefined ? undefined : { 'Idempotency-Key': key }),
      },
    })
    const data = parse(response, `${method} ${path}`)
    return { status: response.status, data, headers: response.headers } as Answer
  }

/** The code of a problem, for logs: the rest of an answer may tell of people. */
export const problemCodeIn = (data: unknown): ProblemCode | undefined => {
  const code = (data as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' && isProblemCode(code) ? code : undefined
}

const jsonMediaType = /^application\/(?:problem\+)?json\s*(?:;|$)/i

/** An answer that nobody can read, from a proxy in between perhaps, tells nothing about the outcome. */
const parse = ({ body, headers, status }: TransportResponse, request: string): unknown => {
  if (body === '') return undefined
  const type = String(headers['content-type'])
  if (!jsonMediaType.test(type)) {
    throw new UnknownOutcomeError(`${request} was answered ${status} as ${type}, which is not JSON`)
  }
  try {
    return JSON.parse(body)
  } catch (error) {
    const message = `${request} was answered ${status} with a body that is not JSON`
    throw new UnknownOutcomeError(message, { cause: error })
  }
}
