import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher, Pool } from 'undici'

interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string | null
  readonly timeoutMs: number
  /** An answer that is longer than this is given up. Without it: the answers of our own services. */
  readonly maxBytes?: number
}

export interface Received {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const textOf = (chunks: readonly Buffer[]) => {
  const [first] = chunks
  return first !== undefined && chunks.length === 1
    ? first.toString('utf8')
    : Buffer.concat(chunks).toString('utf8')
}

/**
 * One request and its whole answer, within a time that includes the wait for a
 * connection. It uses undici's lowest interface, because every order makes several
 * of these: that needs no streams for small bodies, and its timer can be cleared,
 * while an AbortSignal.timeout always fires.
 */
export const exchange = (pool: Pool, request: Sent): Promise<Received> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let status = 0
    let headers: IncomingHttpHeaders = {}
    let controller: Dispatcher.DispatchController | undefined
    let isLate = false
    let leftBytes = request.maxBytes ?? Infinity
    const timer = setTimeout(() => {
      isLate = true
      const error = new Error(`no answer in ${request.timeoutMs} ms`)
      controller?.abort(error)
      reject(error)
    }, request.timeoutMs)
    const { method, path, body } = request
    pool.dispatch(
      { method: method as 'GET', path, body, headers: request.headers },
      {
        onRequestStart: (started) => {
          controller = started
          if (isLate) started.abort(new Error('nobody waits for the answer any more'))
        },
        onResponseStart: (_controller, statusCode, received) => {
          status = statusCode
          headers = received
        },
        onResponseData: (reading, chunk) => {
          leftBytes -= chunk.length
          if (leftBytes < 0) reading.abort(new Error('the answer is too long'))
          else chunks.push(chunk)
        },
        onResponseEnd: () => {
          clearTimeout(timer)
          resolve({ status, headers, body: textOf(chunks) })
        },
        onResponseError: (_controller, error) => {
          clearTimeout(timer)
          reject(error)
        },
      },
    )
  })
