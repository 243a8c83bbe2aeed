import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What a proxy must know of HTTP to deliver a request twice: where it ends, and
 * whether it has a key, because only those may be repeated by anybody.
 */
const endOfHead = '\r\n\r\n'
const longestRequestBytes = 256 * 1024

/** Requests whose key is no header: the account's user, the letter's key, those of calls that share a request, the order that is cancelled. */
const keyedByNature = [
  /^POST \/billing\/accounts HTTP/,
  /^POST \/billing\/withdrawals HTTP/,
  /^POST \/notifications(\/many)? HTTP/,
  /^DELETE \/orders\/[^/ ]+ HTTP/,
]

/** A key does nothing for requests that change nothing. */
const isReading = (head: string) => /^(GET|HEAD) /.test(head)

const isKeyed = (head: string) =>
  !isReading(head) &&
  (/^idempotency-key:/im.test(head) || keyedByNature.some((pattern) => pattern.test(head)))

/** Calls back with each whole keyed request among the pieces of one connection. */
export const createRequestSplitter = (onKeyed: (request: Buffer) => void) => {
  let rest: Buffer = Buffer.alloc(0)
  let isLost = false

  return (piece: Buffer): void => {
    if (isLost) return
    rest = rest.length === 0 ? piece : Buffer.concat([rest, piece])
    for (;;) {
      const headEnd = rest.indexOf(endOfHead)
      if (headEnd === -1) break
      const head = rest.subarray(0, headEnd).toString('latin1')
      if (/^transfer-encoding:/im.test(head)) {
        // Nobody here sends such requests; whoever will is passed on, and not duplicated.
        isLost = true
        break
      }
      const length = Number(/^content-length:\s*(\d+)/im.exec(head)?.[1] ?? 0)
      const requestEnd = headEnd + endOfHead.length + length
      if (rest.length < requestEnd) break
      if (isKeyed(head)) onKeyed(Buffer.from(rest.subarray(0, requestEnd)))
      rest = rest.subarray(requestEnd)
    }
    if (rest.length > longestRequestBytes) isLost = true
    if (isLost) rest = Buffer.alloc(0)
  }
}

const answerTimeoutMs = 5_000

/** Sends the same bytes on another connection, after a while; what comes back goes nowhere. */
export const deliverAgain = async (
  request: Buffer,
  target: () => number,
  delayMs: number,
): Promise<void> => {
  await sleep(delayMs)
  await new Promise<void>((resolve) => {
    const socket = connect(target(), '127.0.0.1', () => socket.write(request))
    socket.on('error', () => {})
    socket.once('data', () => socket.destroy())
    socket.setTimeout(answerTimeoutMs, () => socket.destroy())
    socket.once('close', () => resolve())
  })
}
