import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import type { ServiceName } from '../../registry.ts'
import { isProblemCode, problemContentType, type ProblemCode } from '../base/errors.ts'
import { callTimers, type Metrics } from '../base/telemetry.ts'
import { openPool } from './pool.ts'

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

/** An ordinary answer is taken whole: how slowly its client reads must not keep a place. */
const passOn = (
  chunk: Buffer,
  response: ServerResponse,
  reading: Dispatcher.DispatchController,
  unreadBytes: number,
) => {
  if (response.write(chunk) || response.writableLength < unreadBytes) return
  reading.pause()
  response.once('drain', () => reading.resume())
}

/** The one end of a passage, whatever comes first: its answer, its deadline, or that its client goes. */
const createEnd = (
  response: ServerResponse,
  deadlineMs: number,
  early: { readonly onDeadline: () => void; readonly onClientGone: () => void },
) => {
  const ended = Promise.withResolvers<void>()
  let isOver = false
  const deadline = setTimeout(early.onDeadline, deadlineMs)
  response.once('close', early.onClientGone)
  return {
    whenOver: ended.promise,
    isOver: () => isOver,
    putOff: () => deadline.refresh(),
    finish: () => {
      isOver = true
      clearTimeout(deadline)
      response.off('close', early.onClientGone)
      ended.resolve()
    },
  }
}

export const createForwarder = (deps: ForwarderDeps) => {
  const pool = openPool(deps.baseUrl, connectionsPerUpstream, deps.connectTimeoutMs)
  const { answered, unknown } = callTimers(deps.metrics, deps.upstream)

  /** Resolves when the answer is ended. A failure in mid-answer cuts the client's connection. */
  const forward = (
    request: ForwardedRequest,
    response: ServerResponse,
    { onFailure, onProblem }: ForwardEvents,
  ): Promise<void> => {
    const startedAtMs = performance.now()
    let controller: Dispatcher.DispatchController | undefined
    let mayTryAgain = true
    let isProblem = false

    const fail = (failure: ForwardFailure) => {
      end.finish()
      unknown.observe((performance.now() - startedAtMs) / 1e3)
      // What was never begun on a connection was not sent, whatever the error is called.
      if (controller === undefined) onFailure('refused')
      else if (response.headersSent) response.destroy()
      else onFailure(failure)
    }
    const end = createEnd(response, deps.deadlineMs, {
      onDeadline: () => {
        fail('timeout')
        controller?.abort(noLongerWanted)
      },
      onClientGone: () => {
        end.finish()
        controller?.abort(noLongerWanted)
      },
    })
    const dispatch = () => {
      if (!end.isOver()) pool.dispatch({ ...request, method: request.method as 'GET' }, handler)
    }
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (started) => {
        controller = started
        // It waited for a free connection so long that nobody waits for it any more.
        if (end.isOver()) started.abort(noLongerWanted)
      },
      onResponseStart: (_controller, status, headers) => {
        if (end.isOver() || status < 200) return
        end.putOff()
        answered.observe((performance.now() - startedAtMs) / 1e3)
        isProblem = headers['content-type'] === problemContentType
        response.writeHead(status, endToEnd(headers))
      },
      onResponseData: (reading, chunk) => {
        if (end.isOver()) return
        const code = isProblem ? problemCodeIn(chunk) : undefined
        if (code !== undefined) onProblem(code)
        passOn(chunk, response, reading, deps.unreadBytes)
      },
      onResponseEnd: () => {
        if (end.isOver()) return
        end.finish()
        response.end()
      },
      onResponseError: () => {
        if (end.isOver()) return
        if (controller === undefined && mayTryAgain) {
          mayTryAgain = false
          setTimeout(dispatch, refusedPauseMs)
        } else fail('broken')
      },
    }
    dispatch()
    return end.whenOver
  }

  return { forward, close: () => pool.destroy() }
}

export type Forwarder = ReturnType<typeof createForwarder>
