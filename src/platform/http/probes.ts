import type { ServerResponse } from 'node:http'
import { ProblemError, retrySoon } from '../base/errors.ts'
import { instanceHeader } from '../calls/instances.ts'
import { sendProblem } from './admission.ts'
import type { Log, Metrics } from '../base/telemetry.ts'

export interface ProbeDeps {
  readonly log: Log
  readonly metrics: Metrics
  /** How this process names itself. */
  readonly instance: string
  /** Rejects when the service cannot do its work now; must not depend on other services. */
  readonly checkReady: () => Promise<unknown>
  /** Whether `/metrics` is answered on this port. */
  readonly exposesMetrics: boolean
}

const sendText = (
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
) => {
  const length = Buffer.byteLength(body)
  response.writeHead(status, { 'content-type': type, 'content-length': length, ...headers })
  response.end(body)
}

/** A service may say why it is not ready: the gateway lists the services behind it. */
const sendNotReady = (
  response: ServerResponse,
  requestId: string,
  instance: string,
  error: unknown,
) => {
  const known = error instanceof ProblemError ? error : undefined
  const detail = error ? 'The service is not ready.' : 'The service is shutting down.'
  sendProblem(response, requestId, 'unavailable', known?.message ?? detail, {
    members: known?.options.members,
    headers: { ...retrySoon, [instanceHeader]: instance },
  })
}

/** Answers health, readiness and metrics, which must not wait behind other requests. */
export const createProbes = (deps: ProbeDeps) => {
  const { log, metrics, instance, checkReady, exposesMetrics } = deps
  const answerReadiness = async (
    response: ServerResponse,
    requestId: string,
    isDraining: boolean,
  ) => {
    if (isDraining) return sendNotReady(response, requestId, instance, undefined)
    try {
      await checkReady()
      sendText(response, 200, 'application/json', '{"status":"ready"}', {
        [instanceHeader]: instance,
      })
    } catch (error) {
      log.debug({ err: error }, 'not ready')
      sendNotReady(response, requestId, instance, error)
    }
  }

  return {
    isProbe: (path: string) =>
      path === '/healthz' || path === '/readyz' || (path === '/metrics' && exposesMetrics),
    answer: async (
      path: string,
      response: ServerResponse,
      requestId: string,
      isDraining: boolean,
    ) => {
      if (path === '/healthz') sendText(response, 200, 'application/json', '{"status":"ok"}')
      else if (path === '/readyz') await answerReadiness(response, requestId, isDraining)
      else {
        const { registry } = metrics
        sendText(response, 200, registry.contentType, await registry.metrics())
      }
    },
  }
}
