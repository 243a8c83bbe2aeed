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

/** Lets an app with a `fetch` function, such as Hono's, answer the requests of Node's server. */
export const handleByFetch = (fetch: Fetch): Handle =>
  getRequestListener(fetch as never, { overrideGlobalObjects: true }) as never
