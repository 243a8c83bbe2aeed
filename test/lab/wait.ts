import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

export interface EventuallyOptions {
  /** How long the assertion may fail before the test fails. */
  readonly withinMs?: number
  readonly everyMs?: number
}

/** Repeats an assertion until it holds, and returns its result. */
export const eventually = async <T>(
  assertion: () => T | Promise<T>,
  { withinMs = 10_000, everyMs = 50 }: EventuallyOptions = {},
): Promise<T> => {
  const untilMs = performance.now() + withinMs
  for (;;) {
    try {
      return await assertion()
    } catch (error) {
      if (performance.now() + everyMs > untilMs) throw error
    }
    await sleep(everyMs)
  }
}
