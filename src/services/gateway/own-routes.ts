import { sendProblem, type AdmittedRequest } from '../../platform/http/admission.ts'
import { pathOf } from '../../platform/http/routes.ts'
import type { ServiceResponse } from '../../platform/http/response.ts'
import type { Followed, Live } from './live.ts'
import type { createServicesView } from './services-view.ts'

export interface OwnRoutesDeps {
  readonly live: Live
  readonly viewServices: ReturnType<typeof createServicesView>
  readonly orders: Followed['reads']
  readonly bookings: Followed['reads']
}

type Handle = (request: AdmittedRequest, response: ServiceResponse) => Promise<void>

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i

/** The id at the end of the path. Undefined when the request was refused for it. */
const idIn = (request: AdmittedRequest, response: ServiceResponse, field: string) => {
  const id =
    pathOf(request.url ?? '')
      .split('/')
      .at(-1) ?? ''
  if (uuid.test(id)) return id.toLowerCase()
  sendProblem(response, request.requestId, 'validation-failed', `Check these: ${field}.`, {
    errors: [{ field, message: 'must be a UUID' }],
  })
  return undefined
}

const sendJson = (response: ServiceResponse, value: unknown) => {
  const body = JSON.stringify(value)
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

/** Answers the routes of the gateway's own contract, by their templates. */
export const createOwnRoutes = ({
  live,
  viewServices,
  orders,
  bookings,
}: OwnRoutesDeps): ReadonlyMap<string, Handle> => {
  const followed =
    (what: Followed['what'], list: string, reads: Followed['reads']): Handle =>
    async (request, response) => {
      const id = idIn(request, response, `${what}Id`)
      if (id === undefined) return
      await live.follow({ what, path: `/${list}/${id}`, reads }, request, response)
    }
  return new Map<string, Handle>([
    ['/console/live/orders/{orderId}', followed('order', 'orders', orders)],
    ['/console/live/bookings/{bookingId}', followed('booking', 'bookings', bookings)],
    [
      '/console/services',
      async (_request, response) => {
        sendJson(response, await viewServices())
      },
    ],
  ])
}
