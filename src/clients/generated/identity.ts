/**
 * Generated from openapi/identity.yaml by `npm run contracts:emit`. Do not edit.
 */
import { describeCall } from '../describe-call.ts'
/**
 * What somebody asked for by a role, written down before it was done
 */
export interface Act {
  /** Id of the act */
  id: string
  /** UTC */
  at: string
  /** Id of who asked: an operator, or a teller who put money on an account */
  operator: string
  method: string
  route: string
  /** The path with its query, as it was asked for */
  target: string
  /**
   * Id of the user whom the request names
   * @nullable
   */
  subject: string | null
  /** Find the request in the logs by this id */
  requestId: string
}

export interface ActPage {
  items: Act[]
  /**
   * `cursor` of the next page, null on the last
   * @nullable
   */
  next: string | null
}

export interface Credentials {
  /**
   * @minLength 1
   * @maxLength 64
   * @pattern ^[^\u0000]*$
   */
  username: string
  /**
   * @minLength 1
   * @maxLength 256
   * @pattern ^[^\u0000]*$
   */
  password: string
}

/**
 * Somebody who may sign in
 */
export interface Login {
  /** Id of the user */
  userId: string
  username: string
}

export type NewLoginLocale = 'en' | 'ru'
export interface NewLogin {
  /** Id of the user */
  userId: string
  /**
   * @minLength 1
   * @maxLength 64
   * @pattern ^[^\u0000]*$
   */
  username: string
  /**
   * @maxLength 254
   * @pattern ^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$
   */
  email: string
  locale: NewLoginLocale
  /**
   * argon2id, in the PHC form
   * @pattern ^\$argon2id\$v=19\$m=(?:102[4-9]|10[3-9]\d|1[1-9]\d\d|[2-9]\d{3}|[1-9]\d{4,5}),t=2,p=1\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{43}$
   */
  passwordHash: string
}

/**
 * What went wrong, for programs
 */
export type ProblemCode =
  | 'malformed-http'
  | 'validation-failed'
  | 'malformed-json'
  | 'invalid-idempotency-key'
  | 'unauthenticated'
  | 'wrong-credentials'
  | 'session-ended'
  | 'insufficient-funds'
  | 'forbidden'
  | 'not-found'
  | 'user-not-found'
  | 'account-not-found'
  | 'order-not-found'
  | 'company-not-found'
  | 'category-not-found'
  | 'offer-not-found'
  | 'booking-not-found'
  | 'owed-not-found'
  | 'member-not-found'
  | 'method-not-allowed'
  | 'request-timeout'
  | 'username-taken'
  | 'email-taken'
  | 'user-exists'
  | 'login-differs'
  | 'account-differs'
  | 'balance-limit'
  | 'refund-exceeds-withdrawal'
  | 'withdrawal-refunded'
  | 'order-undecided'
  | 'order-not-approved'
  | 'change-in-progress'
  | 'company-inactive'
  | 'resource-taken'
  | 'offer-taken'
  | 'offer-closed'
  | 'booking-released'
  | 'booking-undecided'
  | 'booking-not-paid'
  | 'booking-not-over'
  | 'too-late-to-cancel'
  | 'member-exists'
  | 'member-limit'
  | 'last-admin'
  | 'category-limit'
  | 'nothing-owed'
  | 'work-in-progress'
  | 'too-early'
  | 'payload-too-large'
  | 'unsupported-media-type'
  | 'idempotency-key-reused'
  | 'misdirected-request'
  | 'too-many-attempts'
  | 'headers-too-large'
  | 'internal'
  | 'unknown-transfer-coding'
  | 'upstream-unavailable'
  | 'overloaded'
  | 'unavailable'
  | 'upstream-timeout'
  | 'outcome-unknown'
export type ProblemErrorsItem = {
  field: string
  message: string
}

export interface Problem {
  /** What went wrong, as a URI: names the code */
  type: string
  /** What went wrong, for people */
  title: string
  /** The HTTP status again */
  status: number
  /** What to do about this one */
  detail: string
  /** What went wrong, for programs */
  code: ProblemCode
  /** Find the request in the logs by this id */
  requestId: string
  /** Which fields were not valid, and why */
  errors?: ProblemErrorsItem[]
}

export interface RefreshToken {
  /**
   * @minLength 1
   * @maxLength 200
   * @pattern ^[^\u0000]*$
   */
  refreshToken: string
}

export type TokensTokenType = 'Bearer'
export interface Tokens {
  /** Send it as `Authorization: Bearer …` */
  accessToken: string
  tokenType: TokensTokenType
  /** Seconds until the access token ends */
  expiresIn: number
  /** Serves once, for the next tokens: keep only the newest */
  refreshToken: string
}

export type ListIdentityActsParams = {
  /**
   * Id of the operator or teller
   */
  operator?: string
  /**
   * Id of the user whom the requests name
   */
  subject?: string
  /**
   * How many items at most, 20 if not said
   * @minimum 1
   * @maximum 100
   */
  limit?: number
  /**
   * `next` of the page before; leave out for the first page
   */
  cursor?: string
}

export type signInResponse200 = {
  data: Tokens
  status: 200
}

export type signInResponse400 = {
  data: Problem
  status: 400
}

export type signInResponse401 = {
  data: Problem
  status: 401
}

export type signInResponse413 = {
  data: Problem
  status: 413
}

export type signInResponse415 = {
  data: Problem
  status: 415
}

export type signInResponse429 = {
  data: Problem
  status: 429
}

export type signInResponse500 = {
  data: Problem
  status: 500
}

export type signInResponse502 = {
  data: Problem
  status: 502
}

export type signInResponse503 = {
  data: Problem
  status: 503
}

export type signInResponse504 = {
  data: Problem
  status: 504
}

export type signInResponseSuccess = signInResponse200 & {
  headers: Record<string, string>
}
export type signInResponseError = (
  | signInResponse400
  | signInResponse401
  | signInResponse413
  | signInResponse415
  | signInResponse429
  | signInResponse500
  | signInResponse502
  | signInResponse503
  | signInResponse504
) & {
  headers: Record<string, string>
}

export type signInResponse = signInResponseSuccess | signInResponseError

export const getSignInUrl = () => {
  return `/sessions`
}

/**
 * For scripts; pages use the code flow of the issuer. A wrong password and a name that does not exist get the same answer. After some failures there is a 429, also for the right password. It takes no Idempotency-Key: every repeat is a session of its own.
 * @summary Sign in
 */
export const signIn = (credentials: Credentials, options?: Parameters<typeof describeCall>[1]) => {
  const getHeaders = (
    h?: NonNullable<RequestInit['headers']>,
  ): Record<string, string | readonly string[]> => {
    if (!h) return {}
    if (h instanceof Headers) return Object.fromEntries(h.entries())
    if (Symbol.iterator in h) {
      return Object.fromEntries(
        Array.from(
          h as Iterable<Iterable<string>>,
          (entry) => Array.from(entry) as [string, string],
        ),
      )
    }
    const headers: Record<string, string | readonly string[]> = {}
    for (const [name, value] of Object.entries<string | readonly string[] | undefined>(h)) {
      if (value !== undefined) headers[name] = value
    }
    return headers
  }
  return describeCall<signInResponse>(getSignInUrl(), {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(credentials),
  })
}

export type refreshSessionResponse200 = {
  data: Tokens
  status: 200
}

export type refreshSessionResponse400 = {
  data: Problem
  status: 400
}

export type refreshSessionResponse401 = {
  data: Problem
  status: 401
}

export type refreshSessionResponse413 = {
  data: Problem
  status: 413
}

export type refreshSessionResponse415 = {
  data: Problem
  status: 415
}

export type refreshSessionResponse500 = {
  data: Problem
  status: 500
}

export type refreshSessionResponse502 = {
  data: Problem
  status: 502
}

export type refreshSessionResponse503 = {
  data: Problem
  status: 503
}

export type refreshSessionResponse504 = {
  data: Problem
  status: 504
}

export type refreshSessionResponseSuccess = refreshSessionResponse200 & {
  headers: Record<string, string>
}
export type refreshSessionResponseError = (
  | refreshSessionResponse400
  | refreshSessionResponse401
  | refreshSessionResponse413
  | refreshSessionResponse415
  | refreshSessionResponse500
  | refreshSessionResponse502
  | refreshSessionResponse503
  | refreshSessionResponse504
) & {
  headers: Record<string, string>
}

export type refreshSessionResponse = refreshSessionResponseSuccess | refreshSessionResponseError

export const getRefreshSessionUrl = () => {
  return `/sessions/refresh`
}

/**
 * A refresh token serves once. When one comes a second time, somebody else may have it: the session ends, and with it the newest token.
 * @summary Get the next tokens
 */
export const refreshSession = (
  refreshToken: RefreshToken,
  options?: Parameters<typeof describeCall>[1],
) => {
  const getHeaders = (
    h?: NonNullable<RequestInit['headers']>,
  ): Record<string, string | readonly string[]> => {
    if (!h) return {}
    if (h instanceof Headers) return Object.fromEntries(h.entries())
    if (Symbol.iterator in h) {
      return Object.fromEntries(
        Array.from(
          h as Iterable<Iterable<string>>,
          (entry) => Array.from(entry) as [string, string],
        ),
      )
    }
    const headers: Record<string, string | readonly string[]> = {}
    for (const [name, value] of Object.entries<string | readonly string[] | undefined>(h)) {
      if (value !== undefined) headers[name] = value
    }
    return headers
  }
  return describeCall<refreshSessionResponse>(getRefreshSessionUrl(), {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(refreshToken),
  })
}

export type endSessionResponse204 = {
  data: void
  status: 204
}

export type endSessionResponse400 = {
  data: Problem
  status: 400
}

export type endSessionResponse413 = {
  data: Problem
  status: 413
}

export type endSessionResponse415 = {
  data: Problem
  status: 415
}

export type endSessionResponse500 = {
  data: Problem
  status: 500
}

export type endSessionResponse502 = {
  data: Problem
  status: 502
}

export type endSessionResponse503 = {
  data: Problem
  status: 503
}

export type endSessionResponse504 = {
  data: Problem
  status: 504
}

export type endSessionResponseSuccess = endSessionResponse204 & {
  headers: Record<string, string>
}
export type endSessionResponseError = (
  | endSessionResponse400
  | endSessionResponse413
  | endSessionResponse415
  | endSessionResponse500
  | endSessionResponse502
  | endSessionResponse503
  | endSessionResponse504
) & {
  headers: Record<string, string>
}

export type endSessionResponse = endSessionResponseSuccess | endSessionResponseError

export const getEndSessionUrl = () => {
  return `/sessions/end`
}

/**
 * No refresh token of this session serves any more. The access token lives on until it ends. The answer is the same for a session that has ended before or never was.
 * @summary Sign out
 */
export const endSession = (
  refreshToken: RefreshToken,
  options?: Parameters<typeof describeCall>[1],
) => {
  const getHeaders = (
    h?: NonNullable<RequestInit['headers']>,
  ): Record<string, string | readonly string[]> => {
    if (!h) return {}
    if (h instanceof Headers) return Object.fromEntries(h.entries())
    if (Symbol.iterator in h) {
      return Object.fromEntries(
        Array.from(
          h as Iterable<Iterable<string>>,
          (entry) => Array.from(entry) as [string, string],
        ),
      )
    }
    const headers: Record<string, string | readonly string[]> = {}
    for (const [name, value] of Object.entries<string | readonly string[] | undefined>(h)) {
      if (value !== undefined) headers[name] = value
    }
    return headers
  }
  return describeCall<endSessionResponse>(getEndSessionUrl(), {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(refreshToken),
  })
}

export type makeLoginResponse200 = {
  data: Login
  status: 200
}

export type makeLoginResponse201 = {
  data: Login
  status: 201
}

export type makeLoginResponse400 = {
  data: Problem
  status: 400
}

export type makeLoginResponse401 = {
  data: Problem
  status: 401
}

export type makeLoginResponse409 = {
  data: Problem
  status: 409
}

export type makeLoginResponse413 = {
  data: Problem
  status: 413
}

export type makeLoginResponse415 = {
  data: Problem
  status: 415
}

export type makeLoginResponse500 = {
  data: Problem
  status: 500
}

export type makeLoginResponse502 = {
  data: Problem
  status: 502
}

export type makeLoginResponse503 = {
  data: Problem
  status: 503
}

export type makeLoginResponse504 = {
  data: Problem
  status: 504
}

export type makeLoginResponseSuccess = (makeLoginResponse200 | makeLoginResponse201) & {
  headers: Record<string, string>
}
export type makeLoginResponseError = (
  | makeLoginResponse400
  | makeLoginResponse401
  | makeLoginResponse409
  | makeLoginResponse413
  | makeLoginResponse415
  | makeLoginResponse500
  | makeLoginResponse502
  | makeLoginResponse503
  | makeLoginResponse504
) & {
  headers: Record<string, string>
}

export type makeLoginResponse = makeLoginResponseSuccess | makeLoginResponseError

export const getMakeLoginUrl = () => {
  return `/identity/logins`
}

/**
 * For the user service, not routed by the gateway. The user is the key: the second time answers 200 with the same login.
 * @summary Make a user’s login
 */
export const makeLogin = (newLogin: NewLogin, options?: Parameters<typeof describeCall>[1]) => {
  const getHeaders = (
    h?: NonNullable<RequestInit['headers']>,
  ): Record<string, string | readonly string[]> => {
    if (!h) return {}
    if (h instanceof Headers) return Object.fromEntries(h.entries())
    if (Symbol.iterator in h) {
      return Object.fromEntries(
        Array.from(
          h as Iterable<Iterable<string>>,
          (entry) => Array.from(entry) as [string, string],
        ),
      )
    }
    const headers: Record<string, string | readonly string[]> = {}
    for (const [name, value] of Object.entries<string | readonly string[] | undefined>(h)) {
      if (value !== undefined) headers[name] = value
    }
    return headers
  }
  return describeCall<makeLoginResponse>(getMakeLoginUrl(), {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(newLogin),
  })
}

export type listIdentityActsResponse200 = {
  data: ActPage
  status: 200
}

export type listIdentityActsResponse400 = {
  data: Problem
  status: 400
}

export type listIdentityActsResponse401 = {
  data: Problem
  status: 401
}

export type listIdentityActsResponse403 = {
  data: Problem
  status: 403
}

export type listIdentityActsResponse500 = {
  data: Problem
  status: 500
}

export type listIdentityActsResponse502 = {
  data: Problem
  status: 502
}

export type listIdentityActsResponse503 = {
  data: Problem
  status: 503
}

export type listIdentityActsResponse504 = {
  data: Problem
  status: 504
}

export type listIdentityActsResponseSuccess = listIdentityActsResponse200 & {
  headers: Record<string, string>
}
export type listIdentityActsResponseError = (
  | listIdentityActsResponse400
  | listIdentityActsResponse401
  | listIdentityActsResponse403
  | listIdentityActsResponse500
  | listIdentityActsResponse502
  | listIdentityActsResponse503
  | listIdentityActsResponse504
) & {
  headers: Record<string, string>
}

export type listIdentityActsResponse =
  | listIdentityActsResponseSuccess
  | listIdentityActsResponseError

export const getListIdentityActsUrl = (params?: ListIdentityActsParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0 ? `/acts/identity?${stringifiedParams}` : `/acts/identity`
}

/**
 * Every request of an operator to this service, reads too, and what others did by a role: the deposits of tellers, where that is their task (`DEPOSITS_BY=teller`). Newest first. It is written down before anything is done.
 * @summary What people did by their roles
 */
export const listIdentityActs = (
  params?: ListIdentityActsParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<listIdentityActsResponse>(getListIdentityActsUrl(params), {
    ...options,
    method: 'GET',
  })
}
