import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Config } from './config.ts'
import { admit, requestIdOf, sendProblem, type AdmittedRequest } from './http-admission.ts'
import { createAddressCheck } from './http-address.ts'
import { createCors } from './http-cors.ts'
import { createMalformedHandler } from './http-malformed.ts'
import { createPlaces } from './http-places.ts'
import { createProbes, type ProbeDeps } from './http-probes.ts'
import type { Log, Metrics } from './telemetry.ts'

/** What the handlers find beside the web-standard request. */
export interface Bindings {
  readonly incoming: AdmittedRequest
  readonly outgoing: ServerResponse
}

export interface HttpServerDeps extends ProbeDeps {
  readonly config: Pick<
    Config,
    'service' | 'host' | 'publicHosts' | 'corsOrigins' | 'maxConcurrentRequests' | 'drainDelayMs'
  >
  readonly fetch: (request: Request, bindings: Bindings) => Response | Promise<Response>
  /** The route of a request as the contract writes it: a label must not grow with ids. */
  readonly routeOf: (method: string, path: string) => string
}

/** Longer than the 4 s for which our clients keep idle connections, so that none is cut under them. */
const keepAliveTimeoutMs = 65_000
const headersTimeoutMs = 10_000
const requestTimeoutMs = 15_000
/** How often Node looks for requests that are over the two times above: its own 30 s would double them. */
const timeoutsCheckMs = 1_000
const maxHeaderBytes = 16 * 1024
/** Node's own 511 is fewer than come at once in a rush, and each that finds no room waits for seconds. */
const waitingConnections = 4_096
const drainPollMs = 20

const serverOptions = {
  keepAliveTimeout: keepAliveTimeoutMs,
  headersTimeout: headersTimeoutMs,
  requestTimeout: requestTimeoutMs,
  maxHeaderSize: maxHeaderBytes,
  connectionsCheckingInterval: timeoutsCheckMs,
  // Node would refuse without a body; http-address.ts says it as a problem.
  requireHostHeader: false,
}

const pathOf = (url: string) => {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

interface Served {
  readonly request: AdmittedRequest
  /** As it was asked; `request` has GET in place of HEAD. */
  readonly method: string
  readonly path: string
  readonly status: number
  readonly ms: number
}

/** One log line and one observation for each request. */
const createObserver = (
  log: Log,
  metrics: Metrics,
  routeOf: (method: string, path: string) => string,
) => {
  return ({ request, method, path, status, ms }: Served) => {
    const { requestId } = request
    const route = routeOf(request.method ?? '', path)
    metrics.requestSeconds.labels(method, route, `${status}`).observe(ms / 1e3)
    const entry = { requestId, method, path, status, ms: Math.round(ms) }
    if (status >= 500) log.warn(entry, 'request')
    else log.info(entry, 'request')
  }
}

/** The same for every request, probes included. Returns the method that was asked for. */
const begin = (request: AdmittedRequest, response: ServerResponse): string => {
  const { method = '' } = request
  request.requestId = requestIdOf(request)
  // Node leaves the body of the answer out, since it saw the method; nobody else needs to know.
  if (method === 'HEAD') request.method = 'GET'
  response.setHeader('x-request-id', request.requestId)
  response.setHeader('cache-control', 'no-store')
  response.setHeader('x-content-type-options', 'nosniff')
  return method
}

export const createHttpServer = (deps: HttpServerDeps) => {
  const { config, log, metrics } = deps
  const probes = createProbes(deps)
  const observe = createObserver(log, metrics, deps.routeOf)
  const handle = getRequestListener(deps.fetch as never, { overrideGlobalObjects: true })
  const malformed = createMalformedHandler()
  const places = createPlaces(config.maxConcurrentRequests)
  const address = createAddressCheck(config)
  const answerCors = createCors(config.corsOrigins)
  let draining = false

  const refuse = (response: ServerResponse, requestId: string) => {
    metrics.refusedRequests.labels('overloaded').inc()
    sendProblem(response, requestId, 'overloaded', 'Try again in a moment.', {
      headers: { 'retry-after': '1' },
    })
  }

  const serve = async (request: AdmittedRequest, response: ServerResponse) => {
    if (address.isClosing(request)) return undefined
    const startedAtMs = performance.now()
    const method = begin(request, response)
    const { requestId } = request
    const fault = address.read(request)
    const path = pathOf(request.url ?? '')
    malformed.began(request, response)
    if (draining) response.setHeader('connection', 'close')
    if (fault === undefined && request.method === 'GET' && probes.isProbe(path)) {
      return probes.answer(path, response, requestId, draining)
    }
    if (fault === undefined && answerCors(request, response)) return undefined
    if (places.isFull()) return refuse(response, requestId)
    places.enter(response, () => {
      const ms = performance.now() - startedAtMs
      observe({ request, method, path, status: response.statusCode, ms })
    })
    const refusal = fault ?? address.checkHost(request)
    if (refusal !== undefined) return address.refuse(request, response, refusal)
    const isRoute = () => deps.routeOf(request.method ?? '', path) !== 'unknown'
    if (!(await admit(request, response, isRoute))) return undefined
    // Others may have come while the body was read.
    if (places.isFull()) return refuse(response, requestId)
    return places.work(response, () => handle(request, response))
  }

  const server = createServer(serverOptions, (request, response) =>
    onRequest(request as AdmittedRequest, response),
  )
  const onRequest = (request: AdmittedRequest, response: ServerResponse) => {
    serve(request, response).catch((error: unknown) => {
      log.error({ err: error }, 'request failed outside its handler')
      sendProblem(response, requestIdOf(request), 'internal', 'The request could not be served.')
    })
  }
  server.on('clientError', malformed.onClientError)
  server.on('connect', malformed.onConnect)
  // An expectation that we do not know may be ignored; the request itself is answered.
  server.on('checkExpectation', onRequest as never)

  const listen = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ port, host: config.host, backlog: waitingConnections }, () => {
        server.off('error', reject)
        resolve((server.address() as AddressInfo).port)
      })
    })

  /** Stops without failing anyone: unready first, then no new work, then the rest is finished. */
  const drain = async (graceMs: number): Promise<void> => {
    draining = true
    const giveUpAtMs = performance.now() + graceMs
    await new Promise((resolve) => setTimeout(resolve, config.drainDelayMs))
    const closed = new Promise((resolve) => server.close(resolve))
    while (!places.isEmpty() && performance.now() < giveUpAtMs) {
      await new Promise((resolve) => setTimeout(resolve, drainPollMs))
    }
    server.closeAllConnections()
    await closed
  }

  return { listen, drain }
}
