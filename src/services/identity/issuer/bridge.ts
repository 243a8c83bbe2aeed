import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { issuerPath } from '../../../platform/access/issuer-pages.ts'
import type { AdmittedRequest } from '../../../platform/http/admission.ts'

const passedOn = ['accept', 'authorization', 'content-type', 'cookie'] as const

const plainHost = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i

const firstOf = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value)

/** By which address the browser sees us: the gateway tells it, and without one it is the issuer's. */
const seenAs = ({ headers }: AdmittedRequest, issuer: URL) => {
  const host = firstOf(headers['x-forwarded-host'])
  if (host === undefined || !plainHost.test(host)) {
    return { host: issuer.host, scheme: issuer.protocol.slice(0, -1) }
  }
  return { host, scheme: firstOf(headers['x-forwarded-proto']) === 'https' ? 'https' : 'http' }
}

/**
 * The request as oidc-provider gets it: with its body, which was read already, with the path below
 * ours, and with those headers that it needs. `Origin` is not among them: who may read answers in
 * a browser is decided by the gateway.
 */
export const toProviderRequest = (request: AdmittedRequest, issuer: URL): IncomingMessage => {
  const {
    rawBody,
    url = '',
    method,
    socket,
    httpVersion,
    httpVersionMajor,
    httpVersionMinor,
  } = request
  const { host, scheme } = seenAs(request, issuer)
  const headers: Record<string, string> = {
    host,
    'x-forwarded-host': host,
    'x-forwarded-proto': scheme,
    ...(rawBody === undefined ? {} : { 'content-length': `${rawBody.length}` }),
  }
  for (const name of passedOn) {
    const value = request.headers[name]
    if (typeof value === 'string') headers[name] = value
  }
  const body = Readable.from(rawBody === undefined || rawBody.length === 0 ? [] : [rawBody])
  return Object.assign(body, {
    method,
    url: url.slice(issuerPath.length),
    originalUrl: url,
    headers,
    socket,
    httpVersion,
    httpVersionMajor,
    httpVersionMinor,
  }) as unknown as IncomingMessage
}
