import { setTimeout as setTimeoutAsync } from 'node:timers/promises'
import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel'
import type { ServiceName } from '../../registry.ts'
import { isProblemCode, type ProblemCode } from '../base/errors.ts'
import type { Log } from '../base/telemetry.ts'
import { UnknownOutcomeError, reasonOf, type Send, type SendOptions } from './transport.ts'

/**
 * Calls between services. A call ends in one of three ways: done or refused, if
 * the callee itself says so, or unknown. Unknown is never taken for refused: it
 * is repeated with the same key until there is an answer.
 */
export type Outcome<Word> = { readonly attempts: number; readonly ms: number } & (
  | Word
  | { readonly outcome: 'unknown'; readonly reason: string }
)

/** What each call is made with, beside what its contract asks for. */
export interface CallOptions {
  readonly key?: string
  readonly requestId: string
  /** The longest that all attempts together may take. */
  readonly timeoutMs: number
}

export interface Attempt extends SendOptions {
  /** From 1 on. */
  readonly attempt: number
}

/** An answer as the generated clients type it, by status. */
export interface Answer {
  readonly status: number
  readonly data?: unknown
}

export interface Question<Given extends Answer, Word> {
  readonly send: (attempt: Attempt) => Promise<Given>
  /** What the callee says of just what it was asked; undefined when it may have been somebody else. */
  readonly read: (answer: Given) => Word | undefined
  /** For the log, when `read` finds nothing: that is a fault to mend. */
  readonly complaint: string
  readonly about: Readonly<Record<string, string>>
}

export interface AskerDeps {
  readonly upstream: ServiceName
  readonly log: Log
}

/** The code of a problem: the rest of an answer may tell of people, so logs get only this. */
const problemCodeIn = (data: unknown): ProblemCode | undefined => {
  const code = (data as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' && isProblemCode(code) ? code : undefined
}

/** The whole of what a contract says, not the status alone: a 404 of something in between is none. */
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

/** Full jitter: callers that failed together must not come back together. */
const pauseMs = (attempts: number) =>
  Math.random() * Math.min(firstPauseMs * 2 ** Math.min(attempts, 10), maxPauseMs)

const createBreaker = ({ upstream, log }: AskerDeps) => {
  const counted = new WeakSet<Error>()
  /** Calls that shared a request all end with the same error: the upstream failed once. */
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
 * Repeats a keyed call until there is an answer or its time is over. When an
 * upstream failed many times in a row, calls end as unknown at once for a
 * moment: callers get their 202 quickly, and recovery goes on later.
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
          return { outcome: 'unknown', reason: reasonOf(error), attempts, ms: elapsedMs() }
        }
        await setTimeoutAsync(waitMs)
      }
    }
  }
}

/** The way to one service: how to send once, and how to ask until there is an answer. */
export interface Upstream {
  readonly send: Send
  readonly ask: ReturnType<typeof createAsker>
}
