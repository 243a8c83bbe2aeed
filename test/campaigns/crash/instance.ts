import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { projectFolder } from '../../../src/local/postgres/data-folder.ts'
import { nodeOptions } from '../../../src/local/launcher/node-options.ts'
import type { Checkpoint } from '../../../src/platform/base/checkpoints.ts'
import type { ServiceName } from '../../../src/registry.ts'
import { askDescriptor } from './ask-descriptor.ts'
import { openLink, type Link } from '../../lab/link.ts'

/** One process of one service, stopped at each of its checkpoints until it is let on. */
export interface InstanceOptions {
  readonly service: ServiceName
  readonly postgresPort: number
  readonly environment: (databasePort: number) => Record<string, string>
  readonly onCheckpoint: (instance: Instance, checkpoint: Checkpoint) => Promise<void>
  /** It ended although nobody killed it. */
  readonly onDeath: (instance: Instance, how: string) => void
}

export interface Instance {
  readonly service: ServiceName
  /** 0 until it listens. */
  readonly port: () => number
  readonly pid: number
  readonly database: Link
  readonly hasEnded: () => boolean
  /** Until then it is a spare: loaded, but without connections and deaf. */
  readonly activate: () => Promise<void>
  readonly kill: () => Promise<void>
  readonly pause: () => void
  readonly resume: () => void
  /** At its next question it gets no answer until it is needed: so it ends by itself when we do. */
  readonly rest: () => void
  readonly wake: () => void
  readonly lastWords: () => string
}

const preload = fileURLToPath(new URL('./agent.ts', import.meta.url))
const main = path.join(projectFolder, 'src', 'main.ts')
const loadTimeoutMs = 60_000
const readyTimeoutMs = 20_000
const keptOutput = 4_000

const spawnService = (service: ServiceName, environment: Record<string, string>) =>
  spawn(process.execPath, [...nodeOptions, '--import', preload, main, service], {
    env: environment,
    // The channel tells the service when we are gone; the pipe after it carries its questions.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
    detached: true,
  })

const onLines = (stream: Socket, onLine: (line: string) => void) => {
  let rest = ''
  stream.on('data', (chunk) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop() ?? ''
    lines.forEach(onLine)
  })
  // A killed process breaks the pipe; that it is gone is noticed elsewhere.
  stream.on('error', () => {})
}

/** Starts a process up to the point where everything is loaded and nothing has begun. */
export const spawnInstance = async (options: InstanceOptions): Promise<Instance> => {
  const { service, postgresPort, environment, onCheckpoint, onDeath } = options
  const database = await openLink({
    name: `${service}→database`,
    protocol: 'database',
    passes: 'messages',
    targets: () => [postgresPort],
  })
  const child = spawnService(service, { ...environment(database.port), PORT: '0' })
  let words = ''
  let ended = false
  let killed = false
  const keepWords = (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-keptOutput)
  }
  child.stdout?.on('data', keepWords)
  child.stderr?.on('data', keepWords)
  const gone = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = true
      database.close()
      resolve()
      if (!killed) onDeath(instance, `exit code ${code}, signal ${signal}`)
    })
  })
  const asking = child.stdio[askDescriptor] as Socket
  let isResting = false
  let isHeldUp = false
  const letOn = () => {
    isHeldUp = isResting
    if (!isResting && !ended) asking.write('.')
  }

  let isLoaded: () => void = () => {}
  const loaded = new Promise<void>((resolve) => {
    isLoaded = resolve
  })
  let port = 0
  let isListening: (at: number) => void = () => {}
  const listening = new Promise<void>((resolve) => {
    isListening = (at) => {
      port = at
      resolve()
    }
  })
  onLines(asking, (line) => {
    const question = JSON.parse(line) as 'loaded' | { readonly port: number } | Checkpoint
    if (question === 'loaded') isLoaded()
    else if ('port' in question) isListening(question.port)
    else if (isResting) letOn()
    else void onCheckpoint(instance, question).finally(letOn)
  })

  const instance: Instance = {
    service,
    port: () => port,
    pid: child.pid ?? 0,
    database,
    hasEnded: () => ended,
    activate: async () => {
      letOn()
      const timeout = sleep(readyTimeoutMs, 'late', { ref: false })
      const trouble = await Promise.race([listening, gone.then(() => 'ended'), timeout])
      if (trouble !== undefined) throw new Error(`${service} did not start (${trouble}): ${words}`)
    },
    kill: async () => {
      killed = true
      child.kill('SIGKILL')
      await gone
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    rest: () => {
      isResting = true
    },
    wake: () => {
      isResting = false
      if (isHeldUp) letOn()
    },
    lastWords: () => words,
  }
  const timeout = sleep(loadTimeoutMs, 'late', { ref: false })
  const first = await Promise.race([loaded, gone.then(() => 'ended'), timeout])
  if (first === undefined) return instance
  await instance.kill()
  throw new Error(`${service} did not load (${first}): ${words}`)
}
