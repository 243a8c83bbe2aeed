import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import type { ServiceName } from '../../registry.ts'
import { isProblemCode, problemContentType, type ProblemCode } from '../base/errors.ts'
import { callTimers, type Metrics } from '../base/telemetry.ts'
import { openPool } from './pool.ts'

/**
 * Passes a request on to a service and its answer back, byte for byte. Every
 * request of the system goes through here, so this parses and collects nothing and
 * uses undici's lowest interface.
 */
export interface ForwardedRequest {
  readonly method: string
  /** Path and query, as the client sent them. */
  readonly path: string
  /** Each name is followed by its value. */
  readonly headers: string[]
  readonly body: Buffer | null
}

/** `refused` means that it was certainly not sent. After the others it may have been done. */
export type ForwardFailure = 'refused' | 'broken' | 'timeout'

export interface ForwardEvents {
  /** The service has begun to answer. */
  readonly onAnswer: (status: number) => void
  /** There is no answer, and the client has received nothing yet. */
  readonly onFailure: (failure: ForwardFailure) => void
  /** The answer is a problem with this code, which is logged. */
  readonly onProblem: (code: ProblemCode) => void
}

export interface ForwarderDeps {
  readonly upstream: ServiceName
  readonly baseUrl: string
  /** The time for the answer's head, and then the same time again for its body. */
  readonly deadlineMs: number
  readonly connectTimeoutMs: number
  /** How much of an answer to read from the service before the client has read it. */
  readonly unreadBytes: number
  readonly metrics: Metrics
}

const connectionsPerUpstream = 256
/** A refused connection may mean a restart. Nothing was sent, so a second attempt is safe. */
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

/** The headers for the client, without those that are only about the connection. */
const endToEnd = (headers: IncomingHttpHeaders): IncomingHttpHeaders => {
  const kept: IncomingHttpHeaders = {}
  const named = headers.connection?.toLowerCase().split(/\s*,\s*/)
  for (const name in headers) {
    if (hopByHop.has(name) || named?.includes(name)) continue
    kept[name] = headers[name]
  }
  return kept
}

/** A problem names its code first. The log needs only the code, so the rest is not read. */
const problemCodeIn = (chunk: Buffer) => {
  const code = /^\{"type":"urn:orderly:problem:([a-z-]+)"/.exec(
    chunk.toString('latin1', 0, 96),
  )?.[1]
  return code !== undefined && isProblemCode(code) ? code : undefined
}

const noLongerWanted = new Error('the answer is no longer wanted')

/** An ordinary answer is read whole, because a slow client must not keep a place. */
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

/** A request ends once: with its answer, at its deadline, or when its client disconnects. */
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

  /** Resolves when the answer has ended. A failure in its middle cuts the client's connection. */
  const forward = (
    request: ForwardedRequest,
    response: ServerResponse,
    { onAnswer, onFailure, onProblem }: ForwardEvents,
  ): Promise<void> => {
    const startedAtMs = performance.now()
    let controller: Dispatcher.DispatchController | undefined
    let mayTryAgain = true
    let isProblem = false

    const fail = (failure: ForwardFailure) => {
      end.finish()
      unknown.observe((performance.now() - startedAtMs) / 1e3)
      // A request that no connection began was not sent, whatever the error says.
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
        // A connection became free only after the request had ended.
        if (end.isOver()) started.abort(noLongerWanted)
      },
      onResponseStart: (_controller, status, headers) => {
        if (end.isOver() || status < 200) return
        end.putOff()
        answered.observe((performance.now() - startedAtMs) / 1e3)
        onAnswer(status)
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
