import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { Pool, type Dispatcher } from 'undici'
import type { ServiceName } from '../../registry.ts'
import { isProblemCode, problemContentType, type ProblemCode } from '../base/errors.ts'
import { callTimers, type Metrics } from '../base/telemetry.ts'

/**
 * Passes a request on to a service and its answer back, byte for byte: nothing
 * is parsed and nothing is collected, because every request of the system goes
 * through here. undici's lowest interface is used for the same reason.
 */
export interface ForwardedRequest {
  readonly method: string
  /** Path and query, as they were sent. */
  readonly path: string
  /** Names and values in turn. */
  readonly headers: string[]
  readonly body: Buffer | null
}

/** `refused`: it was certainly not sent. The others leave open whether it was done. */
export type ForwardFailure = 'refused' | 'broken' | 'timeout'

export interface ForwardEvents {
  /** There is no answer, and nothing was sent to the client yet. */
  readonly onFailure: (failure: ForwardFailure) => void
  /** The answer is a problem of this code: for the log. */
  readonly onProblem: (code: ProblemCode) => void
}

export interface ForwarderDeps {
  readonly upstream: ServiceName
  readonly baseUrl: string
  /** For the answer's head, and once more for its body. */
  readonly deadlineMs: number
  readonly connectTimeoutMs: number
  /** So much of an answer is taken from the service before its client has read it. */
  readonly unreadBytes: number
  readonly metrics: Metrics
}

const connectionsPerUpstream = 256
/** Below the 65 s of our servers: they must never close a connection that we are about to use. */
const keepAliveTimeoutMs = 4_000
/** Addresses lead to many replicas, and a connection to one: new ones get work only by new connections. */
const connectionLifetimeMs = 5_000
/** Nothing was sent when a connection is refused, so trying once more is safe: it may be a restart. */
const refusedPauseMs = 100

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** The headers that are meant for the client, not for the connection that they came by. */
const endToEnd = (headers: IncomingHttpHeaders): IncomingHttpHeaders => {
  const kept: IncomingHttpHeaders = {}
  const named = headers.connection?.toLowerCase().split(/\s*,\s*/)
  for (const name in headers) {
    if (hopByHop.has(name) || named?.includes(name)) continue
    kept[name] = headers[name]
  }
  return kept
}

/** A problem names its code first; the log wants it, and nothing else of the body is read. */
const problemCodeIn = (chunk: Buffer) => {
  const code = /^\{"type":"urn:orderly:problem:([a-z-]+)"/.exec(
    chunk.toString('latin1', 0, 96),
  )?.[1]
  return code !== undefined && isProblemCode(code) ? code : undefined
}

const noLongerWanted = new Error('the answer is no longer wanted')

const openPool = ({ baseUrl, connectTimeoutMs }: ForwarderDeps) =>
  new Pool(baseUrl, {
    connections: connectionsPerUpstream,
    pipelining: 1,
    keepAliveTimeout: keepAliveTimeoutMs,
    // Whatever longer time the server offers: it closes idle connections when it has drained.
    keepAliveMaxTimeout: keepAliveTimeoutMs,
    clientTtl: connectionLifetimeMs,
    connect: { timeout: connectTimeoutMs },
    // One timer of our own watches the whole: undici's fire up to a second late.
    headersTimeout: 0,
    bodyTimeout: 0,
  })

export const createForwarder = (deps: ForwarderDeps) => {
  const pool = openPool(deps)
  const { answered, unknown } = callTimers(deps.metrics, deps.upstream)

  /** Resolves when the answer is ended. A failure in mid-answer cuts the client's connection. */
  const forward = (
    request: ForwardedRequest,
    response: ServerResponse,
    { onFailure, onProblem }: ForwardEvents,
  ): Promise<void> => {
    const ended = Promise.withResolvers<void>()
    const startedAtMs = performance.now()
    let controller: Dispatcher.DispatchController | undefined
    let isOver = false
    let mayTryAgain = true
    let isProblem = false

    const finish = () => {
      isOver = true
      clearTimeout(deadline)
      response.off('close', onClientGone)
      ended.resolve()
    }
    const fail = (failure: ForwardFailure) => {
      finish()
      unknown.observe((performance.now() - startedAtMs) / 1e3)
      // What was never begun on a connection was not sent, whatever the error is called.
      if (controller === undefined) onFailure('refused')
      else if (response.headersSent) response.destroy()
      else onFailure(failure)
    }
    const onClientGone = () => {
      finish()
      controller?.abort(noLongerWanted)
    }
    const deadline = setTimeout(() => {
      fail('timeout')
      controller?.abort(noLongerWanted)
    }, deps.deadlineMs)
    response.once('close', onClientGone)

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (started) => {
        controller = started
        // It waited for a free connection so long that nobody waits for it any more.
        if (isOver) started.abort(noLongerWanted)
      },
      onResponseStart: (_controller, status, headers) => {
        if (isOver || status < 200) return
        deadline.refresh()
        answered.observe((performance.now() - startedAtMs) / 1e3)
        isProblem = headers['content-type'] === problemContentType
        response.writeHead(status, endToEnd(headers))
      },
      onResponseData: (reading, chunk) => {
        if (isOver) return
        const code = isProblem ? problemCodeIn(chunk) : undefined
        if (code !== undefined) onProblem(code)
        // An ordinary answer is taken whole: how slowly its client reads must not keep a place.
        if (response.write(chunk) || response.writableLength < deps.unreadBytes) return
        reading.pause()
        response.once('drain', () => reading.resume())
      },
      onResponseEnd: () => {
        if (isOver) return
        finish()
        response.end()
      },
      onResponseError: () => {
        if (isOver) return
        if (controller === undefined && mayTryAgain) {
          mayTryAgain = false
          setTimeout(dispatch, refusedPauseMs)
        } else fail('broken')
      },
    }
    const dispatch = () => {
      if (!isOver) pool.dispatch({ ...request, method: request.method as 'GET' }, handler)
    }
    dispatch()
    return ended.promise
  }

  return { forward, close: () => pool.destroy() }
}

export type Forwarder = ReturnType<typeof createForwarder>

/** Asks a service whether it is ready, on a connection of its own: work must not crowd this out. */
export const createReadinessProbe = (baseUrl: string, timeoutMs: number) => {
  const pool = new Pool(baseUrl, {
    connections: 1,
    keepAliveTimeout: keepAliveTimeoutMs,
    keepAliveMaxTimeout: keepAliveTimeoutMs,
    connect: { timeout: timeoutMs },
  })
  const isReady = async (): Promise<boolean> => {
    try {
      const { statusCode, body } = await pool.request({
        path: '/readyz',
        method: 'GET',
        signal: AbortSignal.timeout(timeoutMs),
      })
      await body.dump()
      return statusCode === 200
    } catch {
      return false
    }
  }
  return { isReady, close: () => pool.destroy() }
}
