import { request } from 'undici'
import { createContractChecker, type ContractChecker } from '../judge/contract-check.ts'

/**
 * The tests' own client: it sends plain requests, as every program would, and checks each answer
 * against the contracts. It works for the gateway and for a single service, because their paths are
 * the same.
 */
export interface RequestOptions {
  /** Sent as `Idempotency-Key`. */
  readonly key?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
  /** `false` for answers that no service gave, for example those of a broken proxy. */
  readonly check?: boolean
}

/** The result of `JSON.parse`. The check by the contract proves that it has the right members. */
type Parsed = ReturnType<typeof JSON.parse>

export interface ApiResponse<Body = Parsed> {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Parsed if it is JSON, the text if it is not, undefined if there is none. */
  readonly body: Body
  readonly text: string
}

const defaultTimeoutMs = 15_000

const parseBody = (contentType: unknown, text: string): Parsed => {
  if (text === '') return undefined
  return /[/+]json\b/.test(String(contentType)) ? JSON.parse(text) : text
}

let loaded: ContractChecker | undefined

/** Loads the contracts once, for the first answer that needs a check. */
const sharedChecker = () => (loaded ??= createContractChecker())

export interface ApiOptions {
  readonly checker?: ContractChecker
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>
}

export const api = (baseUrl: string, { checker, headers: always }: ApiOptions = {}) => {
  const send = async <Body = Parsed>(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT' | 'HEAD' | 'OPTIONS',
    path: string,
    text: string | undefined,
    options: RequestOptions = {},
  ): Promise<ApiResponse<Body>> => {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs)
    const response = await request(new URL(path, baseUrl), {
      method,
      // A new connection each time: a service that restarted must not be reached on an old one.
      reset: true,
      signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
      headers: {
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
        ...(options.key === undefined ? {} : { 'idempotency-key': options.key }),
        ...always,
        ...options.headers,
      },
      body: text ?? null,
    })
    const { statusCode: status, headers } = response
    const received = await response.body.text()
    const body = parseBody(headers['content-type'], received)
    if (options.check !== false) {
      const { check } = checker ?? sharedChecker()
      check({ method, path, status, headers, body })
    }
    return { status, headers, body, text: received }
  }

  const json = (body: unknown) => (body === undefined ? undefined : JSON.stringify(body))

  return {
    /** Sends the text as it is, for bodies that are deliberately wrong. */
    send,
    get: <Body = Parsed>(path: string, options?: RequestOptions) =>
      send<Body>('GET', path, undefined, options),
    post: <Body = Parsed>(path: string, body?: unknown, options?: RequestOptions) =>
      send<Body>('POST', path, json(body), options),
    patch: <Body = Parsed>(path: string, body?: unknown, options?: RequestOptions) =>
      send<Body>('PATCH', path, json(body), options),
    delete: <Body = Parsed>(path: string, options?: RequestOptions) =>
      send<Body>('DELETE', path, undefined, options),
  }
}

export type Api = ReturnType<typeof api>
