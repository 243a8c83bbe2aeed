import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { nodeOptions } from '../../src/local/launcher/node-options.ts'
import type { ServiceName } from '../../src/registry.ts'

const entry = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const keptLogBytes = 2_000_000

/** One real process of one service, which may live several lives on the same port. */
export interface ServiceProcess {
  readonly service: ServiceName
  readonly replica: number
  readonly port: number
  readonly url: string
  pid(): number | undefined
  isRunning(): boolean
  /** Starts it and waits until it is ready. */
  start(): Promise<void>
  /** SIGTERM, and waits for its end. Resolves with the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL, and waits for its end. */
  kill(): Promise<void>
  pause(): void
  resume(): void
  /** What it wrote, of all its lives: JSON lines, and what came on standard error. */
  logs(): string
}

export interface ServiceProcessOptions {
  readonly service: ServiceName
  readonly replica: number
  readonly port: number
  readonly environment: Record<string, string>
}

const readyTimeoutMs = 30_000
const stopTimeoutMs = 15_000

/** Processes of this worker that live; the last resort against strays. */
const living = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

export const createServiceProcess = (options: ServiceProcessOptions): ServiceProcess => {
  const { service, replica, port, environment } = options
  const url = `http://127.0.0.1:${port}`
  let child: ChildProcess | undefined
  let ended: Promise<number | null> = Promise.resolve(null)
  let logs = ''
  const keep = (chunk: Buffer) => {
    logs = (logs + chunk.toString('utf8')).slice(-keptLogBytes)
  }
  const isRunning = () =>
    child !== undefined && child.exitCode === null && child.signalCode === null
  const signal = (name: NodeJS.Signals) => {
    if (isRunning()) child?.kill(name)
  }

  const launch = () => {
    const started = spawn(process.execPath, [...nodeOptions, entry, service], {
      env: { ...environment, PORT: String(port) },
      // The channel makes the service end when this process is gone, however it went.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    living.add(started)
    started.stdout?.on('data', keep)
    started.stderr?.on('data', keep)
    ended = new Promise((resolve) => {
      started.once('close', (code) => {
        living.delete(started)
        resolve(code)
      })
    })
    child = started
  }

  const isReady = async () => {
    try {
      const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2_000) })
      await response.arrayBuffer()
      return response.status === 200
    } catch {
      return false
    }
  }

  const untilReady = async () => {
    const untilMs = performance.now() + readyTimeoutMs
    while (!(await isReady())) {
      if (!isRunning()) throw new Error(`${service} ended before it was ready:\n${logs}`)
      if (performance.now() > untilMs) throw new Error(`${service} is not ready:\n${logs}`)
      await sleep(25)
    }
    // Somebody else may have taken the port meanwhile, and be the one who is ready.
    if (!isRunning()) throw new Error(`${service} ended, and its port answers:\n${logs}`)
  }

  const kill = async () => {
    signal('SIGKILL')
    await ended
  }
  return {
    service,
    replica,
    port,
    url,
    pid: () => child?.pid,
    isRunning,
    start: async () => {
      if (isRunning()) throw new Error(`${service} runs already`)
      launch()
      await untilReady()
    },
    stop: async () => {
      signal('SIGTERM')
      const timer = setTimeout(() => signal('SIGKILL'), stopTimeoutMs)
      const code = await ended
      clearTimeout(timer)
      return code
    },
    kill,
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    logs: () => logs,
  }
}
