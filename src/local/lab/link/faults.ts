import { setTimeout as sleep } from 'node:timers/promises'
import { exchange, isKeyed } from './http-wire.ts'
import type { Connection, Direction, Effect } from './lane.ts'

/** What a network does to bytes of any protocol. Only duplicates are whole requests. */
export type NetworkFault =
  /** Every piece arrives later. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** Resets connections. New ones are reset as soon as they are used. */
  | { readonly kind: 'reset' }
  /** Cuts the next pieces at these fractions of their length, and the connection with them. */
  | { readonly kind: 'cut'; readonly direction: Direction; readonly fractions: readonly number[] }
  /** Nothing arrives, and nobody is told. At the end all of it arrives, or the connection breaks. */
  | {
      readonly kind: 'black-hole'
      readonly direction: Direction | 'both'
      readonly end: 'release' | 'reset'
    }
  /** A piece arrives only after its sender has given up. */
  | { readonly kind: 'late' }
  /** Tells one side, after a piece of the other, that the other will send no more. */
  | { readonly kind: 'half-close'; readonly direction: Direction; readonly times: number }
  /** Keyed requests are delivered once more, so much later, and that answer is dropped. */
  | { readonly kind: 'duplicate'; readonly delaysMs: readonly number[] }

/** The answer to each so-many-th request or statement is lost, and its connection: the work is done. */
export interface LostAnswers {
  readonly kind: 'lose-answers'
  readonly each: number
}

/** Sends what was held, and returns the result. The answer goes nowhere. */
export type DeliverLate = () => Promise<string>

/** What happens to the next request or statement, on links that pass on whole messages. */
export type MessageFault =
  /** The callee does it, and the caller never hears of it. */
  | { readonly kind: 'lose-answer'; readonly onStruck?: (what: string) => void }
  /** It does not arrive until a test delivers it. */
  | {
      readonly kind: 'hold'
      /** Its caller loses its connection, waits without an answer, or the fault waits until it gives up. */
      readonly caller: 'is cut off' | 'hears nothing' | 'gives up'
      readonly onStruck: (what: string, deliver: DeliverLate) => void
    }

export type Fault = NetworkFault | LostAnswers | MessageFault

export interface Strikes {
  readonly count: () => number
  readonly add: () => void
  /** Resolves when the fault is over. */
  readonly over: Promise<void>
}

const loseAnswer = (
  { onStruck }: { readonly onStruck?: (what: string) => void },
  strikes: Strikes,
): Effect => {
  let asking: { readonly connection: Connection; readonly start: string } | undefined
  return {
    take: ({ direction, connection }, { messages: [message] }) => {
      if (direction === 'up') {
        // If the connection has ended, there was no answer to lose. The fault takes the next one.
        const isFree = asking === undefined || asking.connection.callee.destroyed
        if (message && isFree) asking = { connection, start: message.start }
        return false
      }
      if (connection !== asking?.connection || strikes.count() > 0) return false
      if (message === undefined) return true
      strikes.add()
      connection.caller.destroy()
      connection.callee.destroy()
      onStruck?.(`${asking.start} was answered ${message.start}, and the answer was lost`)
      return true
    },
  }
}

const loseAnswers = (each: number, strikes: Strikes): Effect => {
  const chosen = new WeakSet<Connection>()
  let asked = 0
  return {
    take: ({ direction, connection }, { messages }) => {
      if (direction === 'up') {
        for (let sent = 0; sent < messages.length; sent += 1) {
          asked += 1
          if (asked % each === 0) chosen.add(connection)
        }
        return false
      }
      if (!chosen.has(connection) || messages.length === 0) return false
      strikes.add()
      connection.reset()
      return true
    },
  }
}

const hold = (
  { caller, onStruck }: Extract<Fault, { kind: 'hold' }>,
  strikes: Strikes,
): Effect => ({
  take: (lane, { messages: [message] }) => {
    if (lane.direction === 'down' || message === undefined || strikes.count() > 0) return false
    strikes.add()
    lane.connection.silence()
    const tell = () =>
      onStruck(`${message.start} is held; its caller ${caller}`, () => lane.deliver(message))
    if (caller === 'is cut off') lane.connection.caller.destroy()
    if (caller === 'gives up') void lane.ended.then(tell)
    else tell()
    return true
  },
})

export interface EffectOptions {
  readonly strikes: Strikes
  /** Where a second copy of a request goes. */
  readonly nextTarget: () => number
}

export const createEffect = (fault: Fault, { strikes, nextTarget }: EffectOptions): Effect => {
  const { count, add, over } = strikes
  switch (fault.kind) {
    case 'delay':
      return {
        hold: () => {
          add()
          return Promise.race([sleep(fault.delayMs), over])
        },
      }
    case 'reset':
      return {
        take: ({ connection }) => {
          add()
          connection.reset()
          return true
        },
      }
    case 'cut':
      return {
        take: (lane, { bytes }) => {
          const fraction = fault.fractions[count()]
          if (lane.direction !== fault.direction || fraction === undefined) return false
          add()
          lane.cut(bytes.subarray(0, Math.floor(bytes.length * fraction)))
          return true
        },
      }
    case 'black-hole':
      return {
        hold: async ({ direction, connection }) => {
          if (fault.direction !== 'both' && fault.direction !== direction) return
          add()
          await over
          if (fault.end === 'reset') connection.reset()
        },
      }
    case 'late':
      return {
        hold: ({ direction, hasEnded, ended }) => {
          if (direction === 'down' || hasEnded()) return undefined
          add()
          return Promise.race([over, ended])
        },
      }
    case 'half-close':
      return {
        follow: ({ direction, end }) => {
          if (direction !== fault.direction || count() >= fault.times) return
          add()
          end()
        },
      }
    case 'duplicate':
      return {
        follow: ({ direction }, { messages }) => {
          if (direction === 'down') return
          for (const request of messages.filter(isKeyed)) {
            const delayMs = fault.delaysMs[count() % fault.delaysMs.length] ?? 0
            add()
            void sleep(delayMs).then(() => exchange(request, nextTarget()).catch(() => {}))
          }
        },
      }
    case 'lose-answers':
      return loseAnswers(fault.each, strikes)
    case 'lose-answer':
      return loseAnswer(fault, strikes)
    case 'hold':
      return hold(fault, strikes)
  }
}
