import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Message } from './lane.ts'

const endOfHead = '\r\n\r\n'

/** Finds the whole messages in the pieces of one direction of a connection. */
export const createHttpReader = () => {
  let rest: Buffer = Buffer.alloc(0)
  return (piece: Buffer): Message[] => {
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    const messages: Message[] = []
    for (;;) {
      const headEnd = rest.indexOf(endOfHead)
      if (headEnd === -1) return messages
      const [start = '', ...lines] = rest.subarray(0, headEnd).toString('latin1').split('\r\n')
      const headers = Object.fromEntries(
        lines.map((line) => {
          const colon = line.indexOf(':')
          return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
        }),
      )
      // No program here sends messages without a length.
      if ('transfer-encoding' in headers) throw new Error(`a link cannot read "${start}" in chunks`)
      const bodyStart = headEnd + endOfHead.length
      const end = bodyStart + Number(headers['content-length'] ?? 0)
      if (rest.length < end) return messages
      const body = rest.subarray(bodyStart, end).toString()
      messages.push({ bytes: rest.subarray(0, end), start, headers, body })
      rest = rest.subarray(end)
    }
  }
}

/**
 * Finds the requests on a connection, and where the answer to each begins: what comes back is passed on
 * as it comes. Nobody here sends a request before the answer to the last one. Where a body has no length
 * the rest of the connection is not read.
 */
export const createExchangeReader = () => {
  const read = createHttpReader()
  let isReadable = true
  let isWaiting = false
  const requestsIn = (bytes: Buffer): Message[] => {
    if (!isReadable) return []
    try {
      return read(bytes)
    } catch {
      isReadable = false
      return []
    }
  }
  return {
    up: (bytes: Buffer): Message[] => {
      const requests = requestsIn(bytes)
      if (requests.length > 0) isWaiting = true
      return requests
    },
    down: (bytes: Buffer): Message[] => {
      if (!isWaiting) return []
      isWaiting = false
      const lineEnd = bytes.indexOf('\r\n')
      const start = bytes.subarray(0, Math.max(lineEnd, 0)).toString('latin1')
      return [{ bytes, start, headers: {}, body: '' }]
    },
  }
}

/** The connection ends after the answer, so that the next request goes to the callee of that time. */
export const withoutKeepAlive = ({ bytes }: Message): Buffer => {
  const headEnd = bytes.indexOf(endOfHead)
  const head = bytes.subarray(0, headEnd).toString('latin1')
  const changed = `${head.replace(/\r\nconnection:.*/i, '')}\r\nconnection: close`
  return Buffer.concat([Buffer.from(changed, 'latin1'), bytes.subarray(headEnd)])
}

const answerTimeoutMs = 8_000

/** Sends a request on a connection of its own, and waits for its answer. */
export const exchange = (request: Message, port: number): Promise<Message> =>
  new Promise((resolve, reject) => {
    const read = createHttpReader()
    const socket = connect(port, '127.0.0.1', () => socket.write(request.bytes))
    socket.setTimeout(answerTimeoutMs, () => socket.destroy(new Error('no answer in time')))
    socket.on('data', (piece) => {
      const [answer] = read(piece)
      if (answer === undefined) return
      resolve(answer)
      socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('its connection was closed')))
  })

const lateTries = 100
const latePauseMs = 50

/** Delivers a request late, and returns the result. A callee that is dead gets it when it is back. */
export const deliverRequest = async (request: Message, port: () => number): Promise<string> => {
  for (let tries = 1; ; tries += 1) {
    try {
      const { start } = await exchange(request, port())
      return `${request.start} was delivered late and answered ${start}`
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      // It arrived, and then the callee died.
      if (code !== 'ECONNREFUSED') {
        return `${request.start} was delivered late and got no answer (${message})`
      }
      if (tries === lateTries) throw error
      await sleep(latePauseMs)
    }
  }
}

/** Requests whose key is in no header: the account's user, the letter's key, those of calls that share a request, the order to cancel. */
const keyedByNature = [
  /^POST \/billing\/accounts HTTP/,
  /^POST \/billing\/withdrawals HTTP/,
  /^POST \/notifications(\/many)? HTTP/,
  /^DELETE \/orders\/[^/ ]+ HTTP/,
]

/** Anybody may repeat a request that has a key. A request that only reads changes nothing. */
export const isKeyed = ({ start, headers }: Message): boolean =>
  !/^(GET|HEAD) /.test(start) &&
  ('idempotency-key' in headers || keyedByNature.some((pattern) => pattern.test(start)))
