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
 * The open connections: not more than there may be, and at the end none. Where
 * one must go, it is the one that was quiet for longest.
 */
interface Connection {
  readonly pipeline: Pipeline
  quietSinceMs: number
  endedAtMs: number | undefined
}

export interface ConnectionsDeps extends Omit<PipelinesDeps, 'onWork' | 'onQuiet'> {
  readonly max: number
}

/** A client that reads the end of its connection has closed its side long before. */
const lingerMs = 1_000

export const createConnections = (deps: ConnectionsDeps) => {
  const all = new Map<Socket, Connection>()
  /** Those with no whole request at work, the longest quiet first. */
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
    deps.refusals.tell('too-many-connections', {})
    socket.destroy()
  }

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

  return {
    count: () => all.size,
    opened: (socket: Socket) => {
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
    came: (request: AdmittedRequest, response: ServiceResponse) => {
      const { socket } = request
      const connection = all.get(socket)
      // Its end was sent already, or it is closed: nobody could be told what came of it.
      if (!connection || connection.endedAtMs !== undefined || socket.destroyed) return
      pipelines.add(connection.pipeline, request, response)
    },
    /** The only request that is open there, if there is one: any other answer would be taken for its own. */
    openAt: (socket: Socket): 'none' | 'several' | Exchange => {
      const open = all.get(socket)?.pipeline.open
      const [first] = open ?? []
      if (!open || !first) return 'none'
      return open.size === 1 ? first : 'several'
    },
    /** From now on each connection ends with the last answer that it is waiting for. */
    drain: () => {
      pipelines.drain()
      for (const { pipeline } of all.values()) {
        const last = [...pipeline.open].at(-1)
        if (last) sayClose(pipeline, last)
      }
    },
    /** A half-closed connection tells its client to go; one that was just used is likely to be used again. */
    endQuiet: (idleMs: number) => {
      for (const [socket, connection] of all) endIfQuiet(socket, connection, idleMs)
    },
  }
}

export type Connections = ReturnType<typeof createConnections>
