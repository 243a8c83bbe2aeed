import { ContractViolation } from './contract-check.ts'
import type { ApiResponse } from '../lab/http.ts'

/**
 * What every client sent and what it was told, with the times of both: the only
 * witness that the invariants are checked against. Nothing in it comes from
 * inside the system.
 */
export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

export interface Sent {
  readonly client: string
  readonly method: Method
  /** Path and query. */
  readonly path: string
  readonly key?: string | undefined
  readonly body?: unknown
}

export interface Told {
  readonly kind: 'told'
  readonly status: number
  readonly body: unknown
  /** `Idempotency-Replayed: true` came with it. */
  readonly replayed: boolean
  /** `Retry-After` came with it: the answer speaks of this moment only. */
  readonly comeBack: boolean
}

/** No answer, or one that leaves open what happened: it may have been done, now or later. */
export interface Unknown {
  readonly kind: 'unknown'
  readonly reason: string
}

export interface Exchange extends Sent {
  readonly sentMs: number
  readonly answeredMs: number
  readonly answer: Told | Unknown
}

/** What was done to the system meanwhile: kills, pauses, ends of faults. */
export interface Mark {
  readonly atMs: number
  readonly text: string
}

/** Statuses after which a client cannot know whether it was done. */
const leavesOpen = (status: number) => status >= 500 || status === 408 || status === 429

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException
  return `${error.name}: ${code ?? error.message}`
}

const answerOf = ({ status, headers, body }: ApiResponse): Told | Unknown => {
  if (leavesOpen(status)) {
    const detail = (body as { detail?: string } | undefined)?.detail ?? ''
    return { kind: 'unknown', reason: `${status} ${detail}` }
  }
  return {
    kind: 'told',
    status,
    body,
    replayed: headers['idempotency-replayed'] === 'true',
    comeBack: headers['retry-after'] !== undefined,
  }
}

export const createHistory = () => {
  const exchanges: Exchange[] = []
  const marks: Mark[] = []

  return {
    exchanges: exchanges as readonly Exchange[],
    marks: marks as readonly Mark[],

    /** Runs one request and keeps what came of it. An answer against the contract is a failure of the test. */
    record: async (sent: Sent, send: () => Promise<ApiResponse>): Promise<Exchange> => {
      const sentMs = performance.now()
      let answer: Told | Unknown
      try {
        answer = answerOf(await send())
      } catch (error) {
        if (error instanceof ContractViolation) throw error
        answer = { kind: 'unknown', reason: reasonOf(error) }
      }
      const exchange = { ...sent, sentMs, answeredMs: performance.now(), answer }
      exchanges.push(exchange)
      return exchange
    },

    mark: (text: string): void => {
      marks.push({ atMs: performance.now(), text })
    },
  }
}

export type History = ReturnType<typeof createHistory>
