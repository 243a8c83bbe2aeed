import { setTimeout as sleep } from 'node:timers/promises'
import { registry } from '../../../src/registry.ts'
import type { Exchange, History } from '../../judge/history.ts'
import { createActor, type Request } from '../../lab/actors.ts'
import { eventually } from '../../lab/wait.ts'
import { isDecision, isTold, type ToldExchange } from '../../judge/evidence.ts'
import type { Kept, Memory, Scenario, Step } from './scenario.ts'
import type { System } from './system.ts'
import { recoveryOf, type Variant } from './variants.ts'
import type { Watch } from './witness.ts'

/** One client runs a scenario. It repeats a request with the same key until it knows the outcome. */
export interface JourneyOptions {
  readonly system: System
  readonly scenario: Scenario
  /** At most one for a step. */
  readonly variants: readonly Variant[]
  readonly history: History
  readonly memory: Memory
  readonly watch: Watch
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

/** Each request says who sends it: nobody signs in between the steps. */
const createSender = ({ gatewayUrl }: System, history: History) => {
  const actor = createActor({ baseUrl: gatewayUrl, history, attemptTimeoutMs })
  const attempt = (sent: Request) => actor.attempt({ as: 'nobody', ...sent })
  const until =
    (isEnough: (exchange: Exchange) => exchange is ToldExchange) =>
    async (sent: Request): Promise<ToldExchange> => {
      for (const untilMs = Date.now() + decisionPatienceMs; ; await sleep(pauseMs)) {
        const exchange = await attempt(sent)
        if (isEnough(exchange)) return exchange
        if (Date.now() > untilMs) {
          throw new Error(`${sent.method} ${sent.path} has no definite answer after 30 s`)
        }
      }
    }
  return { attempt, untilTold: until(isTold), untilDecided: until(isDecision) }
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

const nothingOwed = async (watch: Watch, patienceMs: number) => {
  for (const untilMs = Date.now() + patienceMs; Date.now() < untilMs; await sleep(pauseMs)) {
    if ((await watch.owed()).length === 0) return
  }
}

/** Keeps what is told of work that was begun, also when the answer is that it goes on. */
const ask = async (
  { memory }: JourneyOptions,
  step: Step,
  send: (sent: Request) => Promise<Exchange>,
) => {
  for (const sent of step.requests(memory)) {
    const { answer } = await send(sent)
    if (answer.kind === 'told' && answer.status < 300) step.keep?.(memory, answer.body as Kept)
  }
}

/** The client asks once. After that the callee comes back, and recovery finishes the step alone. */
const meetOutage = async (
  options: JourneyOptions,
  sender: Sender,
  step: Step,
  variant: Variant,
) => {
  const { system, watch, enter } = options
  await enter(variant.name)
  system.setAway(variant.outage?.callee)
  await ask(options, step, sender.attempt)
  await enter(recoveryOf(variant))
  system.setAway()
  await nothingOwed(watch, recoveryPatienceMs)
}

/** What the step itself wants: nothing reaches a callee while something is begun and time passes. */
const meetOwnOutage = async (options: JourneyOptions, sender: Sender, step: Step) => {
  const { system, memory } = options
  system.setLost(step.without)
  await ask(options, step, sender.untilTold)
  await step.meanwhile?.(system.postgres, memory)
  system.setLost()
}

const take = async (options: JourneyOptions, sender: Sender, step: Step) => {
  const { system, variants, memory, enter, beforeStep } = options
  await beforeStep(step.name)
  await step.before?.(system.postgres, memory)
  const variant = variants.find(({ outage }) => outage?.step === step.name)
  if (variant) await meetOutage(options, sender, step, variant)
  else await enter(step.name)
  if (step.without !== undefined) await meetOwnOutage(options, sender, step)
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
  const sender = createSender(options.system, options.history)
  await options.enter(beforehand)
  await askReady(options.system)
  for (const step of options.scenario.steps) await take(options, sender, step)
  await options.enter(afterwards)
}

/** Sends every write once more, and waits for its answer. */
export const repeatEverything = async ({
  system,
  scenario,
  history,
  memory,
}: Pick<JourneyOptions, 'system' | 'scenario' | 'history' | 'memory'>) => {
  const sender = createSender(system, history)
  const repeated: ToldExchange[] = []
  for (const step of scenario.steps) {
    if (step.isForgotten) continue
    for (const sent of step.requests(memory)) {
      if (sent.method !== 'GET') repeated.push(await sender.untilDecided(sent))
    }
  }
  return repeated
}
