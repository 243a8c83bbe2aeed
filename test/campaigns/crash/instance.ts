import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Checkpoint } from '../../../src/platform/base/checkpoints.ts'
import type { ServiceName } from '../../../src/registry.ts'
import { openLink, type Link } from '../../lab/link.ts'
import { spawnService } from '../../lab/service-process.ts'
import { askDescriptor } from './ask-descriptor.ts'

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

const agent = fileURLToPath(new URL('./agent.ts', import.meta.url))
const loadTimeoutMs = 60_000
const readyTimeoutMs = 20_000
const keptOutput = 4_000

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
  const variables = { ...environment(database.port), PORT: '0' }
  const life = spawnService({ service, environment: variables, agent, isAsking: true })
  const { child, signal } = life
  const lastWords = () => life.logs().slice(-keptOutput)
  let ended = false
  let killed = false
  const gone = new Promise<string>((resolve) => {
    child.once('exit', (code, by) => {
      ended = true
      database.close()
      resolve('ended')
      if (!killed) onDeath(instance, `exit code ${code}, signal ${by}`)
    })
  })
  const asking = child.stdio[askDescriptor] as Socket
  let isResting = false
  let isHeldUp = false
  const letOn = () => {
    isHeldUp = isResting
    if (!isResting && !ended) asking.write('.')
  }
  const loaded = Promise.withResolvers<void>()
  const listening = Promise.withResolvers<void>()
  let port = 0
  onLines(asking, (line) => {
    const question = JSON.parse(line) as 'loaded' | { readonly port: number } | Checkpoint
    if (question === 'loaded') loaded.resolve()
    else if ('port' in question) {
      port = question.port
      listening.resolve()
    } else if (isResting) letOn()
    else void onCheckpoint(instance, question).finally(letOn)
  })
  const reach = async (step: Promise<void>, what: string, withinMs: number) => {
    const late = sleep(withinMs, 'late', { ref: false })
    const trouble = await Promise.race([step, gone, late])
    if (trouble !== undefined)
      throw new Error(`${service} did not ${what} (${trouble}): ${lastWords()}`)
  }

  const instance: Instance = {
    service,
    port: () => port,
    pid: child.pid ?? 0,
    database,
    hasEnded: () => ended,
    activate: () => {
      letOn()
      return reach(listening.promise, 'start', readyTimeoutMs)
    },
    kill: async () => {
      killed = true
      signal('SIGKILL')
      await gone
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    rest: () => {
      isResting = true
    },
    wake: () => {
      isResting = false
      if (isHeldUp) letOn()
    },
    lastWords,
  }
  try {
    await reach(loaded.promise, 'load', loadTimeoutMs)
    return instance
  } catch (error) {
    await instance.kill()
    throw error
  }
}
