import type { Socket } from 'node:net'

/** A request, a statement to Postgres, or an answer. */
export interface Message {
  readonly bytes: Buffer
  /** The first line of HTTP, as `POST /orders HTTP/1.1`; otherwise words that say what it is. */
  readonly start: string
  /** By their names in small letters. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The bytes that pass on at once, and the messages that end in them. */
export interface Piece {
  readonly bytes: Buffer
  readonly messages: readonly Message[]
}

export type Direction = 'up' | 'down'

export interface Connection {
  readonly caller: Socket
  readonly callee: Socket
  readonly isBroken: () => boolean
  /** Breaks the connection for both sides. */
  readonly reset: () => void
  /** From now on the caller hears nothing, and what it sends does not arrive. */
  readonly silence: () => void
}

/** One direction of one connection. */
export interface Lane {
  readonly direction: Direction
  readonly connection: Connection
  /** The sender will send no more. */
  readonly hasEnded: () => boolean
  readonly ended: Promise<void>
  /** Tells the receiver that nothing more will come. */
  readonly end: () => void
  /** Passes on the beginning. The rest is lost, and so is the connection. */
  readonly cut: (beginning: Buffer) => void
  /** Delivers a message although its sender may be gone, and returns the result. */
  readonly deliver: (message: Message) => Promise<string>
}

/** What a fault does with a piece; each part may be missing. */
export interface Effect {
  /** The piece waits until this resolves. */
  readonly hold?: (lane: Lane, piece: Piece) => Promise<unknown> | undefined
  /** Runs instead of passing the piece on. Returns false if the piece must still pass. */
  readonly take?: (lane: Lane, piece: Piece) => boolean
  /** Runs after the piece has passed. */
  readonly follow?: (lane: Lane, piece: Piece) => void
}

/** A connection without its other side may deliver what it holds, but must not stay for ever. */
const lingerMs = 10_000

const destroyLater = (socket: Socket) => setTimeout(() => socket.destroy(), lingerMs).unref()

export interface LaneOptions {
  readonly direction: Direction
  readonly connection: Connection
  readonly effects: ReadonlySet<Effect>
  readonly split: (bytes: Buffer) => readonly Piece[]
  readonly deliver: Lane['deliver']
  /** Whether what no fault has taken is lost on its way, with its connection. */
  readonly loses: () => boolean
  /** Called when the connection is broken on purpose. */
  readonly onCut: () => void
  /** Whether the receiver is told when the sender ends. */
  readonly tellsEnd: boolean
}

/** Passes on piece by piece. The faults that last at that moment strike each piece. */
export const openLane = (options: LaneOptions) => {
  const { direction, connection, effects, split, deliver, loses, onCut, tellsEnd } = options
  const { caller, callee } = connection
  const [from, to] = direction === 'up' ? [caller, callee] : [callee, caller]
  const waiting: Piece[] = []
  let isRunning = false
  let hasEnded = false
  let isClosed = false
  let isSwallowed = false
  const { promise: ended, resolve: tellEnded } = Promise.withResolvers<void>()

  const end = () => {
    if (!isClosed && !to.destroyed) to.end()
    isClosed = true
  }
  /** Passes nothing on any more, and does not tell the receiver. */
  const swallow = () => {
    isClosed = true
    isSwallowed = true
  }
  const cut = (beginning: Buffer) => {
    onCut()
    to.end(beginning)
    from.resetAndDestroy()
    destroyLater(to)
  }
  const lane = { direction, connection, hasEnded: () => hasEnded, ended, end, cut, deliver }

  /** Other faults may begin while one holds the piece, so the lane looks them up again each time. */
  const waitForFaults = async (piece: Piece) => {
    const met = new Set<Effect>()
    while (!connection.isBroken()) {
      const next = [...effects].find((effect) => effect.hold && !met.has(effect))
      if (next === undefined) return
      met.add(next)
      await next.hold?.(lane, piece)
    }
  }

  const pass = (piece: Piece) => {
    if ([...effects].some((effect) => effect.take?.(lane, piece))) return
    if (isClosed || to.destroyed) return
    if (direction === 'up' && loses()) return connection.reset()
    to.write(piece.bytes)
    for (const effect of effects) effect.follow?.(lane, piece)
  }

  const finish = () => {
    if (tellsEnd && !connection.isBroken()) end()
  }

  const run = async () => {
    isRunning = true
    for (let piece = waiting[0]; piece && !connection.isBroken(); piece = waiting[0]) {
      await waitForFaults(piece)
      waiting.shift()
      if (!connection.isBroken()) pass(piece)
    }
    isRunning = false
    if (hasEnded) finish()
  }

  const onEnd = () => {
    if (hasEnded) return
    hasEnded = true
    tellEnded()
    if (!isRunning) finish()
  }
  from.on('data', (bytes) => {
    waiting.push(...split(bytes))
    if (!isRunning) void run()
  })
  from.on('end', onEnd)
  from.on('close', (hadError) => {
    // Passes a reset on as a reset, unless something is held that must still arrive.
    const isAlone = waiting.length === 0 && !isSwallowed
    if (hadError && isAlone && tellsEnd && !connection.isBroken()) connection.reset()
    onEnd()
    if (!isSwallowed) destroyLater(to)
  })
  return { swallow }
}
