import { setTimeout as setTimeoutAsync } from 'node:timers/promises'
import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel'
import type { ServiceName } from '../../registry.ts'
import { isProblemCode, type ProblemCode } from '../base/errors.ts'
import type { Log } from '../base/telemetry.ts'
import { UnknownOutcomeError, reasonOf, type Send, type SendOptions } from './transport.ts'

/**
 * Calls between services. A call ends in one of three ways: done or refused, if
 * the callee itself says so, or unknown. Unknown never counts as refused: the call
 * is repeated with the same key until there is an answer.
 */
export type Outcome<Word> = { readonly attempts: number; readonly ms: number } & (
  | Word
  | { readonly outcome: 'unknown'; readonly reason: string }
)

/** What each call needs besides the fields of its contract. */
export interface CallOptions {
  readonly key?: string
  readonly requestId: string
  /** The time limit for all attempts together. */
  readonly timeoutMs: number
}

export interface Attempt extends SendOptions {
  /** The first attempt is 1. */
  readonly attempt: number
}

/** An answer as the generated clients type it, by status. */
export interface Answer {
  readonly status: number
  readonly data?: unknown
}

export interface Question<Given extends Answer, Word> {
  readonly send: (attempt: Attempt) => Promise<Given>
  /** What the callee says about the call. Undefined means that something else may have answered. */
  readonly read: (answer: Given) => Word | undefined
  /** Logged when `read` returns undefined, because somebody must repair that. */
  readonly complaint: string
  readonly about: Readonly<Record<string, string>>
}

export interface AskerDeps {
  readonly upstream: ServiceName
  readonly log: Log
}

/** The code of a problem. Logs get only this, because the rest may contain personal data. */
const problemCodeIn = (data: unknown): ProblemCode | undefined => {
  const code = (data as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' && isProblemCode(code) ? code : undefined
}

/** Checks more than the status: a 404 from a proxy in between is no refusal. */
export const refusalIn = ({ status, data }: Answer): ProblemCode | undefined => {
  const code = problemCodeIn(data)
  const shown = data as { readonly status?: unknown; readonly type?: unknown }
  if (code === undefined || shown.status !== status) return undefined
  return shown.type === `urn:orderly:problem:${code}` ? code : undefined
}

const breakerFailures = 10
const breakerPauseMs = 500
const firstPauseMs = 40
const maxPauseMs = 400

/** Full jitter: callers that failed together must not repeat together. */
const pauseMs = (attempts: number) =>
  Math.random() * Math.min(firstPauseMs * 2 ** Math.min(attempts, 10), maxPauseMs)

const createBreaker = ({ upstream, log }: AskerDeps) => {
  const counted = new WeakSet<Error>()
  /** Calls that share a request all get the same error, which counts as one failure. */
  const isNewFailure = (error: unknown) => {
    if (!(error instanceof UnknownOutcomeError) || counted.has(error)) return false
    counted.add(error)
    return true
  }
  const breaker = circuitBreaker(handleWhen(isNewFailure), {
    halfOpenAfter: breakerPauseMs,
    breaker: new ConsecutiveBreaker(breakerFailures),
  })
  breaker.onBreak(() => log.warn({ upstream }, 'upstream fails: calls pause for a moment'))
  breaker.onReset(() => log.warn({ upstream }, 'upstream answers again'))
  return breaker
}

/**
 * Repeats a call with a key until there is an answer or its time is over. After
 * many failures in a row, calls to that upstream end as unknown at once for a
 * moment: clients get their 202 quickly, and recovery continues later.
 */
export const createAsker = (deps: AskerDeps) => {
  const { upstream, log } = deps
  const breaker = createBreaker(deps)

  return async <Given extends Answer, Word>(
    options: CallOptions,
    { send, read, complaint, about }: Question<Given, Word>,
  ): Promise<Outcome<Word>> => {
    const { timeoutMs } = options
    const startedAtMs = performance.now()
    const elapsedMs = () => Math.round(performance.now() - startedAtMs)
    for (let attempts = 1; ; attempts += 1) {
      try {
        const answer = await breaker.execute(() =>
          send({ ...options, timeoutMs: Math.max(1, timeoutMs - elapsedMs()), attempt: attempts }),
        )
        const effort = { attempts, ms: elapsedMs() }
        const word = read(answer)
        if (word !== undefined) return { ...word, ...effort }
        const { status, data } = answer
        log.error({ status, code: problemCodeIn(data), ...about }, complaint)
        return { outcome: 'unknown', reason: `${upstream} answered ${status}`, ...effort }
      } catch (error) {
        const isBroken = error instanceof BrokenCircuitError
        if (!isBroken && !(error instanceof UnknownOutcomeError)) throw error
        const waitMs = pauseMs(attempts)
        if (isBroken || elapsedMs() + waitMs >= timeoutMs) {
          const reason = isBroken
            ? `${upstream} failed just before, so it was not asked`
            : reasonOf(error)
          return { outcome: 'unknown', reason, attempts, ms: elapsedMs() }
        }
        await setTimeoutAsync(waitMs)
      }
    }
  }
}

/** How to reach one service: `send` sends once, `ask` repeats until there is an answer. */
export interface Upstream {
  readonly send: Send
  readonly ask: ReturnType<typeof createAsker>
}
