import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { DeliverLate } from './http-link.ts'

/**
 * A proxy between one process and Postgres that understands where messages of
 * the protocol begin and end. It can lose the answer after Postgres committed,
 * and hold a statement until its sender has given up, to deliver it then: a
 * statement of a process that is long dead can still commit.
 */
type Armed =
  | { readonly fault: 'lose the answer'; readonly onStruck: (what: string) => void }
  | {
      readonly fault: 'hold the statement'
      readonly onStruck: (what: string, deliver: DeliverLate) => void
      /** Whether the sender's connection is cut at once, or it waits until its own deadline. */
      readonly silently: boolean
    }

type Losing = Extract<Armed, { readonly fault: 'lose the answer' }>
type Holding = Extract<Armed, { readonly fault: 'hold the statement' }>

const bind = 'B'
const sync = 'S'
const readyForQuery = 'Z'

/** Cuts a stream into whole messages: a letter, a length, and what it says. */
const createSplitter = (hasUntypedStart: boolean) => {
  let rest: Buffer = Buffer.alloc(0)
  let isStart = hasUntypedStart
  return (chunk: Buffer): { type: string; bytes: Buffer }[] => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const messages: { type: string; bytes: Buffer }[] = []
    for (;;) {
      const typeBytes = isStart ? 0 : 1
      if (rest.length < typeBytes + 4) return messages
      const length = typeBytes + rest.readInt32BE(typeBytes)
      if (rest.length < length) return messages
      const type = isStart ? 'start' : String.fromCharCode(rest[0] ?? 0)
      messages.push({ type, bytes: rest.subarray(0, length) })
      rest = rest.subarray(length)
      isStart = false
    }
  }
}

interface Held {
  readonly upstream: Socket
  readonly bytes: Buffer[]
  isWhole: boolean
  onReady: () => void
}

const lateTimeoutMs = 5_000

/** Sends what was held to Postgres, and waits until it is done there. */
const deliverHeld = async (held: Held): Promise<string> => {
  const { upstream, bytes } = held
  if (upstream.destroyed) return 'the late statement never arrived: Postgres had gone'
  const done = new Promise<string>((resolve) => {
    held.onReady = () => resolve('the late statement ran at Postgres')
    upstream.once('close', () => resolve('Postgres cut the late statement off'))
    setTimeout(() => resolve('the late statement got no answer'), lateTimeoutMs).unref()
  })
  upstream.write(Buffer.concat(bytes))
  const told = await done
  upstream.destroy()
  return told
}

export const openDatabaseLink = async (postgresPort: number) => {
  let armed: Armed | undefined
  const sockets = new Set<Socket>()

  const keep = (socket: Socket, onEnd: () => void) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', onEnd)
    socket.on('close', () => {
      sockets.delete(socket)
      onEnd()
    })
  }

  const handle = (client: Socket) => {
    const upstream = connect(postgresPort, '127.0.0.1')
    const split = { sent: createSplitter(true), answered: createSplitter(false) }
    let losing: Losing | undefined
    let isLost = false
    let holding: Held | undefined
    keep(client, () => {
      // What is held must be able to arrive although its sender is gone.
      if (!holding) upstream.destroy()
    })
    keep(upstream, () => {
      // There was no answer to lose: the next one will be.
      if (losing && !isLost) armed = losing
      losing = undefined
      client.destroy()
    })

    const hold = (message: { type: string; bytes: Buffer }, { onStruck, silently }: Holding) => {
      const held = (holding ??= { upstream, bytes: [], isWhole: false, onReady: () => {} })
      if (held.isWhole) return
      held.bytes.push(message.bytes)
      if (message.type !== sync) return
      held.isWhole = true
      if (!silently) client.destroy()
      onStruck('the statement is held on its way to Postgres', () => deliverHeld(held))
    }

    let taken: Armed | undefined
    client.on('data', (chunk) => {
      for (const message of split.sent(chunk)) {
        if (message.type === bind && armed) {
          taken = armed
          armed = undefined
        }
        if (taken?.fault === 'hold the statement') {
          hold(message, taken)
          continue
        }
        if (taken?.fault === 'lose the answer') losing = taken
        upstream.write(message.bytes)
      }
    })
    upstream.on('data', (chunk) => {
      const messages = split.answered(chunk)
      if (!losing && !holding) client.write(chunk)
      else if (messages.some(({ type }) => type === readyForQuery)) {
        holding?.onReady()
        if (!losing) return
        isLost = true
        losing.onStruck('Postgres committed, and its answer was lost')
        client.destroy()
      }
    })
  }

  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    port: (server.address() as AddressInfo).port,
    /** The next statement that is sent meets the fault. */
    arm: (next: Armed) => {
      armed = next
    },
    /** Whatever was armed and met nobody is forgotten. */
    reset: () => {
      armed = undefined
    },
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

export type DatabaseLink = Awaited<ReturnType<typeof openDatabaseLink>>
