import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { Config } from './config.ts'
import { ProblemError } from './errors.ts'
import { admit, requestIdOf, sendProblem, type AdmittedRequest } from './http-admission.ts'
import type { Log, Metrics } from './telemetry.ts'

/** What the handlers find beside the web-standard request. */
export interface Bindings {
  readonly incoming: AdmittedRequest
  readonly outgoing: ServerResponse
}

export interface HttpServerDeps {
  readonly config: Pick<Config, 'host' | 'maxConcurrentRequests' | 'drainDelayMs'>
  readonly log: Log
  readonly metrics: Metrics
  readonly fetch: (request: Request, bindings: Bindings) => Response | Promise<Response>
  /** The route of a request as the contract writes it: a label must not grow with ids. */
  readonly routeOf: (method: string, path: string) => string
  /** Rejects when the service cannot do its work now; must not depend on other services. */
  readonly checkReady: () => Promise<unknown>
  /** Whether `/metrics` is answered on this port. */
  readonly exposesMetrics: boolean
}

/** Longer than the 4 s for which our clients keep idle connections, so that none is cut under them. */
const keepAliveTimeoutMs = 65_000
const headersTimeoutMs = 10_000
const requestTimeoutMs = 15_000
const maxHeaderBytes = 16 * 1024
const drainPollMs = 20

const pathOf = (url: string) => {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

const sendText = (response: ServerResponse, status: number, type: string, body: string) => {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

/** A service may say what it lacks: the gateway lists the services behind it. */
const sendNotReady = (response: ServerResponse, requestId: string, error: unknown) => {
  const known = error instanceof ProblemError ? error : undefined
  const detail = error ? 'The service is not ready.' : 'The service is shutting down.'
  sendProblem(response, requestId, 'unavailable', known?.message ?? detail, {
    members: known?.options.members,
    headers: { 'retry-after': '1' },
  })
}

export const createHttpServer = (deps: HttpServerDeps) => {
  const { config, log, metrics } = deps
  const handle = getRequestListener(deps.fetch as never, { overrideGlobalObjects: true })
  let inFlight = 0
  let draining = false

  const observe = (request: AdmittedRequest, response: ServerResponse, startedAtMs: number) => {
    const ms = performance.now() - startedAtMs
    const method = request.method ?? ''
    const path = pathOf(request.url ?? '')
    const status = response.statusCode
    metrics.requestSeconds.labels(method, deps.routeOf(method, path), `${status}`).observe(ms / 1e3)
    const entry = { requestId: request.requestId, method, path, status, ms: Math.round(ms) }
    if (status >= 500) log.warn(entry, 'request')
    else log.info(entry, 'request')
  }

  const answerReadiness = async (response: ServerResponse, requestId: string) => {
    try {
      if (draining) throw new Error('shutting down')
      await deps.checkReady()
      sendText(response, 200, 'application/json', '{"status":"ready"}')
    } catch (error) {
      log.debug({ err: error }, 'not ready')
      sendNotReady(response, requestId, draining ? undefined : error)
    }
  }

  /** Answers that must not wait in line with the work: probes and metrics. */
  const answerProbe = async (path: string, response: ServerResponse, requestId: string) => {
    response.setHeader('x-request-id', requestId)
    if (path === '/healthz') sendText(response, 200, 'application/json', '{"status":"ok"}')
    else if (path === '/readyz') await answerReadiness(response, requestId)
    else {
      const { registry } = metrics
      sendText(response, 200, registry.contentType, await registry.metrics())
    }
  }

  const isProbe = (path: string) =>
    path === '/healthz' || path === '/readyz' || (path === '/metrics' && deps.exposesMetrics)

  const serve = async (request: AdmittedRequest, response: ServerResponse) => {
    const startedAtMs = performance.now()
    const requestId = requestIdOf(request)
    request.requestId = requestId
    const path = pathOf(request.url ?? '')
    if (draining) response.setHeader('connection', 'close')
    if (request.method === 'GET' && isProbe(path)) return answerProbe(path, response, requestId)
    if (inFlight >= config.maxConcurrentRequests) {
      metrics.refusedRequests.labels('overloaded').inc()
      return sendProblem(response, requestId, 'overloaded', 'Try again in a moment.', {
        headers: { 'retry-after': '1' },
      })
    }
    inFlight += 1
    response.once('close', () => {
      inFlight -= 1
      observe(request, response, startedAtMs)
    })
    response.setHeader('x-request-id', requestId)
    if (await admit(request, response)) await handle(request, response)
  }

  const server = createServer(
    {
      keepAliveTimeout: keepAliveTimeoutMs,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      maxHeaderSize: maxHeaderBytes,
    },
    (request, response) => {
      serve(request as AdmittedRequest, response).catch((error: unknown) => {
        log.error({ err: error }, 'request failed outside its handler')
        sendProblem(response, requestIdOf(request), 'internal', 'The request could not be served.')
      })
    },
  )

  const listen = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, config.host, () => {
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
    while (inFlight > 0 && performance.now() < giveUpAtMs) {
      await new Promise((resolve) => setTimeout(resolve, drainPollMs))
    }
    server.closeAllConnections()
    await closed
  }

  return { listen, drain }
}
