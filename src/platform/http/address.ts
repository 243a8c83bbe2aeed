import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP, type Socket } from 'node:net'
import type { Config } from '../base/config.ts'
import type { ProblemCode } from '../base/errors.ts'
import { countHeader, sendProblem, type AdmittedRequest } from './admission.ts'

/**
 * Checks of RFC 9112 that Node leaves to its users: is the request well-formed, and is it for this
 * host? They run before everything else, probes included.
 */
interface AddressFault {
  readonly code: ProblemCode
  readonly detail: string
}

const malformed = (detail: string): AddressFault => ({ code: 'malformed-http', detail })

const plausibleHost = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i

/** Groups: the scheme, the authority, and the path with its query. */
const wholeAddress = /^(https?):\/\/([^/?#\\]*)(.*)$/i

/**
 * When chunked is the last of several codings, Node decodes the chunks only. The body would still
 * be encoded by the other codings.
 */
const codingFault = (request: IncomingMessage): AddressFault | undefined => {
  const coding = request.headers['transfer-encoding']
  if (coding === undefined) return undefined
  if (request.httpVersion === '1.0') return malformed('HTTP/1.0 has no Transfer-Encoding.')
  if (coding.toLowerCase() === 'chunked') return undefined
  return {
    code: 'unknown-transfer-coding',
    detail: 'The only Transfer-Encoding that is known here is chunked.',
  }
}

/** HTTP/1.0 may leave Host out; HTTP/1.1 must send it exactly once. */
const hostFault = (request: IncomingMessage): AddressFault | undefined => {
  const { host } = request.headers
  if (host === undefined) {
    return request.httpVersion === '1.0' ? undefined : malformed('The Host header is missing.')
  }
  if (countHeader(request, 'host') > 1) return malformed('The Host header was sent twice.')
  return plausibleHost.test(host) ? undefined : malformed('The Host header is no host.')
}

/** Shortens a target that is a whole URL to its path and query. Its host replaces the Host header. */
const shortenTarget = (request: IncomingMessage): AddressFault | undefined => {
  if (request.url?.startsWith('/')) return undefined
  const [, scheme = '', authority = '', rest = ''] = wholeAddress.exec(request.url ?? '') ?? []
  if (scheme === '') return undefined
  if (!plausibleHost.test(authority)) return malformed('The target names no host.')
  if (scheme.toLowerCase() === 'https') {
    return { code: 'misdirected-request', detail: 'This connection is not secured by TLS.' }
  }
  request.headers.host = authority
  request.url = rest.startsWith('/') ? rest : `/${rest}`
  return undefined
}

/** Returns a fault, or leaves the target in the one form that all other code expects. */
const readAddress = (request: IncomingMessage): AddressFault | undefined =>
  hostFault(request) ?? codingFault(request) ?? shortenTarget(request)

const nameOf = (host: string) => host.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase()

const isAddress = (name: string) => isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0

/**
 * A web page may let its own name resolve to 127.0.0.1, and the browser then takes us for the
 * page's own origin (DNS rebinding). Its requests still carry that name as their Host. Nobody can
 * do this with an IP address, with the names of the machine itself, or with the name by which the
 * services of a cluster call each other.
 */
const createHostCheck = (config: Pick<Config, 'service' | 'host' | 'publicHosts'>) => {
  const { service, host: ownHost, publicHosts } = config
  const known = new Set(['localhost', service, nameOf(ownHost), ...publicHosts])
  let acceptedLast: string | undefined
  return (request: IncomingMessage): AddressFault | undefined => {
    const { host } = request.headers
    // Nearly all requests have the same Host.
    if (host === undefined || host === acceptedLast) return undefined
    const name = nameOf(host)
    if (known.has(name) || name.endsWith('.localhost') || isAddress(name)) {
      acceptedLast = host
      return undefined
    }
    return {
      code: 'misdirected-request',
      detail: `${name} is no name of this service; the setting PUBLIC_HOSTS adds names.`,
    }
  }
}

export const createAddressCheck = (config: Pick<Config, 'service' | 'host' | 'publicHosts'>) => {
  const closing = new WeakSet<Socket>()
  return {
    read: readAddress,
    checkHost: createHostCheck(config),
    /** What follows on a refused connection may be the rest of a body that looks like a request. */
    isClosing: (request: IncomingMessage) => closing.has(request.socket),
    refuse: (
      request: AdmittedRequest,
      response: ServerResponse,
      { code, detail }: AddressFault,
    ) => {
      closing.add(request.socket)
      sendProblem(response, request.requestId, code, detail, { headers: { connection: 'close' } })
    },
  }
}
