/**
 * Generated from openapi/notification.yaml by `npm run contracts:emit`. Do not edit.
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

export interface Found {
  service: string
  /** What it is */
  kind: string
  /** Id of what was found */
  id: string
  /**
   * Id of whose it is; null if it is nobody’s
   * @nullable
   */
  userId: string | null
}

export interface FoundThings {
  items: Found[]
}

/**
 * What the letter is about
 */
export type LetterKind =
  | 'ORDER_APPROVED'
  | 'ORDER_REJECTED'
  | 'ORDER_CANCELLED'
  | 'ORDER_REPRICED'
  | 'BOOKING_PAID'
  | 'BOOKING_REFUSED'
  | 'BOOKING_RELEASED'
  | 'BOOKING_CANCELLED'
  | 'OFFER_BOOKED'
  | 'OFFER_REFUSED'
  | 'OFFER_RELEASED'
  | 'OFFER_CANCELLED'
  | 'DEPOSIT'
/**
 * A letter as it was written
 */
export interface Letter {
  /** Id of the letter */
  id: string
  /** Id of the user it was written to */
  userId: string
  /** Where it was sent */
  email: string
  /** What the letter is about */
  kind: LetterKind
  /**
   * Id of the order it is about
   * @nullable
   */
  orderId: string | null
  /**
   * Id of the booking it is about
   * @nullable
   */
  bookingId: string | null
  /**
   * Money in minor units (kopecks)
   * @minimum 1
   * @maximum 9007199254740991
   */
  amount: number
  /** Names the amount */
  subject: string
  /** Names the amount, and the order or booking */
  body: string
  /** UTC */
  createdAt: string
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

export type LetterAnswersAnswersItem = {
  /** The status of the plain call’s answer */
  status: number
  body: Letter | Problem
}

export interface LetterAnswers {
  answers: LetterAnswersAnswersItem[]
}

export interface LetterPage {
  items: Letter[]
  /**
   * `cursor` of the next page, null on the last
   * @nullable
   */
  next: string | null
}

/**
 * What became of the booking: `BOOKING_…` for the customer, `OFFER_…` for a manager
 */
export type NewBookingLetterKind =
  | 'BOOKING_PAID'
  | 'BOOKING_REFUSED'
  | 'BOOKING_RELEASED'
  | 'BOOKING_CANCELLED'
  | 'OFFER_BOOKED'
  | 'OFFER_REFUSED'
  | 'OFFER_RELEASED'
  | 'OFFER_CANCELLED'
/**
 * Who cancelled it; null unless it was cancelled
 * @nullable
 */
export type NewBookingLetterCancelledBy = 'CUSTOMER' | 'COMPANY' | 'OPERATOR' | null
export interface NewBookingLetter {
  /**
   * The sender’s own key: one letter for each, whatever is repeated
   * @minLength 1
   * @maxLength 100
   * @pattern ^[^\u0000]*$
   */
  key: string
  /** Id of the user to write to */
  userId: string
  /**
   * Where to write
   * @maxLength 254
   * @pattern ^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$
   */
  email: string
  /**
   * Money in minor units (kopecks)
   * @minimum 1
   * @maximum 9007199254740991
   */
  amount: number
  /** What became of the booking: `BOOKING_…` for the customer, `OFFER_…` for a manager */
  kind: NewBookingLetterKind
  /** Id of the booking it is about */
  bookingId: string
  /**
   * What was offered
   * @minLength 1
   * @maxLength 200
   * @pattern ^[^\u0000]*$
   */
  title: string
  /**
   * When it begins: a time with its offset, or in UTC with Z
   * @pattern ^[2-9]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$
   */
  startsAt: string
  /**
   * A time zone by its name in the IANA list
   * @maxLength 64
   * @pattern ^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$
   */
  timeZone: string
  /**
   * Who cancelled it; null unless it was cancelled
   * @nullable
   */
  cancelledBy: NewBookingLetterCancelledBy
  /**
   * What was said when it was cancelled, or the code that says why it was refused or released (insufficient-funds, account-not-found, hold-over, offer-withdrawn); null when it was paid
   * @minLength 1
   * @maxLength 500
   * @nullable
   * @pattern ^[^\u0000]*$
   */
  reason: string | null
}

export type NewDepositLetterKind = 'DEPOSIT'
export interface NewDepositLetter {
  /**
   * The sender’s own key: one letter for each, whatever is repeated
   * @minLength 1
   * @maxLength 100
   * @pattern ^[^\u0000]*$
   */
  key: string
  /** Id of the user to write to */
  userId: string
  /**
   * Where to write
   * @maxLength 254
   * @pattern ^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$
   */
  email: string
  /**
   * Money in minor units (kopecks)
   * @minimum 1
   * @maximum 9007199254740991
   */
  amount: number
  kind: NewDepositLetterKind
}

/**
 * What became of the order
 */
export type NewOrderLetterKind =
  | 'ORDER_APPROVED'
  | 'ORDER_REJECTED'
  | 'ORDER_CANCELLED'
  | 'ORDER_REPRICED'
export interface NewOrderLetter {
  /**
   * The sender’s own key: one letter for each, whatever is repeated
   * @minLength 1
   * @maxLength 100
   * @pattern ^[^\u0000]*$
   */
  key: string
  /** Id of the user to write to */
  userId: string
  /**
   * Where to write
   * @maxLength 254
   * @pattern ^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$
   */
  email: string
  /**
   * Money in minor units (kopecks)
   * @minimum 1
   * @maximum 9007199254740991
   */
  amount: number
  /** What became of the order */
  kind: NewOrderLetterKind
  /** Id of the order it is about */
  orderId: string
}

export type NewLetter = NewOrderLetter | NewBookingLetter | NewDepositLetter

export type NewLettersLettersItem = {
  /**
   * The caller’s request, to be found in the logs
   * @pattern ^[A-Za-z0-9._-]{1,64}$
   */
  requestId: string
  letter: NewLetter
}

export interface NewLetters {
  /**
   * @minItems 1
   * @maxItems 64
   */
  letters: NewLettersLettersItem[]
}

export type ListLettersParams = {
  /**
   * Id of the user; you, if it is left out
   */
  userId?: string
  /**
   * Id of the order
   */
  orderId?: string
  /**
   * Id of the booking
   */
  bookingId?: string
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

export type ListNotificationActsParams = {
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

export type SearchNotificationParams = {
  /**
   * What you know, whole
   * @minLength 1
   * @maxLength 255
   * @pattern ^[^\u0000]*$
   */
  q: string
}

export type sendLetterResponse200 = {
  data: Letter
  status: 200
}

export type sendLetterResponse201 = {
  data: Letter
  status: 201
}

export type sendLetterResponse400 = {
  data: Problem
  status: 400
}

export type sendLetterResponse401 = {
  data: Problem
  status: 401
}

export type sendLetterResponse413 = {
  data: Problem
  status: 413
}

export type sendLetterResponse415 = {
  data: Problem
  status: 415
}

export type sendLetterResponse422 = {
  data: Problem
  status: 422
}

export type sendLetterResponse500 = {
  data: Problem
  status: 500
}

export type sendLetterResponse502 = {
  data: Problem
  status: 502
}

export type sendLetterResponse503 = {
  data: Problem
  status: 503
}

export type sendLetterResponse504 = {
  data: Problem
  status: 504
}

export type sendLetterResponseSuccess = (sendLetterResponse200 | sendLetterResponse201) & {
  headers: Record<string, string>
}
export type sendLetterResponseError = (
  | sendLetterResponse400
  | sendLetterResponse401
  | sendLetterResponse413
  | sendLetterResponse415
  | sendLetterResponse422
  | sendLetterResponse500
  | sendLetterResponse502
  | sendLetterResponse503
  | sendLetterResponse504
) & {
  headers: Record<string, string>
}

export type sendLetterResponse = sendLetterResponseSuccess | sendLetterResponseError

export const getSendLetterUrl = () => {
  return `/notifications`
}

/**
 * For the other services, not routed by the gateway. The key makes it safe to repeat: the second time answers 200 with the letter of the first.
 * @summary Write a letter
 */
export const sendLetter = (newLetter: NewLetter, options?: Parameters<typeof describeCall>[1]) => {
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
  return describeCall<sendLetterResponse>(getSendLetterUrl(), {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(newLetter),
  })
}

export type listLettersResponse200 = {
  data: LetterPage
  status: 200
}

export type listLettersResponse400 = {
  data: Problem
  status: 400
}

export type listLettersResponse401 = {
  data: Problem
  status: 401
}

export type listLettersResponse500 = {
  data: Problem
  status: 500
}

export type listLettersResponse502 = {
  data: Problem
  status: 502
}

export type listLettersResponse503 = {
  data: Problem
  status: 503
}

export type listLettersResponse504 = {
  data: Problem
  status: 504
}

export type listLettersResponseSuccess = listLettersResponse200 & {
  headers: Record<string, string>
}
export type listLettersResponseError = (
  | listLettersResponse400
  | listLettersResponse401
  | listLettersResponse500
  | listLettersResponse502
  | listLettersResponse503
  | listLettersResponse504
) & {
  headers: Record<string, string>
}

export type listLettersResponse = listLettersResponseSuccess | listLettersResponseError

export const getListLettersUrl = (params?: ListLettersParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0 ? `/notifications?${stringifiedParams}` : `/notifications`
}

/**
 * Newest first. Without `userId`, `orderId` and `bookingId` all of yours, and for an operator everybody’s. Nobody else sees letters that are not theirs: the list of another user is empty.
 * @summary Letters of a user, or about an order or a booking
 */
export const listLetters = (
  params?: ListLettersParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<listLettersResponse>(getListLettersUrl(params), {
    ...options,
    method: 'GET',
  })
}

export type sendLettersResponse200 = {
  data: LetterAnswers
  status: 200
}

export type sendLettersResponse400 = {
  data: Problem
  status: 400
}

export type sendLettersResponse401 = {
  data: Problem
  status: 401
}

export type sendLettersResponse413 = {
  data: Problem
  status: 413
}

export type sendLettersResponse415 = {
  data: Problem
  status: 415
}

export type sendLettersResponse500 = {
  data: Problem
  status: 500
}

export type sendLettersResponse502 = {
  data: Problem
  status: 502
}

export type sendLettersResponse503 = {
  data: Problem
  status: 503
}

export type sendLettersResponse504 = {
  data: Problem
  status: 504
}

export type sendLettersResponseSuccess = sendLettersResponse200 & {
  headers: Record<string, string>
}
export type sendLettersResponseError = (
  | sendLettersResponse400
  | sendLettersResponse401
  | sendLettersResponse413
  | sendLettersResponse415
  | sendLettersResponse500
  | sendLettersResponse502
  | sendLettersResponse503
  | sendLettersResponse504
) & {
  headers: Record<string, string>
}

export type sendLettersResponse = sendLettersResponseSuccess | sendLettersResponseError

export const getSendLettersUrl = () => {
  return `/notifications/many`
}

/**
 * For the other services, not routed by the gateway: letters that became due at the same moment share one request. Each is written and answered, in its place, as if it had come alone; what becomes of one means nothing for the others.
 * @summary Write many letters at once
 */
export const sendLetters = (
  newLetters: NewLetters,
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
  return describeCall<sendLettersResponse>(getSendLettersUrl(), {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(newLetters),
  })
}

export type listNotificationActsResponse200 = {
  data: ActPage
  status: 200
}

export type listNotificationActsResponse400 = {
  data: Problem
  status: 400
}

export type listNotificationActsResponse401 = {
  data: Problem
  status: 401
}

export type listNotificationActsResponse403 = {
  data: Problem
  status: 403
}

export type listNotificationActsResponse500 = {
  data: Problem
  status: 500
}

export type listNotificationActsResponse502 = {
  data: Problem
  status: 502
}

export type listNotificationActsResponse503 = {
  data: Problem
  status: 503
}

export type listNotificationActsResponse504 = {
  data: Problem
  status: 504
}

export type listNotificationActsResponseSuccess = listNotificationActsResponse200 & {
  headers: Record<string, string>
}
export type listNotificationActsResponseError = (
  | listNotificationActsResponse400
  | listNotificationActsResponse401
  | listNotificationActsResponse403
  | listNotificationActsResponse500
  | listNotificationActsResponse502
  | listNotificationActsResponse503
  | listNotificationActsResponse504
) & {
  headers: Record<string, string>
}

export type listNotificationActsResponse =
  | listNotificationActsResponseSuccess
  | listNotificationActsResponseError

export const getListNotificationActsUrl = (params?: ListNotificationActsParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0
    ? `/acts/notification?${stringifiedParams}`
    : `/acts/notification`
}

/**
 * Every request of an operator to this service, reads too, and what others did by a role: the deposits of tellers, where that is their task (`DEPOSITS_BY=teller`). Newest first. It is written down before anything is done.
 * @summary What people did by their roles
 */
export const listNotificationActs = (
  params?: ListNotificationActsParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<listNotificationActsResponse>(getListNotificationActsUrl(params), {
    ...options,
    method: 'GET',
  })
}

export type searchNotificationResponse200 = {
  data: FoundThings
  status: 200
}

export type searchNotificationResponse400 = {
  data: Problem
  status: 400
}

export type searchNotificationResponse401 = {
  data: Problem
  status: 401
}

export type searchNotificationResponse403 = {
  data: Problem
  status: 403
}

export type searchNotificationResponse500 = {
  data: Problem
  status: 500
}

export type searchNotificationResponse502 = {
  data: Problem
  status: 502
}

export type searchNotificationResponse503 = {
  data: Problem
  status: 503
}

export type searchNotificationResponse504 = {
  data: Problem
  status: 504
}

export type searchNotificationResponseSuccess = searchNotificationResponse200 & {
  headers: Record<string, string>
}
export type searchNotificationResponseError = (
  | searchNotificationResponse400
  | searchNotificationResponse401
  | searchNotificationResponse403
  | searchNotificationResponse500
  | searchNotificationResponse502
  | searchNotificationResponse503
  | searchNotificationResponse504
) & {
  headers: Record<string, string>
}

export type searchNotificationResponse =
  | searchNotificationResponseSuccess
  | searchNotificationResponseError

export const getSearchNotificationUrl = (params: SearchNotificationParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0
    ? `/search/notification?${stringifiedParams}`
    : `/search/notification`
}

/**
 * By the id of a letter, of the order or booking that it is about, or its key. An empty list says that this service has nothing like it.
 * @summary Find something by what you know of it
 */
export const searchNotification = (
  params: SearchNotificationParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<searchNotificationResponse>(getSearchNotificationUrl(params), {
    ...options,
    method: 'GET',
  })
}
