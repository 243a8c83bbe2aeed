import type { ServerResponse } from 'node:http'
import type { ProblemCode } from '../../platform/errors.ts'
import { countHeader, sendProblem, type AdmittedRequest } from '../../platform/http-admission.ts'
import type { ForwardFailure, Forwarder } from '../../platform/http-client-forward.ts'
import { sagaKeyPrefix } from '../../platform/saga.ts'
import type { ServiceName } from '../../registry.ts'

const keyFault = (request: AdmittedRequest): string | undefined => {
  const key = request.headers['idempotency-key']
  if (typeof key !== 'string') return undefined
  if (countHeader(request, 'idempotency-key') > 1) return 'The Idempotency-Key was sent twice.'
  // The quoted form means the same key as the bare one.
  const bare = key.replace(/^"(.*)"$/, '$1')
  if (!bare.startsWith(sagaKeyPrefix)) return undefined
  return `Keys that begin with ${sagaKeyPrefix} are reserved for the services themselves.`
}

const passedOn = ['accept', 'content-type', 'idempotency-key'] as const

const headersFor = (request: AdmittedRequest): string[] => {
  const headers = ['x-request-id', request.requestId]
  for (const name of passedOn) {
    const value = request.headers[name]
    if (typeof value === 'string') headers.push(name, value)
  }
  return headers
}

const failures: Record<ForwardFailure, { readonly code: ProblemCode; readonly why: string }> = {
  refused: { code: 'upstream-unavailable', why: 'could not be reached; nothing was done' },
  broken: {
    code: 'upstream-unavailable',
    why: 'broke off; whether it was done is not known: repeat it with the same Idempotency-Key',
  },
  timeout: {
    code: 'upstream-timeout',
    why: 'took too long; whether it was done is not known: repeat it with the same Idempotency-Key',
  },
}

export const createProxy = (forwarders: ReadonlyMap<ServiceName, Forwarder>) => {
  const pass = (service: ServiceName, request: AdmittedRequest, response: ServerResponse) => {
    const { requestId, method = '', url = '' } = request
    const fault = keyFault(request)
    if (fault !== undefined) {
      sendProblem(response, requestId, 'invalid-idempotency-key', fault, {
        errors: [{ field: 'idempotency-key', message: fault }],
      })
      return
    }
    const forwarder = forwarders.get(service)
    if (!forwarder) throw new Error(`there is no way to ${service}`)
    const forwarded = {
      method,
      path: url,
      headers: headersFor(request),
      body: request.rawBody ?? null,
    }
    forwarder.forward(forwarded, response, (failure) => {
      const { code, why } = failures[failure]
      sendProblem(response, requestId, code, `${service} ${why}.`, {
        headers: { 'retry-after': '1' },
      })
    })
  }
  return { pass }
}
