import { setTimeout as setTimeoutAsync } from 'node:timers/promises'
import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel'
import type { ServiceName } from '../../registry.ts'
import { betweenCheckpoints } from '../base/checkpoints.ts'
import { exchange } from './exchange.ts'
import { openPool } from './pool.ts'
import { userAgentOf } from '../base/user-agent.ts'
import { callTimers, type Log, type Metrics } from '../base/telemetry.ts'

/**
 * Calls between services. A call ends in one of three ways: done or refused
 * (an answer: the generated client types it by status) or unknown (thrown as
 * UnknownOutcomeError here). Unknown is never taken for refused: it is repeated
 * with the same key until there is an answer.
 */
export class UnknownOutcomeError extends Error {
  override name = 'UnknownOutcomeError'
}

export interface TransportRequest {
  readonly method: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: string
  /** The longest this attempt may take, if that is less than the transport's own limit. */
  readonly timeoutMs?: number
}

export interface TransportResponse {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: string
}

export interface Transport {
  send(request: TransportRequest): Promise<TransportResponse>
}

export interface TransportDeps {
  readonly caller: ServiceName
  readonly upstream: ServiceName
  readonly baseUrl: string
  readonly callTimeoutMs: number
  readonly metrics: Metrics
}

const connectionsPerUpstream = 64

/** Statuses that leave open whether the work was done, or that ask to come back. */
export const leavesOpen = (status: number) => status >= 500 || status === 408 || status === 429

const withoutIds = (path: string) => path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '{id}')

const reasonOf = (error: unknown) =>
  error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error)

export const createTransport = (deps: TransportDeps) => {
  const { upstream, baseUrl, callTimeoutMs, metrics } = deps
  const userAgent = userAgentOf(deps.caller)
  const pool = openPool(baseUrl, connectionsPerUpstream, callTimeoutMs)
  const { answered, unknown } = callTimers(metrics, upstream)

  const attempt = async (request: TransportRequest): Promise<TransportResponse> => {
    const { method, path, body = null } = request
    const headers = { ...request.headers, 'user-agent': userAgent }
    const timeoutMs = Math.min(request.timeoutMs ?? callTimeoutMs, callTimeoutMs)
    const response = await exchange(pool, { method, path, headers, body, timeoutMs })
    if (!leavesOpen(response.status)) return response
    throw new UnknownOutcomeError(`${upstream} answered ${response.status}`)
  }

  const send = async (request: TransportRequest): Promise<TransportResponse> => {
    const startedAtMs = performance.now()
    try {
      const name = `${request.method} ${upstream}${withoutIds(request.path)}`
      const response = await betweenCheckpoints('call', name, () => attempt(request))
      answered.observe((performance.now() - startedAtMs) / 1e3)
      return response
    } catch (error) {
      unknown.observe((performance.now() - startedAtMs) / 1e3)
      if (error instanceof UnknownOutcomeError) throw error
      const message = `${upstream} did not answer: ${reasonOf(error)}`
      throw new UnknownOutcomeError(message, { cause: error })
    }
  }

  return { send, close: () => pool.destroy() }
}

export type Outcome<Answer> = { readonly attempts: number; readonly ms: number } & (
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'unknown'; readonly reason: string }
)

export interface CallerDeps {
  readonly upstream: ServiceName
  readonly log: Log
}

const breakerFailures = 10
const breakerPauseMs = 500
const firstPauseMs = 40
const maxPauseMs = 400

/** Full jitter: callers that failed together must not come back together. */
const pauseMs = (attempts: number) =>
  Math.random() * Math.min(firstPauseMs * 2 ** Math.min(attempts, 10), maxPauseMs)

/**
 * Repeats a keyed call until there is an answer or the budget is spent. When an
 * upstream failed many times in a row, calls end as unknown at once for a
 * moment: callers get their 202 quickly, and recovery goes on later.
 */
export const createCaller = ({ upstream, log }: CallerDeps) => {
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

  return async <Answer>(
    budgetMs: number,
    call: (timeoutMs: number, attempt: number) => Promise<Answer>,
  ): Promise<Outcome<Answer>> => {
    const startedAtMs = performance.now()
    const elapsedMs = () => Math.round(performance.now() - startedAtMs)
    for (let attempts = 1; ; attempts += 1) {
      try {
        const answer = await breaker.execute(() =>
          call(Math.max(1, budgetMs - elapsedMs()), attempts),
        )
        return { kind: 'answered', answer, attempts, ms: elapsedMs() }
      } catch (error) {
        const isBroken = error instanceof BrokenCircuitError
        if (!isBroken && !(error instanceof UnknownOutcomeError)) throw error
        const waitMs = pauseMs(attempts)
        if (isBroken || elapsedMs() + waitMs >= budgetMs) {
          return { kind: 'unknown', reason: reasonOf(error), attempts, ms: elapsedMs() }
        }
        await setTimeoutAsync(waitMs)
      }
    }
  }
}

export type Caller = ReturnType<typeof createCaller>
