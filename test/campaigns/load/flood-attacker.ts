import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A process that only attacks one port, so that its own cost is not measured as the gateway's. A
 * connection that is cut comes back a second later.
 */
export const attackKinds = ['half bodies', 'slow headers', 'unread answers'] as const
export type AttackKind = (typeof attackKinds)[number]

export interface AttackOrder {
  readonly kind: AttackKind
  readonly port: number
  readonly connections: number
  /** A valid one: without it the gateway would refuse before it reads a body. */
  readonly authorization: string
  /** The size of each half body. */
  readonly bodyBytes: number
  /** How many requests each connection sends at once. It does not read their answers. */
  readonly pipelined: number
}

export type AttackerMessage =
  | { readonly say: 'running' }
  | { readonly say: 'ended'; readonly opened: number; readonly cutOff: number }

const comeBackAfterMs = 1_000
/** A socket that reads nothing notices only when it writes that the connection is closed. */
const writeAgainEveryMs = 1_000
/** More at once would only fill the queue of the listening socket. */
const openedAtOnce = 100
const pauseBetweenMs = 10

const firstBytesOf = ({
  kind,
  bodyBytes,
  pipelined,
  authorization,
}: AttackOrder): readonly Buffer[] => {
  if (kind === 'slow headers') return [Buffer.from('POST /orders HTTP/1.1\r\nHost: localhost\r\n')]
  if (kind === 'unread answers') {
    const one = 'GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n'
    return [Buffer.from(one.repeat(pipelined))]
  }
  const head = [
    'POST /orders HTTP/1.1',
    'Host: localhost',
    `Authorization: ${authorization}`,
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
  let cutOff = 0

  const attack = () => {
    if (isOver) return
    const socket = connect(order.port, '127.0.0.1')
    opened += 1
    sockets.add(socket)
    // A paused socket does not read. The others read refusals, to see the end of the connection.
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
      cutOff += 1
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
      return { opened, cutOff }
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
  const { opened, cutOff } = attack?.end() ?? { opened: 0, cutOff: 0 }
  await tell({ say: 'ended', opened, cutOff })
  process.disconnect()
})
process.on('disconnect', () => process.exit(0))
