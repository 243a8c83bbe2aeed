import { getRequestListener } from '@hono/node-server'
import type { AdmittedRequest } from './admission.ts'
import type { ServiceResponse } from './response.ts'
import type { Handle } from './server.ts'

/** What a fetch handler gets in addition to its request. */
export interface Bindings {
  readonly incoming: AdmittedRequest
  readonly outgoing: ServiceResponse
}

export type Fetch = (request: Request, bindings: Bindings) => Response | Promise<Response>

/**
 * What contracts speak of. The server has read the rest, and no handler asks for it. A validator of
 * headers copies all that there are, and checks each letter of a token with them.
 */
const headersForHandlers: ReadonlySet<string> = new Set(['content-type', 'idempotency-key'])

const leaveHeaders = (request: AdmittedRequest) => {
  const { rawHeaders } = request
  const left: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] as string
    if (headersForHandlers.has(name.toLowerCase())) left.push(name, rawHeaders[index + 1] as string)
  }
  request.rawHeaders = left
}

/** Lets an app with a `fetch` function, such as Hono's, answer the requests of Node's server. */
export const handleByFetch = (fetch: Fetch): Handle => {
  const handle = getRequestListener(fetch as never, {
    overrideGlobalObjects: true,
  }) as never as Handle
  return (request, response) => {
    leaveHeaders(request)
    return handle(request, response)
  }
}
