import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A process that does nothing but attack one port, so that what it costs is not
 * taken for what the attacked cost. Who is thrown out comes back a second later.
 */
export const attackKinds = ['half bodies', 'slow headers', 'unread answers'] as const
export type AttackKind = (typeof attackKinds)[number]

export interface AttackOrder {
  readonly kind: AttackKind
  readonly port: number
  readonly connections: number
  /** Of each half body. */
  readonly bodyBytes: number
  /** Requests that each connection sends at once, and whose answers it does not read. */
  readonly pipelined: number
}

export type AttackerMessage =
  | { readonly say: 'running' }
  | { readonly say: 'ended'; readonly opened: number; readonly thrownOut: number }

const comeBackAfterMs = 1_000
/** Who reads nothing learns only by writing that the connection is gone. */
const writeAgainEveryMs = 1_000
/** All at once would only fill the queue of the listening socket. */
const openedAtOnce = 100
const pauseBetweenMs = 10

const firstBytesOf = ({ kind, bodyBytes, pipelined }: AttackOrder): readonly Buffer[] => {
  if (kind === 'slow headers') return [Buffer.from('POST /orders HTTP/1.1\r\nHost: localhost\r\n')]
  if (kind === 'unread answers') {
    const one = 'GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n'
    return [Buffer.from(one.repeat(pipelined))]
  }
  const head = [
    'POST /orders HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${bodyBytes + 1}`,
    '\r\n',
  ]
  return [Buffer.from(head.join('\r\n')), Buffer.alloc(bodyBytes, ' ')]
}

const laterBytes: Readonly<Record<AttackKind, string>> = {
  'half bodies': '',
  'slow headers': 'X-Slow: 1\r\n',
  'unread answers': 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
}

const createAttack = (order: AttackOrder) => {
  const firstBytes = firstBytesOf(order)
  const sockets = new Set<Socket>()
  let isOver = false
  let opened = 0
  let thrownOut = 0

  const attack = () => {
    if (isOver) return
    const socket = connect(order.port, '127.0.0.1')
    opened += 1
    sockets.add(socket)
    // Refusals are read, or the end of the connection would not be seen; answers are not.
    if (order.kind === 'unread answers') socket.pause()
    else socket.resume()
    for (const bytes of firstBytes) socket.write(bytes)
    const trickle = setInterval(() => socket.write(laterBytes[order.kind]), writeAgainEveryMs)
    socket.on('error', () => {})
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      clearInterval(trickle)
      sockets.delete(socket)
      if (isOver) return
      thrownOut += 1
      setTimeout(attack, comeBackAfterMs)
    })
  }

  return {
    begin: async () => {
      for (let index = 0; index < order.connections; index += 1) {
        attack()
        if (index % openedAtOnce === openedAtOnce - 1) await sleep(pauseBetweenMs)
      }
    },
    end: () => {
      isOver = true
      for (const socket of sockets) socket.destroy()
      return { opened, thrownOut }
    },
  }
}

const tell = (message: AttackerMessage) =>
  new Promise<void>((resolve) => {
    process.send?.(message, undefined, undefined, () => resolve())
  })

let attack: ReturnType<typeof createAttack> | undefined

process.on('message', async (message: AttackOrder | 'end') => {
  if (message !== 'end') {
    attack = createAttack(message)
    await attack.begin()
    return tell({ say: 'running' })
  }
  const { opened, thrownOut } = attack?.end() ?? { opened: 0, thrownOut: 0 }
  await tell({ say: 'ended', opened, thrownOut })
  process.disconnect()
})
process.on('disconnect', () => process.exit(0))
