import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { get } from 'node:http'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { createHands } from './hands.ts'
import type { ServiceLog } from './service-logs.ts'
import { StartError } from '../postgres/start-error.ts'

export interface SupervisedService {
  /** Resolves when it is ready for the first time. Rejects when there is no hope of that. */
  readonly firstReady: Promise<void>
  /** Stops it for good: with SIGTERM, and after `graceMs` with SIGKILL. */
  stop(graceMs: number): Promise<void>
  /** Kills it for good. */
  kill(): void
  /** Undefined while there is no process. */
  pid(): number | undefined
  /** Whether the process that runs now has been ready. */
  wasReady(): boolean
  /** Kills it, and does not start it again before `letUp`. */
  holdDown(): void
  letUp(): void
  /** Stops it with SIGTERM, and starts it again at once. */
  restart(): void
  /** Lets the process stand still. Windows cannot. */
  pause(): void
  resume(): void
  isPaused(): boolean
}

export interface SupervisorOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly environment: Record<string, string>
  readonly readyUrl: string
  readonly log: ServiceLog
  /** Shows one line on the screen. */
  readonly say: (line: string) => void
  readonly readyTimeoutMs?: number
}

const firstPauseMs = 200
const longestPauseMs = 10_000
/** A service that dies after this long has met something new. */
const healthyAfterMs = 10_000
const pollMs = 25

const isReady = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const request = get(url, { agent: false, timeout: 2_000 }, (response) => {
      response.resume()
      resolve(response.statusCode === 200)
    })
    request.once('timeout', () => request.destroy(new Error('time-out')))
    request.once('error', () => resolve(false))
  })

interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`

const describe = ({ code, signal }: Ending, lastError: string | undefined) => {
  const how = signal ? `was killed (${signal})` : `ended with exit code ${code}`
  return lastError ? `${how}: ${lastError}` : how
}

const spawnService = ({ command, args, environment, log }: SupervisorOptions): ChildProcess => {
  const child = spawn(command, args, {
    env: environment,
    // The channel closes when we die, for whatever reason, and tells the service to end. (Not one that
    // the lab has paused: it hears of it when it goes on.)
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // It has a group of its own, so that Ctrl-C reaches only us, and we stop things in the right
    // order.
    detached: process.platform !== 'win32',
    windowsHide: true,
  })
  child.stdout?.on('data', log.onOutput)
  child.stderr?.on('data', log.onError)
  return child
}

const endingOf = (child: ChildProcess, log: ServiceLog): Promise<Ending> =>
  new Promise((resolve) => {
    // `close` comes after the last output, so the reason is known by then.
    child.once('close', (code, signal) => {
      log.onEnd()
      resolve({ code, signal })
    })
    child.once('error', () => resolve({ code: null, signal: null }))
  })

/** Asks until it is ready. Undefined when it ended before, or must end. */
const readyAfterMs = async (
  url: string,
  running: ChildProcess,
  { limitMs, signal }: { readonly limitMs: number; readonly signal: AbortSignal },
): Promise<number | 'too late' | undefined> => {
  const startMs = performance.now()
  while (running.exitCode === null && running.signalCode === null && !signal.aborted) {
    if (await isReady(url)) return performance.now() - startMs
    if (performance.now() - startMs > limitMs) return 'too late'
    await sleep(pollMs)
  }
  return undefined
}

export const superviseService = (options: SupervisorOptions): SupervisedService => {
  const { name, readyUrl, log, say, readyTimeoutMs = 30_000 } = options
  const stopping = new AbortController()
  const stopped = once(stopping.signal, 'abort')
  let child: ChildProcess | undefined
  let wasReady = false
  let isPresentReady = false
  const { mayStart, takeDeed, ...hands } = createHands(() => child)
  const ready = Promise.withResolvers<void>()
  const giveUp = (reason: string) => ready.reject(new StartError(reason))
  // Nobody may wait for it any more when it fails during a stop.
  ready.promise.catch(() => {})

  /** Runs the process once, from its start to its end. */
  const runOnce = async (isFirst: boolean): Promise<{ ending: Ending; healthyMs: number }> => {
    const running = spawnService(options)
    child = running
    let readySinceMs: number | undefined
    // Once it was ready, nobody gives up any more.
    const limitMs = wasReady ? Number.POSITIVE_INFINITY : readyTimeoutMs
    void readyAfterMs(readyUrl, running, { limitMs, signal: stopping.signal }).then((ms) => {
      if (ms === undefined) return
      if (ms === 'too late') return giveUp(`${name} was not ready after ${seconds(limitMs)}`)
      readySinceMs = performance.now()
      isPresentReady = true
      if (!isFirst) say(`${name} is ready again after ${seconds(ms)}`)
      wasReady = true
      ready.resolve()
    })
    const ending = await endingOf(running, log)
    child = undefined
    isPresentReady = false
    return { ending, healthyMs: readySinceMs ? performance.now() - readySinceMs : 0 }
  }

  const keepAlive = async () => {
    let pauseMs = firstPauseMs
    for (let isFirst = true; ; isFirst = false) {
      await Promise.race([mayStart(), stopped])
      if (stopping.signal.aborted) return
      const { ending, healthyMs } = await runOnce(isFirst)
      if (stopping.signal.aborted) return
      const deed = takeDeed()
      if (deed !== undefined) {
        say(`${name} ${deed}`)
        pauseMs = firstPauseMs
        continue
      }
      const what = describe(ending, log.lastError())
      // A new start would not help: it is a wrong setting, a taken port, or a bug.
      if (!wasReady && ending.signal === null) {
        giveUp(`${name} ${what}`)
        return
      }
      if (healthyMs > healthyAfterMs) pauseMs = firstPauseMs
      say(`${name} ${what}; starting it again in ${seconds(pauseMs)}`)
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => {})
      pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    }
  }

  const finished = keepAlive()
  const kill = () => {
    stopping.abort()
    child?.kill('SIGKILL')
  }
  return {
    ...hands,
    firstReady: ready.promise,
    kill,
    pid: () => child?.pid,
    wasReady: () => isPresentReady,
    stop: async (graceMs) => {
      stopping.abort()
      giveUp(`${name} was stopped before it was ready`)
      hands.resume()
      child?.kill('SIGTERM')
      const timer = setTimeout(() => child?.kill('SIGKILL'), graceMs)
      await finished
      clearTimeout(timer)
      log.close()
    },
  }
}
