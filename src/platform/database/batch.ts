import { setImmediate as endOfTurn } from 'node:timers/promises'

/**
 * Coalescing, like a group commit: while one statement is running, the items of new
 * callers are collected, and the next statement takes them all. An idle batch starts
 * within the same turn of the event loop, so a single caller does not wait for others.
 *
 * Each caller gets exactly what it would have got alone: items that would
 * disturb each other never share a statement (`distinctBy`), and when the data
 * makes a statement fail, every item is run again alone.
 */
export interface BatchOptions<Item, Result> {
  readonly execute: (items: readonly Item[]) => Promise<readonly (Result | undefined)[]>
  /** Items that share one of these keys never share a statement: the later one waits. */
  readonly distinctBy?: (item: Item) => readonly string[]
  readonly maxSize?: number
  /** A failure after which nothing was applied and the statement can run again at once. */
  readonly isRetryable?: (error: unknown) => boolean
  /** A failure with an unknown outcome: every caller gets it, and no item may run again. */
  readonly isUnknown?: (error: unknown) => boolean
  readonly onBatch?: (size: number) => void
}

export class BatchExhaustedError extends Error {
  override name = 'BatchExhaustedError'
}

interface Waiting<Item, Result> {
  readonly item: Item
  readonly keys: readonly string[]
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
  triesLeft: number
  alone: boolean
}

const defaultMaxSize = 128
const triesPerItem = 12

export const createBatch = <Item, Result>(options: BatchOptions<Item, Result>) => {
  const { execute, distinctBy = () => [], maxSize = defaultMaxSize } = options
  const { isRetryable = () => false, isUnknown = () => true, onBatch = () => {} } = options
  let waiting: Waiting<Item, Result>[] = []
  let isRunning = false

  /** Takes the items that may run together now, in order of arrival. The rest keeps its order. */
  const takeNext = () => {
    const taken: Waiting<Item, Result>[] = []
    const left: Waiting<Item, Result>[] = []
    const keys = new Set<string>()
    for (const entry of waiting) {
      const full = taken.length >= maxSize || taken[0]?.alone || (entry.alone && taken.length > 0)
      if (full || entry.keys.some((key) => keys.has(key))) left.push(entry)
      else taken.push(entry)
      // The key of a waiting item counts, too: else a third item could overtake the second.
      for (const key of entry.keys) keys.add(key)
    }
    waiting = left
    return taken
  }

  const tryAgain = (entry: Waiting<Item, Result>, cause?: unknown) => {
    entry.triesLeft -= 1
    if (entry.triesLeft > 0) return entry
    entry.reject(new BatchExhaustedError('the statement lost every race it ran', { cause }))
    return undefined
  }

  const settle = (
    entries: readonly Waiting<Item, Result>[],
    results: readonly (Result | undefined)[],
  ) => {
    const again: Waiting<Item, Result>[] = []
    entries.forEach((entry, index) => {
      const result = results[index]
      if (result !== undefined) entry.resolve(result)
      else if (tryAgain(entry)) again.push(entry)
    })
    waiting = [...again, ...waiting]
  }

  const fail = (entries: readonly Waiting<Item, Result>[], error: unknown) => {
    if (isRetryable(error)) {
      // An item that fails again and again runs alone, so that others do not fail with it.
      for (const entry of entries) entry.alone = entry.triesLeft < triesPerItem / 2
      waiting = [...entries.filter((entry) => tryAgain(entry, error)), ...waiting]
    } else if (entries.length > 1 && !isUnknown(error)) {
      for (const entry of entries) entry.alone = true
      waiting = [...entries, ...waiting]
    } else {
      for (const entry of entries) entry.reject(error)
    }
  }

  /** Runs one statement after the other, each with all items that wait at that time. */
  const run = async () => {
    while (waiting.length > 0) {
      const entries = takeNext()
      onBatch(entries.length)
      try {
        settle(entries, await execute(entries.map((entry) => entry.item)))
      } catch (error) {
        fail(entries, error)
      }
      await endOfTurn()
    }
    isRunning = false
  }

  /** Starts at the end of this turn of the event loop, so that items of one turn run together. */
  const start = () => {
    if (isRunning) return
    isRunning = true
    setImmediate(() => void run())
  }

  return (item: Item): Promise<Result> =>
    new Promise((resolve, reject) => {
      const keys = distinctBy(item)
      waiting.push({ item, keys, resolve, reject, triesLeft: triesPerItem, alone: false })
      start()
    })
}
