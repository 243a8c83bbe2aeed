import type { IncomingMessage, ServerResponse } from 'node:http'

/**
 * Lets pages of the listed origins use the API in a browser; by default the list is empty. Only
 * browsers obey it: it does not stop any other client.
 */
const preflightHeaders = {
  'access-control-allow-methods': 'GET, HEAD, POST, PATCH, DELETE',
  'access-control-allow-headers': 'authorization, content-type, idempotency-key, x-request-id',
  'access-control-max-age': '600',
}

const exposedHeaders =
  'allow, idempotency-replayed, location, retry-after, www-authenticate, x-request-id'

export const createCors = (origins: readonly string[]) => {
  const allowed = new Set(origins)

  /** Adds the headers for the browser. Returns true when it has answered the request. */
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    if (allowed.size === 0) return false
    response.setHeader('vary', 'origin')
    const { origin } = request.headers
    if (origin === undefined || !allowed.has(origin)) return false
    response.setHeader('access-control-allow-origin', origin)
    response.setHeader('access-control-expose-headers', exposedHeaders)
    const isPreflight =
      request.method === 'OPTIONS' && 'access-control-request-method' in request.headers
    if (!isPreflight) return false
    response.writeHead(204, preflightHeaders).end()
    return true
  }
}
