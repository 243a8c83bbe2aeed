/**
 * A figure that must be asked for, such as a count of rows. Whoever comes within a moment gets the
 * one before, so two scrapers cost as much as one. The dearer a question is, the more rarely it is
 * asked: it takes no more than a twentieth of the time. One that failed is asked again sooner: else
 * the figure would be unknown long after it can be known.
 */
export interface ReadingOptions {
  /** For how long an answer serves at least. */
  readonly keptMs?: number
  /** For how many times as long as it took an answer serves at least. */
  readonly restPerWork?: number
  /** How long somebody waits for an answer. */
  readonly patienceMs?: number
}

const usual = { keptMs: 1_000, restPerWork: 19, patienceMs: 1_500 }

/** The function that it returns never throws: undefined means that the figure is not known now. */
export const createReading = <Value>(
  read: () => Promise<Value>,
  options: ReadingOptions = {},
): (() => Promise<Value | undefined>) => {
  const { keptMs, restPerWork, patienceMs } = { ...usual, ...options }
  let running: Promise<Value | undefined> | undefined
  let last: Value | undefined
  let servesUntilMs = -Infinity

  const ask = async () => {
    const startedAtMs = performance.now()
    last = await read().catch(() => undefined)
    const now = performance.now()
    const rest = last === undefined ? Math.min(restPerWork, 1) : restPerWork
    servesUntilMs = now + Math.max(keptMs, rest * (now - startedAtMs))
    running = undefined
    return last
  }

  return async () => {
    if (running === undefined && performance.now() < servesUntilMs) return last
    running ??= ask()
    const { promise: late, resolve } = Promise.withResolvers<undefined>()
    const timer = setTimeout(resolve, patienceMs, undefined)
    try {
      return await Promise.race([running, late])
    } finally {
      clearTimeout(timer)
    }
  }
}
