import { ServerResponse, type OutgoingHttpHeader, type OutgoingHttpHeaders } from 'node:http'
import type { AdmittedRequest } from './admission.ts'

const noHeaders: OutgoingHttpHeaders = {}

/**
 * Adds the headers that every answer has, unless its writer has set them. They are added when the
 * head is written, because Node is slower after headers were set one by one.
 */
export class ServiceResponse extends ServerResponse<AdmittedRequest> {
  /** The id of what the request created, or will create. */
  made: string | undefined
  /** It goes on after its handler: whoever writes it bounds how long, and what the client may leave unread. */
  isStream = false

  override writeHead(
    status: number,
    reason?: string | OutgoingHttpHeaders | OutgoingHttpHeader[],
    more?: OutgoingHttpHeaders | OutgoingHttpHeader[],
  ): this {
    const given = typeof reason === 'string' ? more : reason
    if (Array.isArray(given)) throw new TypeError('headers are an object here')
    const headers = this.#withCommon(given ?? noHeaders)
    const { location } = headers
    if ((status === 201 || status === 202) && typeof location === 'string') {
      this.made = location.slice(location.lastIndexOf('/') + 1)
    }
    return super.writeHead(status, headers)
  }

  /** An answer of another service is passed on unchanged: it has all of these headers already. */
  #withCommon(given: OutgoingHttpHeaders): OutgoingHttpHeaders {
    const isComplete =
      'x-request-id' in given && 'cache-control' in given && 'x-content-type-options' in given
    if (isComplete) return given
    return {
      'x-request-id': this.req.requestId,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...given,
    }
  }
}
