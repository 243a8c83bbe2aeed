import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { Pool, type Dispatcher } from 'undici'
import type { ServiceName } from '../registry.ts'
import { callTimers, type Metrics } from './telemetry.ts'

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

export interface ForwarderDeps {
  readonly upstream: ServiceName
  readonly baseUrl: string
  /** For the answer's head, and once more for its body. */
  readonly deadlineMs: number
  readonly connectTimeoutMs: number
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

const noLongerWanted = new Error('the answer is no longer wanted')

export const createForwarder = (deps: ForwarderDeps) => {
  const pool = new Pool(deps.baseUrl, {
    connections: connectionsPerUpstream,
    pipelining: 1,
    keepAliveTimeout: keepAliveTimeoutMs,
    // Whatever longer time the server offers: it closes idle connections when it has drained.
    keepAliveMaxTimeout: keepAliveTimeoutMs,
    clientTtl: connectionLifetimeMs,
    connect: { timeout: deps.connectTimeoutMs },
    // One timer of our own watches the whole: undici's fire up to a second late.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  const { answered, unknown } = callTimers(deps.metrics, deps.upstream)

  /** Calls `onFailure` when there is no answer; a failure in mid-answer cuts the client's connection. */
  const forward = (
    request: ForwardedRequest,
    response: ServerResponse,
    onFailure: (failure: ForwardFailure) => void,
  ): void => {
    const startedAtMs = performance.now()
    let controller: Dispatcher.DispatchController | undefined
    let isOver = false
    let mayTryAgain = true

    const finish = () => {
      isOver = true
      clearTimeout(deadline)
      response.off('close', onClientGone)
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
        response.writeHead(status, endToEnd(headers))
      },
      onResponseData: (reading, chunk) => {
        if (isOver || response.write(chunk)) return
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
