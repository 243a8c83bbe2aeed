import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRequestSplitter, deliverAgain } from './duplicate-requests.ts'

/**
 * One direction of trouble between one process and what it talks to. It knows
 * bytes and connections and nothing else (but for duplicates, which must know
 * where a request ends), so it breaks whatever protocol runs through it the way
 * a network does: late, in part, in one direction, or silently.
 */
export type Direction = 'up' | 'down'

export type LinkFault =
  /** Every piece of data comes later. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Connections are reset, new ones as soon as they are used. */
  | { readonly kind: 'reset' }
  /** The next pieces of data are cut at these fractions of their length, and the connection with them. */
  | { readonly kind: 'cut'; readonly direction: Direction; readonly fractions: readonly number[] }
  /** Nothing arrives any more, and nobody is told; at the end all of it does, or the connection breaks. */
  | {
      readonly kind: 'black-hole'
      readonly direction: Direction | 'both'
      readonly end: 'release' | 'reset'
    }
  /** What is sent arrives only after its sender has given up. */
  | { readonly kind: 'late' }
  /** One side is told that the other will say no more, after the piece that it just said. */
  | { readonly kind: 'half-close'; readonly direction: Direction; readonly times: number }
  /** Keyed requests are delivered once more, so much later, and that answer is dropped. */
  | { readonly kind: 'duplicate'; readonly delaysMs: readonly number[] }

export type LinkFaultKind = LinkFault['kind']

export interface LinkOptions {
  readonly name: string
  readonly protocol: 'http' | 'database'
  /** Where the other side listens, at the moment; connections take turns. */
  readonly targets: () => readonly number[]
}

interface Active {
  readonly fault: LinkFault
  strikes: number
  /** Resolves when the fault is over. */
  readonly over: Promise<void>
}

export interface BegunFault {
  /** How often it struck until now. */
  readonly strikes: () => number
  readonly end: () => void
}

export interface Link {
  readonly name: string
  readonly protocol: LinkOptions['protocol']
  readonly port: number
  readonly begin: (fault: LinkFault) => BegunFault
  readonly connections: () => number
  readonly close: () => void
}

/** A connection whose other side is gone may deliver what it holds, and then must not stay for ever. */
const lingerMs = 10_000

const concerns = (fault: LinkFault, direction: Direction): boolean => {
  switch (fault.kind) {
    case 'cut':
    case 'half-close':
      return fault.direction === direction
    case 'black-hole':
      return fault.direction === 'both' || fault.direction === direction
    case 'late':
      return direction === 'up'
    case 'delay':
    case 'reset':
      return true
    case 'duplicate':
      return false
  }
}

/** Faults that can happen so often and no more say how often. */
const timesOf = (fault: LinkFault): number => {
  if (fault.kind === 'cut') return fault.fractions.length
  return fault.kind === 'half-close' ? fault.times : Number.POSITIVE_INFINITY
}

const createConnection = (caller: Socket, callee: Socket, active: ReadonlySet<Active>) => {
  const ends = { up: { from: caller, to: callee }, down: { from: callee, to: caller } }
  const closed = { up: false, down: false }
  let isBroken = false

  const find = (direction: Direction, kind: LinkFaultKind): Active | undefined => {
    for (const each of active) {
      const { fault } = each
      if (fault.kind !== kind || !concerns(fault, direction)) continue
      if (each.strikes < timesOf(fault)) return each
    }
    return undefined
  }

  const reset = () => {
    isBroken = true
    caller.resetAndDestroy()
    callee.resetAndDestroy()
  }

  /** Passes on the beginning; what follows is lost, and so is the connection. */
  const cut = (direction: Direction, piece: Buffer, fraction: number) => {
    const { from, to } = ends[direction]
    isBroken = true
    to.end(piece.subarray(0, Math.floor(piece.length * fraction)))
    from.resetAndDestroy()
    setTimeout(() => to.destroy(), lingerMs).unref()
  }

  const pump = (direction: Direction, onPassed: (piece: Buffer) => void) => {
    const { from, to } = ends[direction]
    const waiting: Buffer[] = []
    let isRunning = false
    let hasEnded = false
    let tellEnd = () => {}
    const ended = new Promise<void>((resolve) => {
      tellEnd = resolve
    })

    /** Waits as long as a fault holds this piece; false when it never arrives. */
    const mayPass = async (): Promise<boolean> => {
      for (;;) {
        const hole = find(direction, 'black-hole')
        if (hole) {
          hole.strikes += 1
          await hole.over
          if (hole.fault.kind === 'black-hole' && hole.fault.end === 'reset') {
            reset()
            return false
          }
          continue
        }
        const late = hasEnded ? undefined : find(direction, 'late')
        if (!late) break
        late.strikes += 1
        await Promise.race([late.over, ended])
      }
      const delay = find(direction, 'delay')
      if (delay?.fault.kind === 'delay') {
        delay.strikes += 1
        await Promise.race([sleep(delay.fault.delayMs), delay.over])
      }
      return true
    }

    const pass = (piece: Buffer) => {
      const resetting = find(direction, 'reset')
      if (resetting) {
        resetting.strikes += 1
        return reset()
      }
      const cutting = find(direction, 'cut')
      if (cutting?.fault.kind === 'cut') {
        const fraction = cutting.fault.fractions[cutting.strikes] ?? 0
        cutting.strikes += 1
        return cut(direction, piece, fraction)
      }
      if (closed[direction] || to.destroyed) return undefined
      onPassed(piece)
      to.write(piece)
      const halving = find(direction, 'half-close')
      if (halving) {
        halving.strikes += 1
        closed[direction] = true
        to.end()
      }
      return undefined
    }

    const finish = () => {
      if (!closed[direction] && !to.destroyed) to.end()
      closed[direction] = true
    }

    const run = async () => {
      isRunning = true
      while (waiting.length > 0 && !isBroken) {
        if (active.size > 0 && !(await mayPass())) break
        const piece = waiting.shift()
        if (piece && !isBroken) pass(piece)
      }
      isRunning = false
      if (hasEnded && !isBroken) finish()
    }

    const onEnd = () => {
      if (hasEnded) return
      hasEnded = true
      tellEnd()
      if (!isRunning && !isBroken) finish()
    }
    from.on('data', (piece) => {
      waiting.push(piece)
      if (!isRunning) void run()
    })
    from.on('end', onEnd)
    from.on('close', (hadError) => {
      // A reset is passed on as one, unless something is held that must still arrive.
      if (hadError && waiting.length === 0 && !isBroken) reset()
      onEnd()
      setTimeout(() => to.destroy(), lingerMs).unref()
    })
  }

  return { pump, reset, isBroken: () => isBroken }
}

export const openLink = async ({ name, protocol, targets }: LinkOptions): Promise<Link> => {
  const active = new Set<Active>()
  const open = new Set<ReturnType<typeof createConnection>>()
  const sockets = new Set<Socket>()
  let turn = 0

  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  }

  const nextTarget = () => {
    const ports = targets()
    turn += 1
    return ports[turn % ports.length]!
  }

  const duplicate = (bytes: Buffer) => {
    for (const each of active) {
      if (each.fault.kind !== 'duplicate') continue
      const delaysMs = each.fault.delaysMs
      const delayMs = delaysMs[each.strikes % delaysMs.length] ?? 0
      each.strikes += 1
      void deliverAgain(bytes, nextTarget, delayMs)
    }
  }

  /** A replica that does not listen is passed over, as a load balancer does. */
  const reach = async (): Promise<Socket | undefined> => {
    for (let left = targets().length; left > 0; left -= 1) {
      const callee = connect({ port: nextTarget(), host: '127.0.0.1', allowHalfOpen: true })
      keep(callee)
      const isReached = await new Promise<boolean>((resolve) => {
        callee.once('connect', () => resolve(true))
        callee.once('close', () => resolve(false))
      })
      if (isReached) return callee
    }
    return undefined
  }

  const accept = async (caller: Socket) => {
    keep(caller)
    const callee = await reach()
    if (callee === undefined || caller.destroyed) {
      caller.resetAndDestroy()
      return callee?.destroy()
    }
    const connection = createConnection(caller, callee, active)
    open.add(connection)
    caller.on('close', () => open.delete(connection))
    connection.pump('up', protocol === 'http' ? createRequestSplitter(duplicate) : () => {})
    connection.pump('down', () => {})
    return undefined
  }

  const server = createServer({ allowHalfOpen: true }, (caller) => void accept(caller))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })

  const begin = (fault: LinkFault): BegunFault => {
    let finish = () => {}
    const over = new Promise<void>((resolve) => {
      finish = resolve
    })
    const begun: Active = { fault, strikes: 0, over }
    active.add(begun)
    if (fault.kind === 'reset') {
      for (const connection of open) {
        if (connection.isBroken()) continue
        begun.strikes += 1
        connection.reset()
      }
    }
    return {
      strikes: () => begun.strikes,
      end: () => {
        active.delete(begun)
        finish()
      },
    }
  }

  return {
    name,
    protocol,
    port: (server.address() as AddressInfo).port,
    begin,
    connections: () => open.size,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
