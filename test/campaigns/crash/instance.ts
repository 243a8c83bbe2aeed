import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Checkpoint } from '../../../src/platform/base/checkpoints.ts'
import type { ServiceName } from '../../../src/registry.ts'
import { openLink, type Link } from '../../../src/local/lab/link.ts'
import { spawnService, type Life } from '../../lab/service-process.ts'
import { askDescriptor } from './ask-descriptor.ts'

/** One process of one service. It stops at each checkpoint until the test lets it go on. */
export interface InstanceOptions {
  readonly service: ServiceName
  readonly environment: Readonly<Record<string, string>>
  readonly onCheckpoint: (instance: Instance, checkpoint: Checkpoint) => Promise<void>
  /** It ended although the test did not kill it. */
  readonly onDeath: (instance: Instance, how: string) => void
}

export interface Instance extends Pick<Life, 'isRunning' | 'kill' | 'signal'> {
  readonly service: ServiceName
  /** 0 until it listens. */
  readonly port: () => number
  readonly pid: number
  readonly database: Link
  /** The end of its output. */
  readonly logs: () => string
  /** Before that it is a spare: loaded, but without connections, and it does not listen. */
  readonly activate: () => Promise<void>
  /** It gets no answer to its next question until it is needed, so it ends by itself when we end. */
  readonly rest: () => void
  readonly wake: () => void
}

const agent = fileURLToPath(new URL('./agent.ts', import.meta.url))
const loadTimeoutMs = 60_000
const readyTimeoutMs = 20_000
const keptOutput = 4_000

/** Starts a process, loads everything, and stops before anything begins. */
export const spawnInstance = async (options: InstanceOptions): Promise<Instance> => {
  const { service, environment, onCheckpoint, onDeath } = options
  const own: Record<string, string> = { PORT: '0' }
  const url = new URL(environment['DATABASE_URL'] ?? 'postgres://nowhere')
  const targets = [Number(url.port)]
  // A fault on the way to the database is for one process only, so each has its own link.
  const database = await openLink({
    name: `${service}→database`,
    protocol: 'database',
    passes: 'messages',
    targets: () => targets,
  })
  if (service !== 'gateway') own['DATABASE_URL'] = Object.assign(url, { port: database.port }).href
  const life = spawnService({
    service,
    environment: { ...environment, ...own },
    agent,
    isAsking: true,
  })
  const { child, isRunning, signal } = life
  const logs = () => life.logs().slice(-keptOutput)
  let isKilled = false
  const kill = async () => {
    isKilled = true
    await life.kill()
  }
  const asking = child.stdio[askDescriptor] as Socket
  let isResting = false
  let isHeldUp = false
  const letOn = () => {
    isHeldUp = isResting
    if (!isResting && isRunning()) asking.write('.')
  }
  const loaded = Promise.withResolvers<void>()
  const listening = Promise.withResolvers<void>()
  let port = 0
  const hear = (line: string) => {
    const question = JSON.parse(line) as 'loaded' | { readonly port: number } | Checkpoint
    if (question === 'loaded') loaded.resolve()
    else if ('port' in question) {
      port = question.port
      listening.resolve()
    } else if (isResting) letOn()
    else void onCheckpoint(instance, question).finally(letOn)
  }
  // A killed process breaks the pipe. Other code notices its end.
  createInterface({ input: asking })
    .on('line', hear)
    .on('error', () => {})
  const reach = async (step: Promise<void>, what: string, withinMs: number) => {
    const late = sleep(withinMs, 'late', { ref: false })
    const trouble = await Promise.race([step, life.ended.then(() => 'ended'), late])
    if (trouble !== undefined) throw new Error(`${service} did not ${what} (${trouble}): ${logs()}`)
  }
  const instance: Instance = {
    service,
    port: () => port,
    pid: child.pid ?? 0,
    database,
    isRunning,
    signal,
    logs,
    activate: () => {
      letOn()
      return reach(listening.promise, 'start', readyTimeoutMs)
    },
    kill,
    rest: () => {
      isResting = true
    },
    wake: () => {
      isResting = false
      if (isHeldUp) letOn()
    },
  }
  void life.ended.then((code) => {
    database.close()
    if (!isKilled) onDeath(instance, `exit code ${code}, signal ${child.signalCode}`)
  })
  try {
    await reach(loaded.promise, 'load', loadTimeoutMs)
    return instance
  } catch (error) {
    await kill()
    throw error
  }
}
