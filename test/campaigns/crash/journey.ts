import { setTimeout as sleep } from 'node:timers/promises'
import { registry } from '../../../src/registry.ts'
import type { History } from '../../judge/history.ts'
import { createActor, type Request } from '../../lab/actors.ts'
import { eventually } from '../../lab/wait.ts'
import { isDecision, type ToldExchange } from '../../judge/evidence.ts'
import { steps, type Kept, type Memory, type Step } from './scenario.ts'
import type { System } from './system.ts'
import { recoveryOf, type Variant } from './variants.ts'

/** One client runs the scenario. It repeats a request with the same key until it knows the outcome. */
export interface JourneyOptions {
  readonly system: System
  /** At most one for a step. */
  readonly variants: readonly Variant[]
  readonly history: History
  readonly memory: Memory
  /** Begins a new epoch. When this resolves, the previous epoch has ended. */
  readonly enter: (epoch: string) => Promise<void>
  readonly beforeStep: (step: string) => Promise<void>
}

/** The epoch before the first step. */
export const beforehand = 'ask whether all are ready'

/** The epoch of the repeats and of the judgement. The plan has no faults for it. */
export const afterwards = 'after everything'

const attemptTimeoutMs = 700
const pauseMs = 25
const decisionPatienceMs = 30_000
const recoveryPatienceMs = 6_000

/** The user acts with the token of the scenario, so that nobody signs in between its steps. */
const createSender = ({ gatewayUrl }: System, history: History, memory: Memory) => {
  const actor = createActor({ baseUrl: gatewayUrl, history, attemptTimeoutMs })
  const attempt = (sent: Request) => {
    const { accessToken } = memory
    const as = accessToken === '' ? 'nobody' : { token: accessToken }
    return actor.attempt({ as, ...sent })
  }
  const untilDecided = async (sent: Request): Promise<ToldExchange> => {
    for (const untilMs = Date.now() + decisionPatienceMs; ; await sleep(pauseMs)) {
      const exchange = await attempt(sent)
      if (isDecision(exchange)) return exchange
      if (Date.now() > untilMs) {
        throw new Error(`${sent.method} ${sent.path} has no definite answer after 30 s`)
      }
    }
  }
  return { attempt, untilDecided }
}

type Sender = ReturnType<typeof createSender>

/** Asks each service itself, because the gateway keeps the services' answers for a moment. */
export const askReady = async (system: System) => {
  for (const service of registry.gateway.upstreams) {
    const { url } = system.linkBetween('gateway', service)
    const ask = async () => {
      const { status } = await fetch(`${url}/readyz`, {
        signal: AbortSignal.timeout(attemptTimeoutMs),
      })
      if (status !== 200) throw new Error(`${url}/readyz is ${status} after 30 s`)
    }
    await eventually(ask, { withinMs: decisionPatienceMs, everyMs: pauseMs })
  }
}

const nothingOwed = async ({ witness }: System, memory: Memory, patienceMs: number) => {
  const { userId, nobody } = memory
  if (userId === '') return
  for (const untilMs = Date.now() + patienceMs; Date.now() < untilMs; await sleep(pauseMs)) {
    const owed = await Promise.all([witness.owed(userId), witness.owed(nobody)])
    if (owed.flat().length === 0) return
  }
}

/** The client asks once. Then the callee comes back, and recovery finishes the step alone. */
const meetOutage = async (
  { system, memory, enter }: JourneyOptions,
  sender: Sender,
  step: Step,
  variant: Variant,
) => {
  await enter(variant.name)
  system.setAway(variant.outage?.callee)
  for (const sent of step.requests(memory)) {
    const { answer } = await sender.attempt(sent)
    if (answer.kind === 'told' && answer.status < 300) step.keep?.(memory, answer.body as never)
  }
  await enter(recoveryOf(variant))
  system.setAway()
  await nothingOwed(system, memory, recoveryPatienceMs)
}

const take = async (options: JourneyOptions, sender: Sender, step: Step) => {
  const { variants, memory, enter, beforeStep } = options
  await beforeStep(step.name)
  const variant = variants.find(({ outage }) => outage?.step === step.name)
  if (variant) await meetOutage(options, sender, step, variant)
  else await enter(step.name)
  const send = async (sent: Request) => {
    const { answer } = await sender.untilDecided(sent)
    if (answer.status === step.orElse) return
    if (answer.status !== step.status) {
      const said = JSON.stringify(answer.body)
      throw new Error(
        `"${step.name}" must be answered ${step.status}, but it was ${answer.status} ${said}`,
      )
    }
    step.keep?.(memory, answer.body as Kept)
  }
  const requests = step.requests(memory)
  if (step.isAtOnce) await Promise.all(requests.map(send))
  else for (const sent of requests) await send(sent)
}

export const travel = async (options: JourneyOptions): Promise<void> => {
  const sender = createSender(options.system, options.history, options.memory)
  await options.enter(beforehand)
  await askReady(options.system)
  for (const step of steps) await take(options, sender, step)
  await options.enter(afterwards)
}

/** Sends every write once more, and waits for its answer. */
export const repeatEverything = async (system: System, history: History, memory: Memory) => {
  const sender = createSender(system, history, memory)
  const repeated: ToldExchange[] = []
  for (const step of steps) {
    if (step.isForgotten) continue
    for (const sent of step.requests(memory)) {
      if (sent.method !== 'GET') repeated.push(await sender.untilDecided(sent))
    }
  }
  return repeated
}
