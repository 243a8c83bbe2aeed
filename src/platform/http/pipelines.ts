import type { Socket } from 'node:net'
import { bodyLimitBytes, type AdmittedRequest } from './admission.ts'
import type { ServiceResponse } from './response.ts'
import type { Kept, KeptBytes } from './kept-bytes.ts'
import type { Refusals } from './refusals.ts'

/**
 * A client may send requests without waiting for answers, and may leave answers
 * unread. Neither must cost the others anything: a few requests of a connection
 * are open at once, some more wait for their turn, and above that it is cut.
 */
export interface Exchange {
  readonly request: AdmittedRequest
  readonly response: ServiceResponse
  /** Missing where there is nothing to tell: probes. */
  path?: string
  startedAtMs: number
  /** It was not refused by the server itself. */
  isHandled?: boolean
  /** The answer, from when its handler has ended it until the client has read it. */
  unread?: Kept
}

export interface Pipeline {
  readonly socket: Socket
  /** Begun, and their answers still here; in the order of their coming. */
  readonly open: Set<Exchange>
  /** Came while too many were open. */
  readonly held: Exchange[]
  heldBytes: Kept | undefined
  /** The answer that says so is the last one; what comes after it is not served. */
  saidClose: boolean
  readonly progress: Progress
}

/** How far a request is. */
export interface Progress {
  /** It has come whole, and is being worked on. */
  readonly isAtWork: () => void
  /** Its answer is ended, whether it was read or not. */
  readonly isAnswered: (exchange: Exchange) => void
}

export interface PipelinesDeps {
  readonly kept: KeptBytes
  readonly refusals: Refusals
  /** Never rejects. */
  readonly serve: (exchange: Exchange, progress: Progress) => Promise<void>
  readonly onOver: (exchange: Exchange) => void
  readonly onWork: (socket: Socket) => void
  /** Nothing is open there any more. */
  readonly onQuiet: (socket: Socket) => void
}

const openPerConnection = 8
/** Nobody who reads answers sends more without waiting; more than a thousand fit into one packet. */
const heldPerConnection = 100
/** What Node keeps for a request and its answer, measured: 2 to 6 KB. */
const exchangeBytes = 6 * 1024
/** An answer above this is a file, which is in memory once for all who ask for it. */
export const answerBytes = 128 * 1024

const bodyBytesOf = ({ headers }: AdmittedRequest) =>
  headers['transfer-encoding'] === undefined
    ? Math.min(Number(headers['content-length'] ?? 0), bodyLimitBytes)
    : bodyLimitBytes

/** What the parser takes for "this is no HTTP any more". */
const upgraded = 2

/**
 * Node has no public way to stop in the middle of a packet: it would make
 * requests of all that is in it, though the connection is gone. Where a later
 * version names these things in another way, such a packet costs more memory.
 */
const stopParsing = (socket: Socket) => {
  const { parser } = socket as { parser?: { onIncoming?: () => number } }
  if (parser) parser.onIncoming = () => upgraded
}

/** The client learns that this answer is the last one, unless it was told otherwise already. */
export const sayClose = (pipeline: Pipeline, { response }: Exchange) => {
  if (response.headersSent) return
  response.setHeader('connection', 'close')
  pipeline.saidClose = true
}

const openPipeline = (socket: Socket, progress: Progress): Pipeline => {
  const held: Exchange[] = []
  // Node resumes a socket with every request that is through: not while others are held.
  socket.on('resume', () => {
    if (held.length > 0) socket.pause()
  })
  return { socket, open: new Set(), held, heldBytes: undefined, saidClose: false, progress }
}

export const createPipelines = (deps: PipelinesDeps) => {
  const { kept, refusals } = deps
  let isDraining = false

  const cut = ({ socket, open, held }: Pipeline) => {
    refusals.tell('answer-not-read', { requests: open.size + held.length })
    stopParsing(socket)
    socket.destroy()
  }

  const dropHeld = (pipeline: Pipeline) => {
    pipeline.held.length = 0
    if (pipeline.heldBytes) kept.release(pipeline.heldBytes)
    pipeline.heldBytes = undefined
  }

  const beginNext = (pipeline: Pipeline) => {
    const next = pipeline.held.shift()
    if (!next) return
    if (pipeline.held.length === 0) {
      dropHeld(pipeline)
      pipeline.socket.resume()
    }
    begin(pipeline, next)
  }

  const over = (pipeline: Pipeline, exchange: Exchange) => {
    if (!pipeline.open.delete(exchange)) return
    if (exchange.unread) kept.release(exchange.unread)
    deps.onOver(exchange)
    if (pipeline.socket.destroyed) dropHeld(pipeline)
    beginNext(pipeline)
    if (pipeline.open.size === 0) deps.onQuiet(pipeline.socket)
  }

  const keepUnread = (pipeline: Pipeline, exchange: Exchange) => {
    const { writableEnded, writableLength } = exchange.response
    // As with nearly all answers: the kernel has all of it, and no memory of ours is in use.
    if (writableEnded && writableLength === 0) return
    if (!pipeline.open.has(exchange)) return
    exchange.unread = kept.keep(() => cut(pipeline))
    kept.grow(exchange.unread, exchangeBytes + Math.min(writableLength, answerBytes))
  }

  const begin = (pipeline: Pipeline, exchange: Exchange) => {
    if (pipeline.saidClose) return
    pipeline.open.add(exchange)
    exchange.startedAtMs = performance.now()
    exchange.response.once('close', () => over(pipeline, exchange))
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
      dropHeld(pipeline)
      for (const exchange of pipeline.open) over(pipeline, exchange)
    },
    /** From now on each connection ends with its next answer. */
    drain: () => {
      isDraining = true
    },
  }
}
