import { createServer } from 'node:http'
import { Server as NetServer, type AddressInfo } from 'node:net'
import { setImmediate as nextTurn, setTimeout as setTimeoutAsync } from 'node:timers/promises'
import type { Config } from '../base/config.ts'
import {
  admit,
  requestIdOf,
  sendOverloaded,
  sendProblem,
  type AdmissionDeps,
  type AdmittedRequest,
} from './admission.ts'
import { createAddressCheck } from './address.ts'
import { ServiceResponse } from './response.ts'
import { createConnections } from './connections.ts'
import { createCors } from './cors.ts'
import { createKeptBytes, type KeptBytes } from './kept-bytes.ts'
import { createMalformedHandler } from './malformed.ts'
import { createObserver } from './observer.ts'
import type { Exchange, PipelinesDeps, Progress } from './pipelines.ts'
import { createPlaces, type Places } from './places.ts'
import { createProbes, type ProbeDeps } from './probes.ts'
import { createRefusals } from './refusals.ts'
import { pathOf, type FindRoute } from './routes.ts'
import { addGauge } from '../base/telemetry.ts'
import { atPlace, beginRequest, type Tracer } from '../base/trace.ts'

/** Resolves when the answer is ended. */
export type Handle = (request: AdmittedRequest, response: ServiceResponse) => Promise<void>

export interface HttpServerDeps extends ProbeDeps {
  readonly config: Pick<
    Config,
    | 'service'
    | 'host'
    | 'publicHosts'
    | 'corsOrigins'
    | 'maxConcurrentRequests'
    | 'maxConnections'
    | 'maxKeptBytes'
    | 'answerTimeoutMs'
    | 'drainDelayMs'
  >
  readonly handle: Handle
  readonly find: FindRoute
  readonly callerOf: AdmissionDeps['callerOf']
  /** Undefined: nobody collects traces. */
  readonly tracer?: Tracer | undefined
  /** How long a request may take to arrive. */
  readonly requestTimeoutMs?: number
}

/** Longer than the 4 s for which our clients keep idle connections: only they may close them. */
const keepAliveTimeoutMs = 65_000
const headersTimeoutMs = 10_000
const usualRequestTimeoutMs = 15_000
/** How often Node checks the two limits above. Its default of 30 s would double them. */
const timeoutsCheckMs = 1_000
const maxHeaderBytes = 16 * 1024
/** Node's 511 is too few in a rush, and a client that finds no room waits for seconds. */
const waitingConnections = 4_096
const drainPollMs = 20
/** During a drain, a connection that was used within this time is likely to be used again. */
const quietBeforeEndMs = 500
/** A rush of new connections must not keep a server that is told to stop from stopping. */
const acceptForMs = 250

const serverOptions = {
  keepAliveTimeout: keepAliveTimeoutMs,
  maxHeaderSize: maxHeaderBytes,
  connectionsCheckingInterval: timeoutsCheckMs,
  // Node would refuse without a body; address.ts answers with a problem.
  requireHostHeader: false,
  ServerResponse: ServiceResponse as never,
}

/** The same for every request, probes included. */
const begin = ({ request }: Exchange) => {
  request.requestId = requestIdOf(request)
  request.askedMethod = request.method
  // Node has seen HEAD and leaves the body out of the answer; all other code handles a GET.
  if (request.method === 'HEAD') request.method = 'GET'
}

interface ServingDeps extends HttpServerDeps {
  readonly places: Places
  readonly kept: KeptBytes
  readonly isDraining: () => boolean
}

/** Serves one request until its answer is ended. */
const createServing = (deps: ServingDeps): PipelinesDeps['serve'] => {
  const { config, log, places, kept: keptBytes, callerOf, tracer } = deps
  const probes = createProbes(deps)
  const address = createAddressCheck(config)
  const answerCors = createCors(config.corsOrigins)

  const serve = async (exchange: Exchange, progress: Progress) => {
    const { request, response } = exchange
    const { requestId, method = '' } = request
    const fault = address.read(request)
    const path = pathOf(request.url ?? '')
    if (fault === undefined && method === 'GET' && probes.isProbe(path)) {
      return probes.answer(path, response, requestId, deps.isDraining())
    }
    if (fault === undefined && answerCors(request, response)) return undefined
    exchange.path = path
    if (places.isFull()) return sendOverloaded(response, requestId)
    const refusal = fault ?? address.checkHost(request)
    if (refusal !== undefined) return address.refuse(request, response, refusal)
    const route = deps.find(method, path)
    exchange.template = route?.template
    if (tracer !== undefined) request.trace = beginRequest(tracer, request.headers.traceparent)
    if (!(await admit(request, response, route, { keptBytes, callerOf }))) return undefined
    // Other requests may have taken the last place while the body was read.
    if (places.isFull()) return sendOverloaded(response, requestId)
    exchange.isHandled = true
    progress.isAtWork()
    places.enter()
    try {
      await atPlace(request.trace, () => deps.handle(request, response))
    } finally {
      places.leave()
    }
    return undefined
  }

  return async (exchange, progress) => {
    const { request, response } = exchange
    if (address.isClosing(request)) return
    begin(exchange)
    try {
      await serve(exchange, progress)
    } catch (error) {
      log.error({ err: error }, 'request failed outside its handler')
      sendProblem(response, request.requestId, 'internal', 'The request could not be served.')
    }
    request.releaseBody?.()
    progress.isAnswered(exchange)
  }
}

export const createHttpServer = (deps: HttpServerDeps) => {
  const { config, log, metrics, requestTimeoutMs = usualRequestTimeoutMs } = deps
  const places = createPlaces(config.maxConcurrentRequests)
  const kept = createKeptBytes(config.maxKeptBytes, config.answerTimeoutMs)
  const refusals = createRefusals(log, metrics)
  let draining = false
  const connections = createConnections({
    max: config.maxConnections,
    kept,
    refusals,
    serve: createServing({ ...deps, places, kept, isDraining: () => draining }),
    onOver: createObserver({ log, metrics, refusals }),
  })
  addGauge(metrics, 'http_connections', 'Open connections', connections.count)
  addGauge(metrics, 'http_kept_bytes', 'Kept for clients that wait or dawdle', kept.total)

  const server = createServer({
    ...serverOptions,
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
  })
  server.on('connection', connections.onConnection)
  server.on('request', connections.onRequest as never)
  // An `Expect` header that we do not know is ignored: the request is answered.
  server.on('checkExpectation', connections.onRequest as never)
  const malformed = createMalformedHandler(connections, refusals)
  server.on('clientError', malformed.onClientError)
  server.on('connect', malformed.onConnect)

  const listen = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host: config.host, backlog: waitingConnections }, () => {
        server.off('error', reject)
        resolve((server.address() as AddressInfo).port)
      })
    })

  /**
   * The kernel resets connections that it has made and that nobody has accepted yet. Node accepts
   * one in each turn of its loop, so a busy process may leave many.
   */
  const acceptWaiting = async () => {
    const untilMs = performance.now() + acceptForMs
    for (let before = -1; before !== connections.accepted() && performance.now() < untilMs;) {
      before = connections.accepted()
      await nextTurn()
    }
  }

  /** An HTTP server's own `close` would also cut idle connections, which clients may just be using. */
  const stopListening = () =>
    new Promise<unknown>((resolve) => {
      NetServer.prototype.close.call(server, resolve)
    })

  /**
   * Stops without failing any request: the service is first unready, then it takes no new
   * connections, then it finishes its work. Each connection ends with an answer that says so. A
   * quiet connection is half-closed, so that its client sees an end and not a reset.
   */
  const drain = async (graceMs: number): Promise<void> => {
    draining = true
    const giveUpAtMs = performance.now() + graceMs
    connections.drain()
    if (config.drainDelayMs > 0) await setTimeoutAsync(config.drainDelayMs)
    await acceptWaiting()
    const closed = stopListening()
    const isOver = () => places.isEmpty() && connections.count() === 0
    while (!isOver() && performance.now() < giveUpAtMs) {
      connections.endQuiet(quietBeforeEndMs)
      await setTimeoutAsync(drainPollMs)
    }
    // This also ends Node's timer for slow requests.
    server.close()
    server.closeAllConnections()
    await closed
    kept.close()
    refusals.close()
  }

  return { listen, drain }
}
