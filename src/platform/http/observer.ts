import { createAccessRefusals } from './access-refusals.ts'
import { problemTable } from '../base/errors.ts'
import { endSpan } from '../base/trace.ts'
import { serviceOfUserAgent } from '../base/user-agent.ts'
import type { Exchange } from './pipelines.ts'
import type { Refusals } from './refusals.ts'
import type { Log, Metrics } from '../base/telemetry.ts'

export interface ObserverDeps {
  readonly log: Log
  readonly metrics: Metrics
  readonly refusals: Refusals
}

/** The status that nginx logs when the client was gone before there was an answer. */
const clientGone = 499

const localAddress = /^(?:::ffff:)?127\.|^::1$/
const privateAddress = /^(?:::ffff:)?(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)|^f[cd]|^fe80:/i

const networkOf = (address = '') => {
  if (localAddress.test(address)) return 'this machine'
  return privateAddress.test(address) ? 'private network' : 'public network'
}

/**
 * Returns who sent the request: the service that proved it or names itself, else the kind of network
 * that it came from. Nothing proves a mere name. The address itself is personal data.
 */
const callerOf = ({ request }: Exchange): string => {
  const { caller, headers, socket } = request
  if (caller?.kind === 'service') return caller.service
  return serviceOfUserAgent(headers['user-agent']) ?? networkOf(socket.remoteAddress)
}

/** One log line and one observation for each request, when its answer was read or its client left. */
export const createObserver = ({ log, metrics, refusals }: ObserverDeps) => {
  const countAccess = createAccessRefusals(metrics)
  return (exchange: Exchange) => {
    const { request, response, path, template = 'unknown', startedAtMs, isHandled } = exchange
    if (path === undefined) return
    const { requestId, askedMethod: method = '', problemCode } = request
    countAccess(request)
    const refusal = isHandled ? undefined : problemCode
    const ms = performance.now() - startedAtMs
    const status = refusal ? problemTable[refusal].status : statusOf(response)
    const entry = {
      requestId,
      caller: callerOf(exchange),
      method,
      path,
      status,
      ms: Math.round(ms),
      // pino leaves undefined fields out.
      traceId: request.trace?.traceId,
    }
    tellSpan(exchange, status)
    if (refusal) return refusals.record(refusal, entry)
    metrics.requestSeconds.labels(method, template, `${status}`).observe(ms / 1e3)
    const line = { ...entry, code: problemCode, made: response.made }
    if (status >= 500) log.warn(line, 'request')
    else log.info(line, 'request')
  }
}

/** A route that nobody knows has no name of its own: paths may hold anything. */
const tellSpan = ({ request, template = 'unknown' }: Exchange, status: number) => {
  const { trace, requestId, askedMethod: method = '', problemCode } = request
  if (trace?.isSampled !== true) return
  endSpan(trace, {
    name: `${method} ${template}`,
    kind: 'server',
    attributes: {
      'http.request.method': method,
      'http.route': template,
      'http.response.status_code': status,
      'orderly.request_id': requestId,
    },
    links: trace.links,
    failure: status >= 500 ? (problemCode ?? `${status}`) : undefined,
  })
}

const statusOf = (response: Exchange['response']) =>
  response.headersSent ? response.statusCode : clientGone
