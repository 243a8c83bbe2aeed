import { flushCompileCache } from 'node:module'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Collects all garbage and gives the room back to the system. V8 itself collects only when it needs
 * room, and keeps what it had at its peak: a service at rest would hold half as much again of what
 * it read at its start. It stops the process for 10 to 25 ms, and ten times as long on a machine that
 * is far too busy.
 */
const giveBack = () => {
  // Until this, Node keeps what it read from its cache of compiled code: 3 MB.
  flushCompileCache()
  // Node has no call for it that needs no option, and `main.ts order` alone must do it, too.
  setFlagsFromString('--expose-gc')
  const collectAll = runInNewContext('gc') as NodeJS.GCFunction
  setFlagsFromString('--no-expose-gc')
  collectAll({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

/** A service that is asked every few seconds never stops for this. */
const quietMs = 10_000
/** Less is not worth a stop. A service that rests keeps up to so much more than it needs. */
const worthBytes = 1024 * 1024

export interface MemoryKeeper {
  /** Tells that somebody waits for an answer. */
  readonly isAsked: () => void
  readonly stop: () => void
}

/**
 * Gives memory back while nobody waits: when nobody has asked for anything for some seconds after
 * the start, or after a time of work.
 */
export const keepMemorySmall = (pauseMs = quietMs): MemoryKeeper => {
  let wasAsked = false
  let restingBytes = 0
  const timer = setInterval(() => {
    const isQuiet = !wasAsked
    wasAsked = false
    if (!isQuiet || process.memoryUsage.rss() < restingBytes + worthBytes) return
    giveBack()
    restingBytes = process.memoryUsage.rss()
  }, pauseMs)
  timer.unref()
  return {
    isAsked: () => {
      wasAsked = true
    },
    stop: () => clearInterval(timer),
  }
}
