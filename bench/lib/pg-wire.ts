import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/**
 * A very small client of Postgres for the bare statements: prepared statements, text parameters,
 * one write and one read per statement, and nothing parsed but the row count. A slow client would
 * make bare SQL look slow.
 */
export interface WireConnection {
  /** Runs a prepared statement that must change exactly one row. Resolves with an error if not. */
  readonly run: (name: string, parameters: readonly string[]) => Promise<string | undefined>
  readonly close: () => void
}

const message = (type: string, body: Buffer) => {
  const head = Buffer.alloc(type.length + 4)
  head.write(type)
  head.writeInt32BE(body.length + 4, type.length)
  return Buffer.concat([head, body])
}

const cString = (text: string) => Buffer.from(`${text}\0`)

const int16 = (value: number) => {
  const buffer = Buffer.alloc(2)
  buffer.writeInt16BE(value)
  return buffer
}

const int32 = (value: number) => {
  const buffer = Buffer.alloc(4)
  buffer.writeInt32BE(value)
  return buffer
}

interface Message {
  readonly type: string
  readonly body: Buffer
}

/** Cuts the stream into messages. */
const createReader = (onMessage: (message: Message) => void) => {
  let rest: Buffer = Buffer.alloc(0)
  return (chunk: Buffer) => {
    const data = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let at = 0
    while (data.length - at >= 5) {
      const end = at + 1 + data.readInt32BE(at + 1)
      if (end > data.length) break
      onMessage({ type: String.fromCharCode(data[at] ?? 0), body: data.subarray(at + 5, end) })
      at = end
    }
    rest = data.subarray(at)
  }
}

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest()

/** RFC 5802 as Postgres uses it. The server's proof is not checked, because the server is ours. */
const scramAnswer = (challenge: string, clientNonce: string, password: string) => {
  const parts = Object.fromEntries(challenge.split(',').map((part) => [part[0], part.slice(2)]))
  const salt = Buffer.from(parts['s'] ?? '', 'base64')
  const salted = pbkdf2Sync(password, salt, Number(parts['i']), 32, 'sha256')
  const clientKey = hmac(salted, 'Client Key')
  const storedKey = createHash('sha256').update(clientKey).digest()
  const withoutProof = `c=biws,r=${parts['r']}`
  const signed = hmac(storedKey, `n=,r=${clientNonce},${challenge},${withoutProof}`)
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signed[index] ?? 0)))
  return `${withoutProof},p=${proof.toString('base64')}`
}

const startUp = (user: string, database: string) => {
  const settings = `user\0${user}\0database\0${database}\0application_name\0bare\0\0`
  return message('', Buffer.concat([int32(196_608), Buffer.from(settings)]))
}

const authenticate = (socket: Socket, body: Buffer, nonce: string, password: string) => {
  const kind = body.readInt32BE(0)
  if (kind === 10) {
    const first = Buffer.from(`n,,n=,r=${nonce}`)
    socket.write(
      message('p', Buffer.concat([cString('SCRAM-SHA-256'), int32(first.length), first])),
    )
  } else if (kind === 11) {
    const answer = scramAnswer(body.toString('utf8', 4), nonce, password)
    socket.write(message('p', Buffer.from(answer)))
  } else if (kind !== 12 && kind !== 0) {
    throw new Error(`the server asks for authentication ${kind}, which this client does not know`)
  }
}

const executeAndSync = Buffer.concat([
  message('E', Buffer.concat([cString(''), int32(0)])),
  message('S', Buffer.alloc(0)),
])

/** Writes into one buffer, because this runs thousands of times a second. */
const bind = (name: string, parameters: readonly string[]) => {
  let length = 4 + 1 + name.length + 1 + 2 + 2 + 2
  for (const parameter of parameters) length += 4 + Buffer.byteLength(parameter)
  const buffer = Buffer.allocUnsafe(1 + length + executeAndSync.length)
  let at = buffer.write('B', 0, 'latin1')
  at = buffer.writeInt32BE(length, at)
  at += buffer.write(`\0${name}\0`, at, 'latin1')
  at = buffer.writeInt16BE(0, at)
  at = buffer.writeInt16BE(parameters.length, at)
  for (const parameter of parameters) {
    const written = buffer.write(parameter, at + 4)
    buffer.writeInt32BE(written, at)
    at += 4 + written
  }
  at = buffer.writeInt16BE(0, at)
  executeAndSync.copy(buffer, at)
  return buffer
}

const touchedOneRow = (tag: Buffer) => tag.length > 2 && tag.toString('latin1').endsWith(' 1\0')

export const openWire = async (
  url: string,
  statements: Readonly<Record<string, string>>,
): Promise<WireConnection> => {
  const { hostname, port, username, password, pathname } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  const nonce = randomBytes(18).toString('base64')
  let complaint: string | undefined
  let settle: (complaint: string | undefined) => void = () => {}
  const ready = () => new Promise<string | undefined>((resolve) => (settle = resolve))

  const onMessage = ({ type, body }: Message) => {
    if (type === 'R') authenticate(socket, body, nonce, decodeURIComponent(password))
    else if (type === 'E') complaint = body.toString('utf8').replaceAll('\0', ' ')
    else if (type === 'C' && !touchedOneRow(body)) complaint ??= `not one row: ${body.toString()}`
    else if (type === 'Z') {
      const told = complaint
      complaint = undefined
      settle(told)
    }
  }
  socket.on('data', createReader(onMessage))
  socket.on('error', (error) => settle(error.message))
  socket.on('close', () => settle(complaint ?? 'the connection was closed'))
  await once(socket, 'connect')

  const started = ready()
  socket.write(startUp(username, pathname.slice(1)))
  const refused = await started
  if (refused !== undefined) throw new Error(refused)
  for (const [name, text] of Object.entries(statements)) {
    const prepared = ready()
    const parse = Buffer.concat([cString(name), cString(text), int16(0)])
    socket.write(Buffer.concat([message('P', parse), message('S', Buffer.alloc(0))]))
    const failed = await prepared
    if (failed !== undefined) throw new Error(`${name}: ${failed}`)
  }
  return {
    run: (name, parameters) => {
      const answered = ready()
      socket.write(bind(name, parameters))
      return answered
    },
    close: () => socket.destroy(),
  }
}
