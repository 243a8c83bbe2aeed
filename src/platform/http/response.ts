import { ServerResponse, type OutgoingHttpHeader, type OutgoingHttpHeaders } from 'node:http'
import type { AdmittedRequest } from './admission.ts'

const noHeaders: OutgoingHttpHeaders = {}

/**
 * What every answer says, whoever wrote it, unless that one said it otherwise.
 * It is added when the head is written: after headers were set one by one, Node
 * builds the head in a slower way.
 */
export class ServiceResponse extends ServerResponse<AdmittedRequest> {
  /** The id of what the request made, or of what is going to be made. */
  made: string | undefined

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

  /** Another service has said the same by the same rules, and its answer is passed on as it is. */
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
