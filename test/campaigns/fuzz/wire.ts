import { connect, type Socket } from 'node:net'

/**
 * A very small HTTP client. It sends any bytes, which no normal client would, and is strict about
 * what it reads.
 */
export interface WireResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export class WireError extends Error {
  override name = 'WireError'
}

const readChunked = (rest: Buffer): { body: Buffer; used: number } | undefined => {
  const chunks: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = rest.indexOf('\r\n', at)
    if (lineEnd === -1) return undefined
    const size = Number.parseInt(rest.toString('latin1', at, lineEnd), 16)
    if (!(size >= 0)) throw new WireError('the answer has a chunk without a size')
    const begin = lineEnd + 2
    if (rest.length < begin + size + 2) return undefined
    chunks.push(rest.subarray(begin, begin + size))
    at = begin + size + 2
    if (size === 0) return { body: Buffer.concat(chunks), used: at }
  }
}

/** Returns the first whole answer in the bytes and what follows it, or undefined. */
const takeResponse = (received: Buffer, hasNoBody: boolean, isClosed: boolean) => {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const [statusLine = '', ...lines] = received.toString('latin1', 0, headEnd).split('\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})\b/.exec(statusLine)?.[1])
  if (!status)
    throw new WireError(`the answer begins with ${JSON.stringify(statusLine.slice(0, 80))}`)
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const rest = received.subarray(headEnd + 4)
  if (status < 200 || hasNoBody || status === 204 || status === 304) {
    return { response: { status, headers, body: Buffer.alloc(0) }, rest }
  }
  if (headers['transfer-encoding'] === 'chunked') {
    const chunked = readChunked(rest)
    if (!chunked) return undefined
    return { response: { status, headers, body: chunked.body }, rest: rest.subarray(chunked.used) }
  }
  const length = headers['content-length']
  if (length === undefined) {
    return isClosed
      ? { response: { status, headers, body: rest }, rest: Buffer.alloc(0) }
      : undefined
  }
  if (rest.length < Number(length)) return undefined
  const body = rest.subarray(0, Number(length))
  return { response: { status, headers, body }, rest: rest.subarray(Number(length)) }
}

/** Returns all whole answers in the bytes, and the rest. */
export const takeResponses = (received: Buffer, isClosed: boolean) => {
  const responses: WireResponse[] = []
  let rest = received
  for (;;) {
    const taken = rest.length === 0 ? undefined : takeResponse(rest, false, isClosed)
    if (!taken) return { responses, rest }
    rest = taken.rest
    if (taken.response.status >= 200) responses.push(taken.response)
  }
}

export interface WireRequest {
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer | undefined
}

const encode = ({ method, path, headers, body }: WireRequest, host: string): Buffer => {
  const given = new Set(headers.map(([name]) => name))
  const lines = [`${method} ${path} HTTP/1.1`]
  if (!given.has('host')) lines.push(`host: ${host}`)
  for (const [name, value] of headers) lines.push(`${name}: ${value}`)
  if (body !== undefined) lines.push(`content-length: ${body.length}`)
  return Buffer.concat([
    Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'),
    body ?? Buffer.alloc(0),
  ])
}

/** Keeps connections and uses them again: leftovers of a request would spoil the next one. */
export const createWire = (baseUrl: string, timeoutMs: number) => {
  const { hostname, port, host } = new URL(baseUrl)
  const idle: Socket[] = []

  const exchange = (socket: Socket, request: WireRequest): Promise<WireResponse> =>
    new Promise((resolve, reject) => {
      let received: Buffer = Buffer.alloc(0)
      const finish = (settle: () => void) => {
        clearTimeout(timer)
        socket.removeAllListeners()
        // An error of an unused socket must not end the process.
        socket.on('error', () => socket.destroy())
        settle()
      }
      const fail = (reason: string) => {
        finish(() => {
          socket.destroy()
          reject(new WireError(`${reason} after ${received.length} bytes`))
        })
      }
      const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`), timeoutMs)
      const look = (isClosed: boolean) => {
        for (;;) {
          const taken = takeResponse(received, request.method === 'HEAD', isClosed)
          if (!taken) return isClosed ? fail('the connection was closed') : undefined
          received = taken.rest
          const { response } = taken
          if (response.status < 200) continue
          if (received.length > 0) return fail('more came than the answer')
          return finish(() => {
            if (isClosed || response.headers['connection'] === 'close') socket.destroy()
            else idle.push(socket)
            resolve(response)
          })
        }
      }
      socket.on('data', (chunk: Buffer) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
        try {
          look(false)
        } catch (error) {
          fail((error as Error).message)
        }
      })
      socket.on('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message))
      socket.on('close', () => look(true))
      socket.write(encode(request, host))
    })

  const take = () => {
    for (let socket = idle.pop(); socket; socket = idle.pop()) {
      if (!socket.destroyed && socket.writable) return socket
    }
    return undefined
  }

  return {
    send: (request: WireRequest): Promise<WireResponse> =>
      exchange(take() ?? connect(Number(port), hostname).setNoDelay(true), request),
    /** Writes bytes, and collects what comes until the other side closes or the time is over. */
    raw: (parts: readonly (Buffer | number)[], forMs: number) =>
      new Promise<{ received: Buffer; isClosed: boolean }>((resolve) => {
        const socket = connect(Number(port), hostname).setNoDelay(true)
        const chunks: Buffer[] = []
        let isClosed = false
        const end = () => {
          clearTimeout(timer)
          socket.removeAllListeners()
          socket.on('error', () => {})
          socket.destroy()
          resolve({ received: Buffer.concat(chunks), isClosed })
        }
        const timer = setTimeout(end, forMs)
        socket.on('data', (chunk: Buffer) => chunks.push(chunk))
        socket.on('error', () => {})
        socket.on('close', () => {
          isClosed = true
          end()
        })
        const write = async () => {
          for (const part of parts) {
            if (typeof part === 'number') await new Promise((wake) => setTimeout(wake, part))
            else if (socket.writable) socket.write(part)
          }
        }
        void write()
      }),
    close: () => {
      for (const socket of idle.splice(0)) socket.destroy()
    },
  }
}

export type Wire = ReturnType<typeof createWire>
