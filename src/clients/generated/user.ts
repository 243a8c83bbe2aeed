/**
 * Generated from openapi/user.yaml by `npm run contracts:emit`. Do not edit.
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
 * The language of letters, `en` if not said
 */
export type NewUserLocale = 'en' | 'ru'
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
  /** The language of letters, `en` if not said */
  locale?: NewUserLocale
  /**
   * Any characters, but not one of the passwords that are guessed first
   * @minLength 10
   * @maxLength 128
   * @pattern ^[^\u0000]*$
   */
  password: string
}

export interface TimelineEntry {
  /** When it ended */
  at: string
  /** What was tried */
  step: string
  /** Which try it was: the first is that of the request, the others of recovery */
  attempt: number
  /** done, refused or unknown */
  outcome: string
  /** How long it took */
  ms: number
  /** Why it was refused, or why its outcome is unknown */
  reason?: string
  /** How many requests this try sent, all with one key; left out if it was one */
  calls?: number
}

/**
 * A row that is undecided, or owes a letter
 */
export interface Owed {
  /** What kind of row it is */
  kind: string
  /** Id of the row that owes something */
  id: string
  /** Id of what it is about: an order, a booking, or itself */
  about: string
  /** Id of whose it is */
  userId: string
  state: string
  /** UTC */
  createdAt: string
  /** When recovery may take it */
  dueAt: string
  /** How often recovery took it */
  attempts: number
  /** Somebody works on it now, or died with it: until `dueAt` it is nobody else’s */
  isAtWork: boolean
  /**
   * What was tried last
   * @nullable
   */
  lastStep: string | null
  /**
   * Why that did not work
   * @nullable
   */
  lastReason: string | null
  /** The request that made it: find it in the logs by this id */
  requestId: string
  /** The oldest first. There are 20 at most: then the last is overwritten */
  timeline: TimelineEntry[]
}

export interface OwedPage {
  items: Owed[]
  /**
   * `cursor` of the next page, null on the last
   * @nullable
   */
  next: string | null
  /** False while thousands owe something: then only those are listed that wait longest for recovery */
  isAll: boolean
}

/**
 * The language of letters
 */
export type PersonLocale = 'en' | 'ru'
/**
 * Who somebody is, to be named to others and written to
 */
export interface Person {
  /** Id of the user */
  userId: string
  username: string
  /** First and last name, or else the username */
  name: string
  email: string
  /** The language of letters */
  locale: PersonLocale
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

export interface Retry {
  /** Id of this retry */
  id: string
  /** Id of the row that is tried */
  owedId: string
  /** UTC */
  at: string
}

/**
 * The language of letters
 */
export type UserLocale = 'en' | 'ru'
/**
 * PENDING until the account is open, which happens by itself
 */
export type UserAccountProperty = 'PENDING' | 'OPEN'
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
  /** The language of letters */
  locale: UserLocale
  /** PENDING until the account is open, which happens by itself */
  account: UserAccountProperty
  /** UTC */
  createdAt: string
}

/**
 * PENDING until the account is open, which happens by itself
 */
export type UserAccountAccount = 'PENDING' | 'OPEN'
/**
 * Whether a user exists, and has an account
 */
export interface UserAccount {
  /** Id of the user */
  userId: string
  /** PENDING until the account is open, which happens by itself */
  account: UserAccountAccount
}

export type ListUserActsParams = {
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

export type SearchUserParams = {
  /**
   * What you know, whole
   * @minLength 1
   * @maxLength 255
   * @pattern ^[^\u0000]*$
   */
  q: string
}

export type ListUserOwedParams = {
  /**
   * How many items at most, 20 if not said
   * @minimum 1
   * @maximum 100
   */
  limit?: number
  /**
   * `next` of the page before; leave out for the first page
   * @pattern ^\d{1,15}_[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$
   */
  cursor?: string
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

export type createUserResponse429 = {
  data: Problem
  status: 429
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
  | createUserResponse429
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
 * Answers 201 when the login is made and the account is open. When identity or billing does not answer in time the user exists all the same, and the rest happens by itself. The password is not kept: only a hash of it, and that only until identity has it. An Idempotency-Key belongs to the username.
 * @summary Sign up: create a user with a login and an account
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

export type getUserResponse401 = {
  data: Problem
  status: 401
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
  | getUserResponse401
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

export type getUserAccountResponse200 = {
  data: UserAccount
  status: 200
}

export type getUserAccountResponse400 = {
  data: Problem
  status: 400
}

export type getUserAccountResponse401 = {
  data: Problem
  status: 401
}

export type getUserAccountResponse404 = {
  data: Problem
  status: 404
}

export type getUserAccountResponse500 = {
  data: Problem
  status: 500
}

export type getUserAccountResponse502 = {
  data: Problem
  status: 502
}

export type getUserAccountResponse503 = {
  data: Problem
  status: 503
}

export type getUserAccountResponse504 = {
  data: Problem
  status: 504
}

export type getUserAccountResponseSuccess = getUserAccountResponse200 & {
  headers: Record<string, string>
}
export type getUserAccountResponseError = (
  | getUserAccountResponse400
  | getUserAccountResponse401
  | getUserAccountResponse404
  | getUserAccountResponse500
  | getUserAccountResponse502
  | getUserAccountResponse503
  | getUserAccountResponse504
) & {
  headers: Record<string, string>
}

export type getUserAccountResponse = getUserAccountResponseSuccess | getUserAccountResponseError

export const getGetUserAccountUrl = (userId: string) => {
  return `/users/${encodeURIComponent(String(userId))}/account`
}

/**
 * Says nothing else about the person.
 * @summary Whether there is such a user
 */
export const getUserAccount = (userId: string, options?: Parameters<typeof describeCall>[1]) => {
  return describeCall<getUserAccountResponse>(getGetUserAccountUrl(userId), {
    ...options,
    method: 'GET',
  })
}

export type getPersonResponse200 = {
  data: Person
  status: 200
}

export type getPersonResponse400 = {
  data: Problem
  status: 400
}

export type getPersonResponse401 = {
  data: Problem
  status: 401
}

export type getPersonResponse404 = {
  data: Problem
  status: 404
}

export type getPersonResponse500 = {
  data: Problem
  status: 500
}

export type getPersonResponse502 = {
  data: Problem
  status: 502
}

export type getPersonResponse503 = {
  data: Problem
  status: 503
}

export type getPersonResponse504 = {
  data: Problem
  status: 504
}

export type getPersonResponseSuccess = getPersonResponse200 & {
  headers: Record<string, string>
}
export type getPersonResponseError = (
  | getPersonResponse400
  | getPersonResponse401
  | getPersonResponse404
  | getPersonResponse500
  | getPersonResponse502
  | getPersonResponse503
  | getPersonResponse504
) & {
  headers: Record<string, string>
}

export type getPersonResponse = getPersonResponseSuccess | getPersonResponseError

export const getGetPersonUrl = (userId: string) => {
  return `/users/${encodeURIComponent(String(userId))}/person`
}

/**
 * For the company service, not routed by the gateway: who becomes a member of a company.
 * @summary Who a user is
 */
export const getPerson = (userId: string, options?: Parameters<typeof describeCall>[1]) => {
  return describeCall<getPersonResponse>(getGetPersonUrl(userId), {
    ...options,
    method: 'GET',
  })
}

export type listUserActsResponse200 = {
  data: ActPage
  status: 200
}

export type listUserActsResponse400 = {
  data: Problem
  status: 400
}

export type listUserActsResponse401 = {
  data: Problem
  status: 401
}

export type listUserActsResponse403 = {
  data: Problem
  status: 403
}

export type listUserActsResponse500 = {
  data: Problem
  status: 500
}

export type listUserActsResponse502 = {
  data: Problem
  status: 502
}

export type listUserActsResponse503 = {
  data: Problem
  status: 503
}

export type listUserActsResponse504 = {
  data: Problem
  status: 504
}

export type listUserActsResponseSuccess = listUserActsResponse200 & {
  headers: Record<string, string>
}
export type listUserActsResponseError = (
  | listUserActsResponse400
  | listUserActsResponse401
  | listUserActsResponse403
  | listUserActsResponse500
  | listUserActsResponse502
  | listUserActsResponse503
  | listUserActsResponse504
) & {
  headers: Record<string, string>
}

export type listUserActsResponse = listUserActsResponseSuccess | listUserActsResponseError

export const getListUserActsUrl = (params?: ListUserActsParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0 ? `/acts/user?${stringifiedParams}` : `/acts/user`
}

/**
 * Every request of an operator to this service, reads too, and what others did by a role: the deposits of tellers, where that is their task (`DEPOSITS_BY=teller`). Newest first. It is written down before anything is done.
 * @summary What people did by their roles
 */
export const listUserActs = (
  params?: ListUserActsParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<listUserActsResponse>(getListUserActsUrl(params), {
    ...options,
    method: 'GET',
  })
}

export type searchUserResponse200 = {
  data: FoundThings
  status: 200
}

export type searchUserResponse400 = {
  data: Problem
  status: 400
}

export type searchUserResponse401 = {
  data: Problem
  status: 401
}

export type searchUserResponse403 = {
  data: Problem
  status: 403
}

export type searchUserResponse500 = {
  data: Problem
  status: 500
}

export type searchUserResponse502 = {
  data: Problem
  status: 502
}

export type searchUserResponse503 = {
  data: Problem
  status: 503
}

export type searchUserResponse504 = {
  data: Problem
  status: 504
}

export type searchUserResponseSuccess = searchUserResponse200 & {
  headers: Record<string, string>
}
export type searchUserResponseError = (
  | searchUserResponse400
  | searchUserResponse401
  | searchUserResponse403
  | searchUserResponse500
  | searchUserResponse502
  | searchUserResponse503
  | searchUserResponse504
) & {
  headers: Record<string, string>
}

export type searchUserResponse = searchUserResponseSuccess | searchUserResponseError

export const getSearchUserUrl = (params: SearchUserParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0 ? `/search/user?${stringifiedParams}` : `/search/user`
}

/**
 * By the id of a user, a name, an email address, or the id of a request. An empty list says that this service has nothing like it.
 * @summary Find something by what you know of it
 */
export const searchUser = (
  params: SearchUserParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<searchUserResponse>(getSearchUserUrl(params), {
    ...options,
    method: 'GET',
  })
}

export type listUserOwedResponse200 = {
  data: OwedPage
  status: 200
}

export type listUserOwedResponse400 = {
  data: Problem
  status: 400
}

export type listUserOwedResponse401 = {
  data: Problem
  status: 401
}

export type listUserOwedResponse403 = {
  data: Problem
  status: 403
}

export type listUserOwedResponse500 = {
  data: Problem
  status: 500
}

export type listUserOwedResponse502 = {
  data: Problem
  status: 502
}

export type listUserOwedResponse503 = {
  data: Problem
  status: 503
}

export type listUserOwedResponse504 = {
  data: Problem
  status: 504
}

export type listUserOwedResponseSuccess = listUserOwedResponse200 & {
  headers: Record<string, string>
}
export type listUserOwedResponseError = (
  | listUserOwedResponse400
  | listUserOwedResponse401
  | listUserOwedResponse403
  | listUserOwedResponse500
  | listUserOwedResponse502
  | listUserOwedResponse503
  | listUserOwedResponse504
) & {
  headers: Record<string, string>
}

export type listUserOwedResponse = listUserOwedResponseSuccess | listUserOwedResponseError

export const getListUserOwedUrl = (params?: ListUserOwedParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0 ? `/owed/user?${stringifiedParams}` : `/owed/user`
}

/**
 * Rows that recovery has to finish, the oldest first, with what was tried and why it failed. Young ones are being worked on: one that is older than some seconds is stuck.
 * @summary What is undecided or owed
 */
export const listUserOwed = (
  params?: ListUserOwedParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<listUserOwedResponse>(getListUserOwedUrl(params), {
    ...options,
    method: 'GET',
  })
}

export type retryUserOwedResponse200 = {
  data: Retry
  status: 200
}

export type retryUserOwedResponse400 = {
  data: Problem
  status: 400
}

export type retryUserOwedResponse401 = {
  data: Problem
  status: 401
}

export type retryUserOwedResponse403 = {
  data: Problem
  status: 403
}

export type retryUserOwedResponse404 = {
  data: Problem
  status: 404
}

export type retryUserOwedResponse409 = {
  data: Problem
  status: 409
}

export type retryUserOwedResponse422 = {
  data: Problem
  status: 422
}

export type retryUserOwedResponse500 = {
  data: Problem
  status: 500
}

export type retryUserOwedResponse502 = {
  data: Problem
  status: 502
}

export type retryUserOwedResponse503 = {
  data: Problem
  status: 503
}

export type retryUserOwedResponse504 = {
  data: Problem
  status: 504
}

export type retryUserOwedResponseSuccess = retryUserOwedResponse200 & {
  headers: Record<string, string>
}
export type retryUserOwedResponseError = (
  | retryUserOwedResponse400
  | retryUserOwedResponse401
  | retryUserOwedResponse403
  | retryUserOwedResponse404
  | retryUserOwedResponse409
  | retryUserOwedResponse422
  | retryUserOwedResponse500
  | retryUserOwedResponse502
  | retryUserOwedResponse503
  | retryUserOwedResponse504
) & {
  headers: Record<string, string>
}

export type retryUserOwedResponse = retryUserOwedResponseSuccess | retryUserOwedResponseError

export const getRetryUserOwedUrl = (owedId: string) => {
  return `/owed/user/${encodeURIComponent(String(owedId))}/retry`
}

/**
 * Makes a row due at once that would be tried a little later: recovery takes it within its interval. It moves no money and sends no letter by itself, and is written down.
 * @summary Try it now
 */
export const retryUserOwed = (owedId: string, options?: Parameters<typeof describeCall>[1]) => {
  return describeCall<retryUserOwedResponse>(getRetryUserOwedUrl(owedId), {
    ...options,
    method: 'POST',
  })
}
