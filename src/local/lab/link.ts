import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { createEffect, type Fault } from './link/faults.ts'
import {
  createExchangeReader,
  createHttpReader,
  deliverRequest,
  withoutKeepAlive,
} from './link/http-wire.ts'
import { openLane, type Connection, type Effect, type Message, type Piece } from './link/lane.ts'
import { createStatementSplitter, deliverStatement, splitAnswers } from './link/postgres-wire.ts'

/**
 * The way from one process to another, or to Postgres. All their messages pass through it, and a
 * test can make it fail: late, in part, in one direction, silently, or with one lost message.
 */
export interface LinkOptions {
  readonly name: string
  /** Needed for faults that must know where a request or a statement ends. */
  readonly protocol?: 'http' | 'database'
  /** Where the other side listens now. Several take turns; if there is none, it is away. */
  readonly targets: () => readonly number[]
  /**
   * Passes bytes on as they come, for faults of the network, or whole messages, for faults of
   * messages: then each request has its own connection and arrives even if its caller is gone.
   */
  readonly passes?: 'bytes' | 'messages'
  /** Sees every message before all faults, as long as the link is open. */
  readonly watch?: Effect
  /** While it is true, requests are lost on their way, with their connections: but for those of a fault that has not struck yet. */
  readonly loses?: () => boolean
}

export interface BegunFault {
  /** How often it has struck. */
  readonly strikes: () => number
  readonly end: () => void
}

export interface Link {
  readonly name: string
  readonly port: number
  readonly url: string
  readonly begin: (fault: Fault) => BegunFault
  /** Ends all faults, whether they struck or not. */
  readonly endFaults: () => void
  /** Lets the last request arrive once more. Returns the result; undefined if there was no request. */
  readonly lastAgain: () => (() => Promise<string>) | undefined
  readonly connections: () => number
  readonly close: () => void
}

type Split = (bytes: Buffer) => readonly Piece[]

const unread = { up: (): Message[] => [], down: (): Message[] => [] }

const splitters = (protocol: LinkOptions['protocol'], passes: 'bytes' | 'messages') => {
  if (passes === 'bytes') {
    const { up, down } = protocol === 'http' ? createExchangeReader() : unread
    return {
      up: (bytes: Buffer) => [{ bytes, messages: up(bytes) }],
      down: (bytes: Buffer) => [{ bytes, messages: down(bytes) }],
    }
  }
  if (protocol === 'database') return { up: createStatementSplitter(), down: splitAnswers }
  const readers = { up: createHttpReader(), down: createHttpReader() }
  const up: Split = (bytes) =>
    readers.up(bytes).map((each) => ({ bytes: withoutKeepAlive(each), messages: [each] }))
  const down: Split = (bytes) =>
    readers.down(bytes).map((each) => ({ bytes: each.bytes, messages: [each] }))
  return { up, down }
}

/** The sockets of a link, which end with it. */
const createSockets = () => {
  const sockets = new Set<Socket>()
  return {
    keep: (socket: Socket) => {
      sockets.add(socket)
      socket.setNoDelay(true)
      // The lane handles the break. An error without a listener would end the process.
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    },
    destroy: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}

const createTurns = (targets: LinkOptions['targets'], open: (port: number) => Socket) => {
  let turn = 0
  return {
    next: (): number => {
      const ports = targets()
      turn += 1
      return ports[turn % ports.length] ?? 0
    },
    /**
     * Skips a replica that does not listen, as a load balancer does. Tries each one once, whatever
     * turns other callers take at the same time.
     */
    reach: async (): Promise<Socket | undefined> => {
      const ports = targets()
      turn += 1
      const first = turn % Math.max(ports.length, 1)
      for (const port of [...ports.slice(first), ...ports.slice(0, first)]) {
        const callee = open(port)
        const isReached = await new Promise<boolean>((resolve) => {
          callee.once('connect', () => resolve(true))
          callee.once('close', () => resolve(false))
        })
        if (isReached) return callee
      }
      return undefined
    },
  }
}

/** The faults that last, and how they begin and end. */
const createFaults = (
  effects: Set<Effect>,
  open: ReadonlySet<Connection>,
  nextTarget: () => number,
) => {
  const begun = new Set<BegunFault>()
  const begin = (fault: Fault): BegunFault => {
    const { promise: over, resolve: finish } = Promise.withResolvers<void>()
    let count = 0
    const add = () => {
      count += 1
    }
    const effect = createEffect(fault, { strikes: { count: () => count, add, over }, nextTarget })
    effects.add(effect)
    if (fault.kind === 'reset') {
      for (const connection of open) {
        if (connection.isBroken()) continue
        add()
        connection.reset()
      }
    }
    const end = () => {
      begun.delete(one)
      effects.delete(effect)
      finish()
    }
    const one: BegunFault = { strikes: () => count, end }
    begun.add(one)
    return one
  }
  return {
    begin,
    endAll: () => {
      for (const { end } of begun) end()
    },
    haveAllStruck: () => [...begun].every(({ strikes }) => strikes() > 0),
  }
}

interface CarryOptions extends Pick<LinkOptions, 'protocol'> {
  readonly passes: 'bytes' | 'messages'
  readonly effects: ReadonlySet<Effect>
  readonly open: Set<Connection>
  readonly isLost: () => boolean
  readonly nextTarget: () => number
}

/** Carries what is said between two sockets. */
const createCarry =
  ({ protocol, passes, effects, open, isLost, nextTarget }: CarryOptions) =>
  (caller: Socket, callee: Socket) => {
    let isBroken = false
    const onCut = () => {
      isBroken = true
    }
    const reset = () => {
      isBroken = true
      caller.resetAndDestroy()
      callee.resetAndDestroy()
    }
    const silence = () => {
      up.swallow()
      // Only a held statement arrives later on the same connection.
      if (protocol === 'database') return
      down.swallow()
      callee.destroy()
    }
    const connection: Connection = { caller, callee, reset, silence, isBroken: () => isBroken }
    open.add(connection)
    caller.on('close', () => open.delete(connection))
    const deliver = (message: Message) => {
      // The sender does not hear the result now.
      caller.destroy()
      if (protocol === 'http') return deliverRequest(message, nextTarget)
      return deliverStatement(message.bytes, callee)
    }
    const split = splitters(protocol, passes)
    const both = { connection, effects, deliver, loses: isLost, onCut }
    const tellsEnd = passes === 'bytes' || protocol === 'database'
    const up = openLane({ ...both, direction: 'up', split: split.up, tellsEnd })
    const down = openLane({ ...both, direction: 'down', split: split.down, tellsEnd: true })
  }

/** Keeps the last request, so that it can arrive once more. */
const createMemory = () => {
  let last: Message | undefined
  const effect: Effect = {
    take: ({ direction }, { messages }) => {
      if (direction === 'up') last = messages.at(-1) ?? last
      return false
    },
  }
  return { effect, last: () => last }
}

export const openLink = async (options: LinkOptions): Promise<Link> => {
  const { name, protocol, targets, passes = 'bytes', watch, loses = () => false } = options
  const open = new Set<Connection>()
  const sockets = createSockets()
  const memory = createMemory()
  const effects = new Set<Effect>(watch ? [memory.effect, watch] : [memory.effect])
  const allowHalfOpen = passes === 'bytes'
  const turns = createTurns(targets, (port) => {
    const callee = connect({ port, host: '127.0.0.1', allowHalfOpen })
    sockets.keep(callee)
    return callee
  })
  const faults = createFaults(effects, open, turns.next)
  const isLost = () => loses() && faults.haveAllStruck()
  const carry = createCarry({ protocol, passes, effects, open, isLost, nextTarget: turns.next })

  const accept = async (caller: Socket) => {
    sockets.keep(caller)
    const callee = await turns.reach()
    if (callee && !caller.destroyed) return carry(caller, callee)
    caller.resetAndDestroy()
    return callee?.destroy()
  }
  const server = createServer({ allowHalfOpen }, (caller) => void accept(caller))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const listensAt = (server.address() as AddressInfo).port

  return {
    name,
    port: listensAt,
    url: `http://127.0.0.1:${listensAt}`,
    begin: faults.begin,
    endFaults: faults.endAll,
    lastAgain: () => {
      const request = memory.last()
      return request && (() => deliverRequest(request, turns.next))
    },
    connections: () => open.size,
    close: () => {
      server.close()
      sockets.destroy()
    },
  }
}
