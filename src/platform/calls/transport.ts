import type { ServiceName } from '../../registry.ts'
import { betweenCheckpoints } from '../base/checkpoints.ts'
import { callTimers, type Metrics } from '../base/telemetry.ts'
import { userAgentOf } from '../base/user-agent.ts'
import { beginCall } from './call-spans.ts'
import { exchange, type Received } from './exchange.ts'
import { openPool } from './pool.ts'

/** Thrown when the outcome of an attempt is unknown: it may or may not have been done. */
export class UnknownOutcomeError extends Error {
  override name = 'UnknownOutcomeError'
}

/** A call as a generated client describes it: what to send, and the type of the answer. */
export interface DescribedCall<Answer> {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Never has a value: it only gives the type to `send`. */
  readonly answer?: Answer
}

export interface SendOptions {
  /** Sent as `Idempotency-Key`: the caller stored it before the call. */
  readonly key?: string
  readonly requestId?: string
  /** The time limit of this attempt, if it is less than the transport's own limit. */
  readonly timeoutMs: number
}

export interface TransportDeps {
  readonly caller: ServiceName
  readonly upstream: ServiceName
  readonly baseUrl: string
  readonly callTimeoutMs: number
  readonly metrics: Metrics
  /** The value of `Authorization`: it shows the callee who calls. */
  readonly authorization: () => string | Promise<string>
}

const connectionsPerUpstream = 64

/**
 * Statuses after which the work may have been done, or that ask for a repeat. A callee that does not
 * know us (401, 403) has not judged the call: keys may be under way to it.
 */
const openStatuses: ReadonlySet<number> = new Set([401, 403, 408, 429])
export const leavesOpen = (status: number) => status >= 500 || openStatuses.has(status)

const withoutIds = (path: string) => path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '{id}')

export const reasonOf = (error: unknown) =>
  error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error)

const jsonMediaType = /^application\/(?:problem\+)?json\s*(?:;|$)/i

/** An unreadable answer says nothing about the outcome: a proxy may have sent it. */
const parse = ({ body, headers, status }: Received, request: string): unknown => {
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

/**
 * Sends each call once. It never throws on a status that is an answer: the types
 * name the body of each status, and the client knows which of them is a refusal.
 */
export const createTransport = (deps: TransportDeps) => {
  const { upstream, baseUrl, callTimeoutMs, metrics, authorization } = deps
  const userAgent = userAgentOf(deps.caller)
  const pool = openPool(baseUrl, connectionsPerUpstream, callTimeoutMs)
  const { answered, unknown } = callTimers(metrics, upstream)

  const send = async <Answer>(
    { method, path, headers, body }: DescribedCall<Answer>,
    { key, requestId, timeoutMs }: SendOptions,
  ): Promise<Answer> => {
    const name = `${method} ${upstream}${withoutIds(path)}`
    const trace = beginCall(upstream, name)
    const shown = authorization()
    const request = {
      method,
      path,
      body: body ?? null,
      headers: {
        ...(requestId === undefined ? {} : { 'x-request-id': requestId }),
        ...headers,
        ...(key === undefined ? {} : { 'Idempotency-Key': key }),
        'user-agent': userAgent,
        ...(trace === undefined ? {} : { traceparent: trace.traceparent }),
        authorization: typeof shown === 'string' ? shown : await shown,
      },
      timeoutMs: Math.min(timeoutMs, callTimeoutMs),
    }
    const startedAtMs = performance.now()
    let received: Received
    try {
      received = await betweenCheckpoints('call', name, async () => {
        const response = await exchange(pool, request)
        if (!leavesOpen(response.status)) return response
        throw new UnknownOutcomeError(`${upstream} answered ${response.status}`)
      })
    } catch (error) {
      unknown.observe((performance.now() - startedAtMs) / 1e3)
      trace?.failed(reasonOf(error))
      if (error instanceof UnknownOutcomeError) throw error
      const message = `${upstream} did not answer: ${reasonOf(error)}`
      throw new UnknownOutcomeError(message, { cause: error })
    }
    answered.observe((performance.now() - startedAtMs) / 1e3)
    trace?.answered(received.status)
    const data = parse(received, `${method} ${path}`)
    return { status: received.status, data, headers: received.headers } as Answer
  }

  return { send, close: () => pool.destroy() }
}

export type Send = ReturnType<typeof createTransport>['send']
