import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { nodeOptions } from '../../src/local/launcher/node-options.ts'
import type { ServiceName } from '../../src/registry.ts'
import { untilReady } from './environment.ts'
import { janitor } from './janitor.ts'

const entry = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const keptLogBytes = 2_000_000
const stopTimeoutMs = 15_000

export interface SpawnOptions {
  readonly service: ServiceName
  readonly environment: Readonly<Record<string, string>>
  /** A module that is loaded before the service. It watches the process, or holds it up. */
  readonly agent?: string
  /** The agent asks its questions through one more pipe, with the number 4. */
  readonly isAsking?: boolean
  /** The process writes its log to this file, as under a supervisor that uses a file. */
  readonly logFile?: string
}

/** One process, from its start to its end. */
export interface Life {
  readonly child: ChildProcess
  readonly isRunning: () => boolean
  /** Resolves with the exit code when the process has ended and all its output was read. */
  readonly ended: Promise<number | null>
  readonly signal: (name: NodeJS.Signals) => void
  /** Sends SIGKILL, and waits for the end. */
  readonly kill: () => Promise<void>
  readonly logs: () => string
}

export const spawnService = (options: SpawnOptions): Life => {
  const { service, environment, agent, isAsking = false, logFile } = options
  const log = logFile === undefined ? 'pipe' : openSync(logFile, 'a')
  // The channel makes the service end when this process is gone, however it ended.
  const stdio: StdioOptions = ['ignore', log, log, 'ipc', ...(isAsking ? ['pipe' as const] : [])]
  const preloaded = agent === undefined ? [] : ['--import', agent]
  const child = spawn(process.execPath, [...nodeOptions, ...preloaded, entry, service], {
    env: environment,
    stdio,
    // Only we react to Ctrl-C: we end the services in our own way.
    detached: process.platform !== 'win32',
  })
  if (typeof log === 'number') closeSync(log)
  // A stopped process does not notice that we end.
  const forget = janitor().watch('KILL', child.pid ?? 0)
  let kept = ''
  const keep = (chunk: Buffer) => {
    kept = (kept + chunk.toString('utf8')).slice(-keptLogBytes)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', forget)
    child.once('close', resolve)
  })
  const signal = (name: NodeJS.Signals) => {
    if (isRunning()) child.kill(name)
  }
  return {
    child,
    isRunning,
    ended,
    signal,
    kill: async () => {
      signal('SIGKILL')
      await ended
    },
    logs: () => (logFile === undefined ? kept : readFileSync(logFile, 'utf8')),
  }
}

/** A service at one port. It can be started again after its process ended. */
export interface ServiceProcess {
  /** Its name among the replicas: `order-1` is the first one. */
  readonly name: string
  readonly service: ServiceName
  readonly replica: number
  readonly port: number
  readonly url: string
  /** The variables that it starts with, besides its port. */
  readonly environment: Readonly<Record<string, string>>
  /** The process that runs now, or the last one that ran. */
  child(): ChildProcess | undefined
  pid(): number | undefined
  isRunning(): boolean
  /** Starts it and waits until it is ready. */
  start(): Promise<void>
  /** Sends SIGTERM, and waits for the end. Resolves with the exit code. */
  stop(): Promise<number | null>
  /** Sends SIGKILL, and waits for the end. */
  kill(): Promise<void>
  pause(): void
  resume(): void
  /** The output of all its processes: JSON lines, and what came on standard error. */
  readonly logs: () => string
}

export const processName = (service: ServiceName, replica: number) => `${service}-${replica + 1}`

export interface ServiceProcessOptions extends SpawnOptions {
  readonly replica: number
  readonly port: number
}

export const createServiceProcess = (options: ServiceProcessOptions): ServiceProcess => {
  const { service, replica, port, environment, logFile } = options
  const url = `http://127.0.0.1:${port}`
  let life: Life | undefined
  let past = ''
  const isRunning = () => life?.isRunning() ?? false
  const logs = () => past + (life?.logs() ?? '')
  return {
    name: processName(service, replica),
    service,
    replica,
    port,
    url,
    environment,
    child: () => life?.child,
    pid: () => life?.child.pid,
    isRunning,
    start: async () => {
      if (isRunning()) throw new Error(`${service} runs already`)
      // A file already holds the logs of all its processes.
      if (logFile === undefined) past = logs().slice(-keptLogBytes)
      life = spawnService({ ...options, environment: { ...environment, PORT: String(port) } })
      await untilReady({ name: service, url, isRunning, logs })
    },
    stop: async () => {
      life?.signal('SIGTERM')
      const timer = setTimeout(() => life?.signal('SIGKILL'), stopTimeoutMs)
      const code = await (life?.ended ?? null)
      clearTimeout(timer)
      return code
    },
    kill: async () => life?.kill(),
    pause: () => life?.signal('SIGSTOP'),
    resume: () => life?.signal('SIGCONT'),
    logs,
  }
}
