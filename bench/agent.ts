import { subscribe } from 'node:diagnostics_channel'
import { Server, type Socket } from 'node:net'
import { GCProfiler } from 'node:v8'
import { answerBench } from './lib/ipc.ts'

/**
 * Loaded into the processes that are measured, before their own code: tells the
 * bench what they used. It only counts connections, and looks closer while it
 * is asked to.
 */
export interface Usage {
  readonly cpuMicros: number
  readonly rssBytes: number
  readonly bytesIn: number
  readonly bytesOut: number
}

export interface Allocations {
  readonly allocatedBytes: number
  readonly collections: number
  readonly collectionMicros: number
}

const sockets = new Set<Socket>()
const closed = { bytesIn: 0, bytesOut: 0 }

const follow = (announced: unknown) => {
  const { socket } = announced as { socket: Socket }
  sockets.add(socket)
  socket.once('close', () => {
    sockets.delete(socket)
    closed.bytesIn += socket.bytesRead
    closed.bytesOut += socket.bytesWritten
  })
}

subscribe('net.client.socket', follow)
subscribe('net.server.socket', follow)

const usage = (): Usage => {
  const { user, system } = process.cpuUsage()
  let { bytesIn, bytesOut } = closed
  for (const socket of sockets) {
    bytesIn += socket.bytesRead
    bytesOut += socket.bytesWritten
  }
  const rssBytes = process.memoryUsage.rss()
  return { cpuMicros: user + system, rssBytes, bytesIn, bytesOut }
}

let profiler: GCProfiler | undefined
let heapAtStart = 0

const startAllocations = () => {
  profiler = new GCProfiler()
  heapAtStart = process.memoryUsage().heapUsed
  profiler.start()
}

/** What the heap grew by between collections is what was allocated. */
const stopAllocations = (): Allocations => {
  const heapAtEnd = process.memoryUsage().heapUsed
  const collections = profiler?.stop()?.statistics ?? []
  profiler = undefined
  let allocatedBytes = 0
  let collectionMicros = 0
  let before = heapAtStart
  for (const { cost, beforeGC, afterGC } of collections) {
    allocatedBytes += Math.max(0, beforeGC.heapStatistics.usedHeapSize - before)
    before = afterGC.heapStatistics.usedHeapSize
    collectionMicros += cost
  }
  allocatedBytes += Math.max(0, heapAtEnd - before)
  return { allocatedBytes, collections: collections.length, collectionMicros }
}

/**
 * Two replicas on one port: the kernel deals connections out, which costs
 * nothing, where a balancer of our own would be one more hop to measure.
 */
const shareThePort = () => {
  type Listen = (this: Server, ...args: unknown[]) => Server
  const listen = Reflect.get(Server.prototype, 'listen') as Listen
  Server.prototype.listen = function shared(this: Server, ...args: unknown[]) {
    const [where, ...rest] = args
    if (typeof where === 'object') return listen.call(this, { ...where, reusePort: true }, ...rest)
    const [host, ...others] = rest
    return listen.call(this, { port: where, host, reusePort: true }, ...others)
  } as typeof Server.prototype.listen
}

if (process.env['BENCH_SHARED_PORT'] === '1') shareThePort()

answerBench({ usage, startAllocations, stopAllocations })
