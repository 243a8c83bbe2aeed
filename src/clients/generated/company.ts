/**
 * Generated from openapi/company.yaml by `npm run contracts:emit`. Do not edit.
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

export type ListCompanyActsParams = {
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

export type listCompanyActsResponse200 = {
  data: ActPage
  status: 200
}

export type listCompanyActsResponse400 = {
  data: Problem
  status: 400
}

export type listCompanyActsResponse401 = {
  data: Problem
  status: 401
}

export type listCompanyActsResponse403 = {
  data: Problem
  status: 403
}

export type listCompanyActsResponse500 = {
  data: Problem
  status: 500
}

export type listCompanyActsResponse502 = {
  data: Problem
  status: 502
}

export type listCompanyActsResponse503 = {
  data: Problem
  status: 503
}

export type listCompanyActsResponse504 = {
  data: Problem
  status: 504
}

export type listCompanyActsResponseSuccess = listCompanyActsResponse200 & {
  headers: Record<string, string>
}
export type listCompanyActsResponseError = (
  | listCompanyActsResponse400
  | listCompanyActsResponse401
  | listCompanyActsResponse403
  | listCompanyActsResponse500
  | listCompanyActsResponse502
  | listCompanyActsResponse503
  | listCompanyActsResponse504
) & {
  headers: Record<string, string>
}

export type listCompanyActsResponse = listCompanyActsResponseSuccess | listCompanyActsResponseError

export const getListCompanyActsUrl = (params?: ListCompanyActsParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0 ? `/acts/company?${stringifiedParams}` : `/acts/company`
}

/**
 * Every request of an operator to this service, reads too, and what others did by a role: the deposits of tellers, where that is their task (`DEPOSITS_BY=teller`). Newest first. It is written down before anything is done.
 * @summary What people did by their roles
 */
export const listCompanyActs = (
  params?: ListCompanyActsParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<listCompanyActsResponse>(getListCompanyActsUrl(params), {
    ...options,
    method: 'GET',
  })
}
