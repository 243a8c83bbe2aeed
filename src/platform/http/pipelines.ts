import type { Socket } from 'node:net'
import { bodyLimitBytes, type AdmittedRequest } from './admission.ts'
import type { ServiceResponse } from './response.ts'
import type { Kept, KeptBytes } from './kept-bytes.ts'
import type { Refusals } from './refusals.ts'

/**
 * One request and its answer. A client may send requests without waiting for answers, and may
 * leave answers unread. Neither must cost other clients anything: a few requests of a connection
 * are open at once, some more wait, and a connection with more than that is cut.
 */
export interface Exchange {
  readonly request: AdmittedRequest
  readonly response: ServiceResponse
  /** Missing for probes, which are not logged. */
  path?: string
  /** The route as its contract writes it, if there is one. */
  template?: string | undefined
  startedAtMs: number
  /** True when the request was given to the handler. */
  isHandled?: boolean
  /** The kept bytes of the answer, from its end until the client has read it. */
  unread?: Kept
}

export interface Pipeline {
  readonly socket: Socket
  /** Exchanges that were begun and are not over, in the order of their requests. */
  readonly open: Set<Exchange>
  /** Exchanges that came while too many were open. */
  readonly held: Exchange[]
  heldBytes: Kept | undefined
  /** An answer has said `connection: close`. Requests behind it are not served. */
  saidClose: boolean
  readonly progress: Progress
}

/** How far a request is. */
export interface Progress {
  /** The whole request has come, and work on it begins. */
  readonly isAtWork: () => void
  /** The answer is ended. The client may not have read it yet. */
  readonly isAnswered: (exchange: Exchange) => void
}

export interface PipelinesDeps {
  readonly kept: KeptBytes
  readonly refusals: Refusals
  /** Never rejects. */
  readonly serve: (exchange: Exchange, progress: Progress) => Promise<void>
  readonly onOver: (exchange: Exchange) => void
  readonly onWork: (socket: Socket) => void
  /** The connection has no open exchange any more. */
  readonly onQuiet: (socket: Socket) => void
}

const openPerConnection = 8
/** No client that reads its answers sends more without waiting. One packet can hold a thousand. */
const heldPerConnection = 100
/** The memory that Node needs for an exchange: 2 to 6 KB were measured. */
const exchangeBytes = 6 * 1024
/** A longer answer is a file, which is in memory only once for all clients. */
export const answerBytes = 128 * 1024

const bodyBytesOf = ({ headers }: AdmittedRequest) =>
  headers['transfer-encoding'] === undefined
    ? Math.min(Number(headers['content-length'] ?? 0), bodyLimitBytes)
    : bodyLimitBytes

/** Tells Node's parser that the rest is not HTTP any more. */
const upgraded = 2

/**
 * Stops Node in the middle of a packet, for which it has no public way: it would make requests of
 * the whole packet although the connection is gone. If a later version of Node names these fields
 * differently, such a packet only costs more memory.
 */
const stopParsing = (socket: Socket) => {
  const { parser } = socket as { parser?: { onIncoming?: () => number } }
  if (parser) parser.onIncoming = () => upgraded
}

/** Tells the client that this answer is the last one, unless its head was already sent. */
export const sayClose = (pipeline: Pipeline, { response }: Exchange) => {
  if (response.headersSent) return
  response.setHeader('connection', 'close')
  pipeline.saidClose = true
}

const openPipeline = (socket: Socket, progress: Progress): Pipeline => {
  const held: Exchange[] = []
  // Node resumes a socket after each request. It must stay paused while exchanges are held.
  socket.on('resume', () => {
    if (held.length > 0) socket.pause()
  })
  return { socket, open: new Set(), held, heldBytes: undefined, saidClose: false, progress }
}

const cutConnection = ({ socket, open, held }: Pipeline, refusals: Refusals) => {
  refusals.record('answer-not-read', { requests: open.size + held.length })
  stopParsing(socket)
  socket.destroy()
}

const dropHeld = (pipeline: Pipeline, kept: KeptBytes) => {
  pipeline.held.length = 0
  if (pipeline.heldBytes) kept.release(pipeline.heldBytes)
  pipeline.heldBytes = undefined
}

export const createPipelines = (deps: PipelinesDeps) => {
  const { kept, refusals } = deps
  let isDraining = false

  const cut = (pipeline: Pipeline) => cutConnection(pipeline, refusals)

  const beginNext = (pipeline: Pipeline) => {
    const next = pipeline.held.shift()
    if (!next) return
    if (pipeline.held.length === 0) {
      dropHeld(pipeline, kept)
      pipeline.socket.resume()
    }
    begin(pipeline, next)
  }

  const finish = (pipeline: Pipeline, exchange: Exchange) => {
    if (!pipeline.open.delete(exchange)) return
    if (exchange.unread) kept.release(exchange.unread)
    deps.onOver(exchange)
    if (pipeline.socket.destroyed) dropHeld(pipeline, kept)
    beginNext(pipeline)
    if (pipeline.open.size === 0) deps.onQuiet(pipeline.socket)
  }

  const keepUnread = (pipeline: Pipeline, exchange: Exchange) => {
    const { writableEnded, writableLength, isStream } = exchange.response
    if (isStream) return
    // The usual case: the kernel has the whole answer, and it uses no memory of ours.
    if (writableEnded && writableLength === 0) return
    if (!pipeline.open.has(exchange)) return
    exchange.unread = kept.keep(() => cut(pipeline))
    kept.grow(exchange.unread, exchangeBytes + Math.min(writableLength, answerBytes))
  }

  const begin = (pipeline: Pipeline, exchange: Exchange) => {
    if (pipeline.saidClose) return
    pipeline.open.add(exchange)
    exchange.startedAtMs = performance.now()
    exchange.response.once('close', () => finish(pipeline, exchange))
    if (isDraining) sayClose(pipeline, exchange)
    void deps.serve(exchange, pipeline.progress)
  }

  const hold = (pipeline: Pipeline, exchange: Exchange) => {
    if (pipeline.held.length >= heldPerConnection) return cut(pipeline)
    if (pipeline.held.length === 0) pipeline.socket.pause()
    pipeline.held.push(exchange)
    pipeline.heldBytes ??= kept.keep(() => cut(pipeline))
    kept.grow(pipeline.heldBytes, exchangeBytes + bodyBytesOf(exchange.request))
  }

  return {
    open: (socket: Socket): Pipeline => {
      const pipeline: Pipeline = openPipeline(socket, {
        isAtWork: () => deps.onWork(socket),
        isAnswered: (exchange) => keepUnread(pipeline, exchange),
      })
      return pipeline
    },
    add: (pipeline: Pipeline, request: AdmittedRequest, response: ServiceResponse) => {
      const exchange = { request, response, startedAtMs: 0 }
      const isFree = pipeline.open.size < openPerConnection && pipeline.held.length === 0
      ;(isFree ? begin : hold)(pipeline, exchange)
    },
    close: (pipeline: Pipeline) => {
      dropHeld(pipeline, kept)
      for (const exchange of pipeline.open) finish(pipeline, exchange)
    },
    /** From now on each connection ends with its next answer. */
    drain: () => {
      isDraining = true
    },
  }
}
