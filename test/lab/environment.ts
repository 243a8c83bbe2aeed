import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { currentEnvironment } from '../../src/platform/base/config.ts'
import { janitor } from './janitor.ts'

/** Only what every program needs to run, so that nothing configures a service by accident. */
export const inherited = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(currentEnvironment()).filter(
      (entry): entry is [string, string] =>
        /^(PATH|HOME|TMPDIR|LANG|SystemRoot|NODE_V8_COVERAGE)$/i.test(entry[0]) &&
        entry[1] !== undefined,
    ),
  )

/** Services compile their code once, not once for each process. */
export const inheritedByServices = (): Record<string, string> => {
  const { NODE_COMPILE_CACHE = path.join(janitor().folder, 'cache') } = currentEnvironment()
  return { ...inherited(), NODE_COMPILE_CACHE }
}

const isReady = async (url: string) => {
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) })
    await answer.arrayBuffer()
    return answer.status === 200
  } catch {
    return false
  }
}

/** What a test waits for: a program that serves, but may end instead. */
export interface Starting {
  readonly name: string
  readonly url: string
  readonly isRunning: () => boolean
  /** Its output until now. */
  readonly logs: () => string
}

export const untilReady = async (starting: Starting, withinMs = 30_000): Promise<void> => {
  const { name, url, isRunning, logs } = starting
  const untilMs = performance.now() + withinMs
  while (!(await isReady(url))) {
    if (!isRunning()) throw new Error(`${name} ended before it was ready:\n${logs()}`)
    if (performance.now() > untilMs) throw new Error(`${name} is not ready:\n${logs()}`)
    await sleep(25)
  }
  // Another program may have taken the port and give the answer that it is ready.
  if (!isRunning()) throw new Error(`${name} ended, and its port answers:\n${logs()}`)
}
