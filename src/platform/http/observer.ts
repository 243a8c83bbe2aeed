import { problemTable } from '../base/errors.ts'
import { serviceOfUserAgent } from '../base/user-agent.ts'
import type { Exchange } from './pipelines.ts'
import type { Refusals } from './refusals.ts'
import type { Log, Metrics } from '../base/telemetry.ts'

export interface ObserverDeps {
  readonly log: Log
  readonly metrics: Metrics
  readonly refusals: Refusals
  readonly routeOf: (method: string, path: string) => string
}

/** As nginx says it: the client was gone before there was an answer. */
const clientGone = 499

const localAddress = /^(?:::ffff:)?127\.|^::1$/
const privateAddress = /^(?:::ffff:)?(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.)|^f[cd]|^fe80:/i

const networkOf = (address = '') => {
  if (localAddress.test(address)) return 'this machine'
  return privateAddress.test(address) ? 'private network' : 'public network'
}

/**
 * Who asked: the service, as far as it says so (nothing proves it, and only the
 * network keeps others from saying the same), else from what kind of address.
 * The address itself is personal data.
 */
const callerOf = ({ request }: Exchange): string =>
  serviceOfUserAgent(request.headers['user-agent']) ?? networkOf(request.socket.remoteAddress)

/** One log line and one observation for each request, when its answer was read or its client is gone. */
export const createObserver = ({ log, metrics, refusals, routeOf }: ObserverDeps) => {
  return (exchange: Exchange) => {
    const { request, response, path, startedAtMs, isHandled } = exchange
    if (path === undefined) return
    const { requestId, askedMethod: method = '', problemCode } = request
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
    }
    if (refusal) return refusals.tell(refusal, entry)
    const route = routeOf(request.method ?? '', path)
    metrics.requestSeconds.labels(method, route, `${status}`).observe(ms / 1e3)
    // What is undefined is left out of the line.
    const line = { ...entry, code: problemCode, made: response.made }
    if (status >= 500) log.warn(line, 'request')
    else log.info(line, 'request')
  }
}

const statusOf = (response: Exchange['response']) =>
  response.headersSent ? response.statusCode : clientGone
