import { ContractViolation } from './contract-check.ts'
import type { ApiResponse } from '../lab/http.ts'
import type { As } from '../lab/wallet.ts'

/**
 * Records what every client sent and what it was told, with the times of both. The invariants are
 * checked against nothing else, and nothing in it comes from inside the system.
 */
export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

export interface Sent {
  readonly client: string
  readonly method: Method
  /** Path and query. */
  readonly path: string
  readonly key?: string | undefined
  readonly body?: unknown
  /** Who acted, if it was not the owner of what the request is about. */
  readonly as?: As | undefined
}

export interface Told {
  readonly kind: 'told'
  readonly status: number
  readonly body: unknown
  /** The answer had `Idempotency-Replayed: true`. */
  readonly replayed: boolean
  /** The answer had `Retry-After`: it is true only for this moment. */
  readonly comeBack: boolean
}

/** The client cannot know what happened: the work may be done, now or later. */
export interface Unknown {
  readonly kind: 'unknown'
  readonly reason: string
}

export interface Exchange extends Sent {
  readonly sentMs: number
  readonly answeredMs: number
  readonly answer: Told | Unknown
}

/** What a test did to the system meanwhile: kills, pauses, ends of faults. */
export interface Mark {
  readonly atMs: number
  readonly text: string
}

/** Statuses after which a client cannot know whether the work was done. */
const leavesOpen = (status: number) => status >= 500 || status === 408 || status === 429

/** Where a wrong password or an old refresh token is refused, nobody shows an access token. */
const isAboutSessions = ({ path }: Sent) => path.startsWith('/sessions')

/** Our clients show good tokens, and none of them is ever refused, whatever breaks. */
const refuseWrongRefusal = (sent: Sent, { status, text }: ApiResponse) => {
  if (status !== 401 || sent.as === 'nobody' || isAboutSessions(sent)) return
  throw new ContractViolation(`${sent.method} ${sent.path} refused a good token: ${text}`)
}

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

    /** Runs one request and records its end. An answer that breaks the contract fails the test. */
    record: async (sent: Sent, send: () => Promise<ApiResponse>): Promise<Exchange> => {
      const sentMs = performance.now()
      let answer: Told | Unknown
      try {
        const response = await send()
        refuseWrongRefusal(sent, response)
        answer = answerOf(response)
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
