import { getRequestListener } from '@hono/node-server'
import type { AdmittedRequest } from './admission.ts'
import type { ServiceResponse } from './response.ts'
import type { Handle } from './server.ts'

/** What a handler of the web standard finds beside its request. */
export interface Bindings {
  readonly incoming: AdmittedRequest
  readonly outgoing: ServiceResponse
}

export type Fetch = (request: Request, bindings: Bindings) => Response | Promise<Response>

/** Lets an app of the web standard, such as Hono's, answer what comes over Node's server. */
export const handleByFetch = (fetch: Fetch): Handle =>
  getRequestListener(fetch as never, { overrideGlobalObjects: true }) as never
