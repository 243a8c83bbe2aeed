import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { createGuard } from './access/guard.ts'
import { ConfigError, readConfig, type Config } from './base/config.ts'
import { keepMemorySmall } from './base/memory.ts'
import { createHttpServer, type Handle } from './http/server.ts'
import { errorText } from './base/redaction.ts'
import type { Runtime, Service } from './service.ts'
import { createLog, createMetrics, type Log, type Metrics } from './base/telemetry.ts'
import type { Tracer } from './base/trace.ts'
import type { ServiceName } from '../registry.ts'

/** Exit codes of sysexits.h: a supervisor can distinguish a wrong setting and a missing database. */
const exitCodes = { configuration: 78, unavailable: 69 } as const

export const exitCodeOf = (error: unknown) =>
  error instanceof ConfigError ? exitCodes.configuration : exitCodes.unavailable

export const startUpComplaint = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const { code, port } = error as NodeJS.ErrnoException & { port?: number }
  if (code === 'EADDRINUSE') return `port ${port} is taken: stop what uses it, or set PORT`
  if (code === 'EACCES') return `port ${port} may not be opened by this user: set PORT`
  // A host with several addresses gives one error for each, and the outer error has no message.
  const message = error.message || code || error.name
  const cause = error.cause instanceof Error ? ` (${startUpComplaint(error.cause)})` : ''
  return `${message}${cause}`.replaceAll(/\s*\n\s*/g, ' ')
}

const listenForMetrics = (port: number, host: string, metrics: Metrics) => {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    void metrics.registry.metrics().then((text) => {
      response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text)
    })
  })
  return new Promise<() => void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      resolve(() => {
        server.close()
        server.closeAllConnections()
      })
    })
  })
}

/** Loaded only when traces are collected: it takes memory and time to start. */
const loadTracer = async (
  { service, tracing }: Config,
  log: Log,
  metrics: Metrics,
): Promise<Tracer | undefined> => {
  if (tracing === undefined) return undefined
  const { createTracer } = await import('./tracing/tracer.ts')
  return createTracer({ service, config: tracing, log, metrics })
}

type CreateService = (runtime: Runtime) => Service | Promise<Service>

/** Builds a service and starts it. Before it stops, it answers the requests that it has begun. */
export const serve = async (config: Config, createService: CreateService) => {
  const { service: name, logLevel, tracing } = config
  const log = createLog(name, logLevel, tracing !== undefined)
  const metrics = createMetrics(name)
  const tracer = await loadTracer(config, log, metrics)
  const instance = randomBytes(4).toString('hex')
  const service = await createService({ config, log, metrics, tracer, instance })
  const guard = createGuard({ config, log })
  guard.prepare()
  await service.prepare()
  const { find, checkReady } = service
  const memory = keepMemorySmall()
  const handle: Handle = (request, response) => {
    memory.isAsked()
    return service.handle(request, response)
  }
  const { callerOf } = guard
  const exposesMetrics = config.adminPort === undefined
  const deps = {
    config,
    log,
    metrics,
    tracer,
    instance,
    handle,
    find,
    callerOf,
    checkReady,
    exposesMetrics,
  }
  const server = createHttpServer(deps)
  const port = await server.listen(config.port)
  for (const loop of service.loops) loop.start()
  const stop = async () => {
    memory.stop()
    service.beginStop?.()
    await server.drain(config.shutdownGraceMs)
    await Promise.all(service.loops.map((loop) => loop.stop()))
    await Promise.all([service.close(), guard.close()])
    await tracer?.close()
  }
  return { log, metrics, port, stop }
}

/** Runs one service in this process until it is told to stop. */
export const runService = async (
  name: ServiceName,
  createService: CreateService,
): Promise<void> => {
  crashOnFaults()
  const config = readConfig(name)
  const { log, metrics, port, stop: stopServing } = await serve(config, createService)
  const closeMetrics =
    config.adminPort === undefined
      ? () => {}
      : await listenForMetrics(config.adminPort, config.host, metrics)
  log.info({ port }, 'listening')

  const stop = async (reason: string) => {
    log.info({ reason }, 'stopping')
    await stopServing()
    closeMetrics()
    flushAndExit(log, 0)
  }
  stopOnSignals(stop, config.shutdownGraceMs + config.drainDelayMs)
}

const flushAndExit = (log: Log, code: number) => {
  log.flush(() => process.exit(code))
  setTimeout(() => process.exit(code), 500).unref()
}

/** Logs a crash like every other error, without personal data. */
const crashOnFaults = () => {
  process.on('uncaughtException', (error: unknown) => {
    process.stderr.write(`${errorText(error)}\n`)
    process.exit(1)
  })
}

/** The time that loops and connections have to end after the grace period. */
const exitMarginMs = 3_000

const stopOnSignals = (stop: (reason: string) => Promise<void>, graceMs: number) => {
  let stopping = false
  const once = (reason: string) => {
    if (stopping) return
    stopping = true
    setTimeout(() => process.exit(1), graceMs + exitMarginMs).unref()
    void stop(reason)
  }
  process.on('SIGTERM', () => once('SIGTERM'))
  process.on('SIGINT', () => once('SIGINT'))
  // The launcher keeps a channel open. When the launcher is killed, its services must end, too.
  if (process.connected) process.on('disconnect', () => once('the launcher is gone'))
}
