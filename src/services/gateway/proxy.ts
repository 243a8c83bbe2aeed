import type { ServerResponse } from 'node:http'
import { ProblemError, retrySoon, type ProblemCode } from '../../platform/base/errors.ts'
import { countHeader, sendProblem, type AdmittedRequest } from '../../platform/http/admission.ts'
import { clientAddressHeader } from '../../platform/http/caller.ts'
import { userAgentOf } from '../../platform/base/user-agent.ts'
import { beginCall } from '../../platform/calls/call-spans.ts'
import type { ForwardFailure, Forwarder } from '../../platform/calls/forward.ts'
import { sagaKeyPrefix } from '../../platform/base/idempotency-keys.ts'
import { outcomeUnknown, repeatOf } from '../../platform/http/repeats.ts'
import type { Route } from '../../platform/http/routes.ts'
import type { ServiceName } from '../../registry.ts'
import { clientAddressOf } from './client-address.ts'

const keyFault = (request: AdmittedRequest): string | undefined => {
  const key = request.headers['idempotency-key']
  if (typeof key !== 'string') return undefined
  if (countHeader(request, 'idempotency-key') > 1) return 'The Idempotency-Key was sent twice.'
  // The quoted form means the same key as the bare one.
  const bare = key.replace(/^"(.*)"$/, '$1')
  if (!bare.startsWith(sagaKeyPrefix)) return undefined
  return `Keys that begin with ${sagaKeyPrefix} are reserved for the services themselves.`
}

const userAgent = userAgentOf('gateway')

/** A claim of who somebody is counts only as a token. All other headers that claim it stay here. */
const passedOn = ['accept', 'authorization', 'content-type', 'idempotency-key']

/** The pages of the issuer are for browsers: they remember who signed in, and speak a language. */
const passedToPages = [
  'accept',
  'accept-language',
  'authorization',
  'content-type',
  'cookie',
  'origin',
  'referer',
]

const passOn = (request: AdmittedRequest, names: readonly string[]): string[] => {
  const headers = ['x-request-id', request.requestId, 'user-agent', userAgent]
  for (const name of names) {
    const value = request.headers[name]
    if (typeof value === 'string') headers.push(name, value)
  }
  return headers
}

type Surroundings = Pick<ProxyDeps, 'publicUrl' | 'proxyHops'>

/**
 * By which address the browser sees the issuer: its redirects and forms must lead back there. The
 * host was checked when the request came in. Who ends TLS before us is known only by the setting.
 */
const seenAs = ({ headers }: AdmittedRequest, { publicUrl }: Surroundings): string[] => {
  const { host: publicHost, protocol } = new URL(publicUrl)
  const { host = publicHost } = headers
  const scheme = host.toLowerCase() === publicHost ? protocol.slice(0, -1) : 'http'
  return ['x-forwarded-host', host, 'x-forwarded-proto', scheme]
}

const headersFor = (
  request: AdmittedRequest,
  { access, isPage }: Route,
  surroundings: Surroundings,
): string[] => {
  const headers = passOn(request, isPage ? passedToPages : passedOn)
  if (isPage) headers.push(...seenAs(request, surroundings))
  // Limits on guessing need the address of those who have no token.
  if (access === 'anyone') {
    headers.push(clientAddressHeader, clientAddressOf(request, surroundings.proxyHops))
  }
  return headers
}

const failures: Record<ForwardFailure, { readonly code: ProblemCode; readonly why: string }> = {
  refused: { code: 'upstream-unavailable', why: 'could not be reached; nothing was done' },
  broken: { code: 'upstream-unavailable', why: 'broke off' },
  timeout: { code: 'upstream-timeout', why: 'took too long' },
}

const readMethods = new Set(['GET', 'HEAD'])

/** A request that was not sent or only reads may be repeated. A write needs a closer look. */
const problemOf = (
  failure: ForwardFailure,
  { method, service, takesKey }: Route,
  hasKey: boolean,
): ProblemError => {
  const { code, why } = failures[failure]
  if (failure === 'refused' || readMethods.has(method)) {
    return new ProblemError(code, `${service} ${why}. Try again.`, {
      headers: retrySoon,
    })
  }
  return outcomeUnknown(`${service} ${why}`, repeatOf(takesKey, hasKey))
}

export interface ProxyDeps {
  readonly forwarders: ReadonlyMap<ServiceName, Forwarder>
  /** Where people reach the gateway, by the setting. */
  readonly publicUrl: string
  readonly proxyHops: number
}

export const createProxy = ({ forwarders, ...surroundings }: ProxyDeps) => {
  const pass = async (
    route: Route,
    request: AdmittedRequest,
    response: ServerResponse,
  ): Promise<void> => {
    const { requestId, method = '', url = '' } = request
    const fault = keyFault(request)
    if (fault !== undefined) {
      sendProblem(response, requestId, 'invalid-idempotency-key', fault, {
        errors: [{ field: 'idempotency-key', message: fault }],
      })
      return
    }
    const forwarder = forwarders.get(route.service)
    if (!forwarder) throw new Error(`there is no way to ${route.service}`)
    const trace = beginCall(route.service, `${method} ${route.service}${route.template}`)
    const headers = headersFor(request, route, surroundings)
    if (trace !== undefined) headers.push('traceparent', trace.traceparent)
    const forwarded = { method, path: url, headers, body: request.rawBody ?? null }
    await forwarder.forward(forwarded, response, {
      onAnswer: (status) => trace?.answered(status),
      onProblem: (code) => {
        request.problemCode ??= code
        request.isOthersProblem = true
      },
      onFailure: (failure) => {
        trace?.failed(failure)
        const hasKey = request.headers['idempotency-key'] !== undefined
        const { code, message, options } = problemOf(failure, route, hasKey)
        sendProblem(response, requestId, code, message, options)
      },
    })
  }
  return { pass }
}
