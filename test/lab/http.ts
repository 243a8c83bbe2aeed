import { request } from 'undici'
import { createContractChecker, type ContractChecker } from '../judge/contract-check.ts'
import { authorizationOf, noteAnswer, withPassword, type As } from './wallet.ts'

/**
 * The tests' own client: it sends plain requests, as every program would, and checks each answer
 * against the contracts. It works for the gateway and for a single service, because their paths are
 * the same. Each request carries the token that its route needs.
 */
export interface RequestOptions {
  /** Who asks, if it is not the owner of what the request is about. */
  readonly as?: As | undefined
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

export type HttpMethod = 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT' | 'HEAD' | 'OPTIONS'

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

/** What the request says, as far as it can be read. */
const parseSent = (text: string | undefined): unknown => {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
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
    method: HttpMethod,
    path: string,
    text: string | undefined,
    options: RequestOptions = {},
  ): Promise<ApiResponse<Body>> => {
    const timeout = AbortSignal.timeout(options.timeoutMs ?? defaultTimeoutMs)
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout
    const asked = { method, path, body: parseSent(text), as: options.as }
    const given = { ...always, ...options.headers }
    const { authorization = await authorizationOf(baseUrl, asked, signal) } = given
    const response = await request(new URL(path, baseUrl), {
      method,
      // A new connection each time: a service that restarted must not be reached on an old one.
      reset: true,
      signal,
      headers: {
        ...(text === undefined ? {} : { 'content-type': 'application/json' }),
        ...(options.key === undefined ? {} : { 'idempotency-key': options.key }),
        ...(authorization === undefined ? {} : { authorization }),
        ...given,
      },
      body: text ?? null,
    })
    const { statusCode: status, headers } = response
    const received = await response.body.text()
    const body = parseBody(headers['content-type'], received)
    noteAnswer(baseUrl, asked, status, body)
    if (options.check !== false) {
      const { check } = checker ?? sharedChecker()
      check({ method, path, status, headers, body })
    }
    return { status, headers, body, text: received }
  }

  /** Sends a value as JSON. A new user gets a password if the value has none. */
  const ask = <Body = Parsed>(
    method: HttpMethod,
    path: string,
    body: unknown,
    options?: RequestOptions,
  ) => {
    const sent = withPassword({ method, path, body })
    return send<Body>(method, path, sent === undefined ? undefined : JSON.stringify(sent), options)
  }

  return {
    /** Sends the text as it is, for bodies that are deliberately wrong. */
    send,
    ask,
    get: <Body = Parsed>(path: string, options?: RequestOptions) =>
      send<Body>('GET', path, undefined, options),
    post: <Body = Parsed>(path: string, body?: unknown, options?: RequestOptions) =>
      ask<Body>('POST', path, body, options),
    patch: <Body = Parsed>(path: string, body?: unknown, options?: RequestOptions) =>
      ask<Body>('PATCH', path, body, options),
    delete: <Body = Parsed>(path: string, options?: RequestOptions) =>
      send<Body>('DELETE', path, undefined, options),
  }
}

export type Api = ReturnType<typeof api>
