import type { IncomingMessage, ServerResponse } from 'node:http'
import { isIP, type Socket } from 'node:net'
import type { Config } from '../base/config.ts'
import type { ProblemCode } from '../base/errors.ts'
import { countHeader, sendProblem, type AdmittedRequest } from './admission.ts'

/**
 * Which request this is, and whether it is for us: the checks of RFC 9112 that
 * Node leaves to its users. They come before everything else, probes included.
 */
interface AddressFault {
  readonly code: ProblemCode
  readonly detail: string
}

const malformed = (detail: string): AddressFault => ({ code: 'malformed-http', detail })

const plausibleHost = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i

/** Scheme, authority, and what a plain target would be. */
const wholeAddress = /^(https?):\/\/([^/?#\\]*)(.*)$/i

/**
 * Node reads the body by chunks when they are the last of several codings, and
 * would hand over what the others made of it.
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

/** `undefined` is the older protocol's right; the newer one names its host exactly once. */
const hostFault = (request: IncomingMessage): AddressFault | undefined => {
  const { host } = request.headers
  if (host === undefined) {
    return request.httpVersion === '1.0' ? undefined : malformed('The Host header is missing.')
  }
  if (countHeader(request, 'host') > 1) return malformed('The Host header was sent twice.')
  return plausibleHost.test(host) ? undefined : malformed('The Host header is no host.')
}

/** A target that is a whole address is turned into the plain one, and its name counts as the Host. */
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

/** Says what is wrong with the request, or brings its target into the one form that all others know. */
const readAddress = (request: IncomingMessage): AddressFault | undefined =>
  hostFault(request) ?? codingFault(request) ?? shortenTarget(request)

const nameOf = (host: string) => host.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase()

const isAddress = (name: string) => isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0

/**
 * A page that somebody opens may let its own name lead to 127.0.0.1, and is
 * then, for the browser, of the same origin as we are. It still has to call us
 * by that name. An address cannot be bent like this, nor can the names of the
 * machine itself or the one by which the services of a cluster call each other.
 */
const createHostCheck = (config: Pick<Config, 'service' | 'host' | 'publicHosts'>) => {
  const { service, host: ownHost, publicHosts } = config
  const known = new Set(['localhost', service, nameOf(ownHost), ...publicHosts])
  let acceptedLast: string | undefined
  return (request: IncomingMessage): AddressFault | undefined => {
    const { host } = request.headers
    // Nearly all call us by the same name.
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
    /** Nothing of such a connection is looked at any more: it may be the rest of a body, dressed up. */
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
