import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/**
 * Questions from the bench to the processes that it started, and their answers, over the channel
 * that Node opens for child processes.
 */
interface Question {
  readonly benchId: number
  readonly ask: string
  readonly input: unknown
}

interface Answer {
  readonly benchId: number
  readonly output?: unknown
  readonly error?: string
}

const isQuestion = (message: unknown): message is Question =>
  typeof message === 'object' && message !== null && 'ask' in message && 'benchId' in message

const isAnswer = (message: unknown): message is Answer =>
  typeof message === 'object' && message !== null && 'benchId' in message && !('ask' in message)

export type Handlers = Readonly<Record<string, (input: never) => unknown>>

/** Runs in a process of the bench: it ends when the bench ends. */
export const endWithBench = () => {
  process.on('disconnect', () => process.exit(1))
}

/** Runs in the child process: answers the questions of the bench. */
export const answerBench = (handlers: Handlers) => {
  const reply = async ({ benchId, ask, input }: Question): Promise<Answer> => {
    try {
      const handler = handlers[ask]
      if (!handler) throw new Error(`nobody answers ${ask}`)
      return { benchId, output: await handler(input as never) }
    } catch (error) {
      return { benchId, error: error instanceof Error ? error.message : String(error) }
    }
  }
  process.on('message', (message) => {
    if (isQuestion(message)) void reply(message).then((answer) => process.send?.(answer))
  })
}

let lastId = 0

/** Runs in the bench: asks one question. */
export const askChild = <Output>(
  child: ChildProcess,
  ask: string,
  input: unknown = null,
  timeoutMs = 30_000,
): Promise<Output> =>
  new Promise((resolve, reject) => {
    lastId += 1
    const benchId = lastId
    const finish = () => {
      clearTimeout(timer)
      child.off('message', onMessage)
      child.off('exit', onExit)
    }
    const onMessage = (message: unknown) => {
      if (!isAnswer(message) || message.benchId !== benchId) return
      finish()
      if (message.error !== undefined) reject(new Error(message.error))
      else resolve(message.output as Output)
    }
    const onExit = () => {
      finish()
      reject(new Error(`the process ended before it answered ${ask}`))
    }
    const timer = setTimeout(() => {
      finish()
      reject(new Error(`no answer to ${ask} in ${timeoutMs} ms`))
    }, timeoutMs)
    child.on('message', onMessage)
    child.on('exit', onExit)
    child.send({ benchId, ask, input }, (error) => {
      if (!error) return
      finish()
      reject(new Error(`${ask} could not be asked: ${error.message}`))
    })
  })

export interface Worker {
  readonly pid: number
  readonly ask: <Output>(ask: string, input?: unknown, timeoutMs?: number) => Promise<Output>
  readonly stop: () => Promise<void>
}

const stopTimeoutMs = 4_000

/** Ends a process with SIGTERM, and with SIGKILL when that takes too long. */
export const endChild = async (child: ChildProcess, timeoutMs = stopTimeoutMs): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
  await exited
  clearTimeout(timer)
}

/** Starts a process of the bench: a load generator, a client of bare SQL, one hop of the chain. */
export const startWorker = (file: URL, args: readonly string[] = []): Worker => {
  const child = fork(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return {
    pid: child.pid ?? 0,
    ask: (ask, input, timeoutMs) => askChild(child, ask, input, timeoutMs),
    stop: () => endChild(child),
  }
}
