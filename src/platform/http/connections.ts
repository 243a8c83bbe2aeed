import type { Socket } from 'node:net'
import type { AdmittedRequest } from './admission.ts'
import type { ServiceResponse } from './response.ts'
import {
  createPipelines,
  sayClose,
  type Exchange,
  type Pipeline,
  type PipelinesDeps,
} from './pipelines.ts'

/**
 * Keeps track of the open connections and limits their number. When there are too many, it closes
 * the one that was quiet for longest.
 */
interface Connection {
  readonly pipeline: Pipeline
  quietSinceMs: number
  endedAtMs: number | undefined
}

export interface ConnectionsDeps extends Omit<PipelinesDeps, 'onWork' | 'onQuiet'> {
  readonly max: number
}

/** A client that notices the end of its connection closes its side much sooner than this. */
const lingerMs = 1_000

const endIfQuiet = (socket: Socket, connection: Connection, idleMs: number) => {
  const nowMs = performance.now()
  const { pipeline, quietSinceMs, endedAtMs } = connection
  if (endedAtMs !== undefined) {
    if (nowMs - endedAtMs > lingerMs) socket.destroy()
  } else if (pipeline.open.size === 0 && nowMs - quietSinceMs >= idleMs) {
    connection.endedAtMs = nowMs
    socket.end()
  }
}

export const createConnections = (deps: ConnectionsDeps) => {
  const all = new Map<Socket, Connection>()
  let accepted = 0
  /** Connections without a request that is being worked on, the longest quiet one first. */
  const quiet = new Set<Socket>()
  const pipelines = createPipelines({
    ...deps,
    onWork: (socket) => quiet.delete(socket),
    onQuiet: (socket) => {
      const connection = all.get(socket)
      if (!connection) return
      connection.quietSinceMs = performance.now()
      quiet.add(socket)
    },
  })

  const closeLongestQuiet = () => {
    const [socket] = quiet
    if (!socket) return
    quiet.delete(socket)
    deps.refusals.record('too-many-connections', {})
    socket.destroy()
  }

  return {
    count: () => all.size,
    /** How many there have been. */
    accepted: () => accepted,
    onConnection: (socket: Socket) => {
      accepted += 1
      const pipeline = pipelines.open(socket)
      all.set(socket, { pipeline, quietSinceMs: performance.now(), endedAtMs: undefined })
      quiet.add(socket)
      socket.once('close', () => {
        all.delete(socket)
        quiet.delete(socket)
        pipelines.close(pipeline)
      })
      if (all.size > deps.max) closeLongestQuiet()
    },
    onRequest: (request: AdmittedRequest, response: ServiceResponse) => {
      const { socket } = request
      const connection = all.get(socket)
      // We have ended this connection, or it is closed: an answer could not reach its client.
      if (!connection || connection.endedAtMs !== undefined || socket.destroyed) return
      pipelines.add(connection.pipeline, request, response)
    },
    /** Returns the only open exchange. With several, nobody knows which one a new answer is for. */
    openAt: (socket: Socket): 'none' | 'several' | Exchange => {
      const open = all.get(socket)?.pipeline.open
      const [first] = open ?? []
      if (!open || !first) return 'none'
      return open.size === 1 ? first : 'several'
    },
    /** From now on each connection ends after the last answer for which its client waits. */
    drain: () => {
      pipelines.drain()
      for (const { pipeline } of all.values()) {
        const last = [...pipeline.open].at(-1)
        if (last) sayClose(pipeline, last)
      }
    },
    /** Half-closes connections that were quiet for so long. One that was just used may be used again. */
    endQuiet: (idleMs: number) => {
      for (const [socket, connection] of all) endIfQuiet(socket, connection, idleMs)
    },
  }
}

export type Connections = ReturnType<typeof createConnections>
