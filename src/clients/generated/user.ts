/**
 * Generated from openapi/user.yaml by `npm run contracts:emit`. Do not edit.
 */
import { describeCall } from '../describe-call.ts'
export interface NewUser {
  /**
   * Unique, whatever the case
   * @pattern ^[A-Za-z0-9._-]{3,64}$
   */
  username: string
  /**
   * Unique, whatever the case; letters go there
   * @maxLength 254
   * @pattern ^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$
   */
  email: string
  /** @pattern ^\+?[0-9][0-9 ()-]{3,30}$ */
  phone?: string
  /**
   * @minLength 1
   * @maxLength 100
   * @pattern ^[^\u0000]*$
   */
  firstName?: string
  /**
   * @minLength 1
   * @maxLength 100
   * @pattern ^[^\u0000]*$
   */
  lastName?: string
}

/**
 * What went wrong, for programs
 */
export type ProblemCode =
  | 'malformed-http'
  | 'validation-failed'
  | 'malformed-json'
  | 'invalid-idempotency-key'
  | 'insufficient-funds'
  | 'not-found'
  | 'user-not-found'
  | 'account-not-found'
  | 'order-not-found'
  | 'method-not-allowed'
  | 'request-timeout'
  | 'username-taken'
  | 'email-taken'
  | 'account-differs'
  | 'balance-limit'
  | 'refund-exceeds-withdrawal'
  | 'withdrawal-refunded'
  | 'order-undecided'
  | 'order-not-approved'
  | 'change-in-progress'
  | 'payload-too-large'
  | 'unsupported-media-type'
  | 'idempotency-key-reused'
  | 'misdirected-request'
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

/**
 * PENDING until billing confirmed the account; it becomes OPEN by itself
 */
export type UserAccount = 'PENDING' | 'OPEN'
/**
 * Somebody who orders
 */
export interface User {
  /** Id of the user */
  id: string
  username: string
  email: string
  /** @nullable */
  phone: string | null
  /** @nullable */
  firstName: string | null
  /** @nullable */
  lastName: string | null
  /** PENDING until billing confirmed the account; it becomes OPEN by itself */
  account: UserAccount
  /** UTC */
  createdAt: string
}

export type createUserResponse201 = {
  data: User
  status: 201
}

export type createUserResponse202 = {
  data: User
  status: 202
}

export type createUserResponse400 = {
  data: Problem
  status: 400
}

export type createUserResponse409 = {
  data: Problem
  status: 409
}

export type createUserResponse413 = {
  data: Problem
  status: 413
}

export type createUserResponse415 = {
  data: Problem
  status: 415
}

export type createUserResponse422 = {
  data: Problem
  status: 422
}

export type createUserResponse500 = {
  data: Problem
  status: 500
}

export type createUserResponse502 = {
  data: Problem
  status: 502
}

export type createUserResponse503 = {
  data: Problem
  status: 503
}

export type createUserResponse504 = {
  data: Problem
  status: 504
}

export type createUserResponseSuccess = (createUserResponse201 | createUserResponse202) & {
  headers: Record<string, string>
}
export type createUserResponseError = (
  | createUserResponse400
  | createUserResponse409
  | createUserResponse413
  | createUserResponse415
  | createUserResponse422
  | createUserResponse500
  | createUserResponse502
  | createUserResponse503
  | createUserResponse504
) & {
  headers: Record<string, string>
}

export type createUserResponse = createUserResponseSuccess | createUserResponseError

export const getCreateUserUrl = () => {
  return `/users`
}

/**
 * Answers 201 when billing opened the account at once. When billing does not answer in time the user exists all the same, and the account opens by itself.
 * @summary Create a user and open an account
 */
export const createUser = (newUser: NewUser, options?: Parameters<typeof describeCall>[1]) => {
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
  return describeCall<createUserResponse>(getCreateUserUrl(), {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(newUser),
  })
}

export type getUserResponse200 = {
  data: User
  status: 200
}

export type getUserResponse400 = {
  data: Problem
  status: 400
}

export type getUserResponse404 = {
  data: Problem
  status: 404
}

export type getUserResponse500 = {
  data: Problem
  status: 500
}

export type getUserResponse502 = {
  data: Problem
  status: 502
}

export type getUserResponse503 = {
  data: Problem
  status: 503
}

export type getUserResponse504 = {
  data: Problem
  status: 504
}

export type getUserResponseSuccess = getUserResponse200 & {
  headers: Record<string, string>
}
export type getUserResponseError = (
  | getUserResponse400
  | getUserResponse404
  | getUserResponse500
  | getUserResponse502
  | getUserResponse503
  | getUserResponse504
) & {
  headers: Record<string, string>
}

export type getUserResponse = getUserResponseSuccess | getUserResponseError

export const getGetUserUrl = (userId: string) => {
  return `/users/${encodeURIComponent(String(userId))}`
}

/**
 * The user as it is now, with the state of the account.
 * @summary A user
 */
export const getUser = (userId: string, options?: Parameters<typeof describeCall>[1]) => {
  return describeCall<getUserResponse>(getGetUserUrl(userId), {
    ...options,
    method: 'GET',
  })
}
