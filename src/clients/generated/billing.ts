/**
 * Generated from openapi/billing.yaml by `npm run contracts:emit`. Do not edit.
 */
import { describeCall } from '../describe-call.ts'
/**
 * An account; in the answer to an operation, as it was right after it
 */
export interface Account {
  /** Id of the user whose account it is */
  userId: string
  /** Where letters go */
  email: string
  /**
   * Money in minor units (kopecks)
   * @minimum 0
   * @maximum 9007199254740991
   */
  balance: number
  /** UTC */
  createdAt: string
}

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
 * The row, and what other services have of it
 */
export type BooksViolationRow = { [key: string]: unknown }

export interface BooksViolation {
  /** The name of what does not hold: docs/guarantees.md explains it */
  invariant: string
  problem: string
  /** The row, and what other services have of it */
  row: BooksViolationRow
}

/**
 * How many, by the name of what does not hold
 */
export type BooksVerdictByInvariant = { [key: string]: number }

/**
 * @nullable
 */
export type BooksVerdict = {
  /** UTC */
  startedAt: string
  /**
   * Only what was made or changed since; null: everything
   * @nullable
   */
  since: string | null
  /** @minimum 0 */
  durationMs: number
  /**
   * How many rows were read
   * @minimum 0
   */
  rows: number
  /**
   * 0: the books are fine
   * @minimum 0
   */
  violations: number
  /** How many, by the name of what does not hold */
  byInvariant: BooksVerdictByInvariant
  /**
   * The first of them
   * @maxItems 10
   */
  first: BooksViolation[]
} | null

export interface Books {
  latest: BooksVerdict | null
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

export interface NewAccount {
  /** Id of the user */
  userId: string
  /**
   * @maxLength 254
   * @pattern ^(?:[A-Za-z0-9_'+\-]+\.)*[A-Za-z0-9_'+\-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$
   */
  email: string
}

export interface NewDeposit {
  /**
   * Money in minor units (kopecks)
   * @minimum 1
   * @maximum 9007199254740991
   */
  amount: number
}

export interface NewRefund {
  /**
   * Key of the withdrawal
   * @minLength 1
   * @maxLength 100
   * @pattern ^[^\u0000]*$
   */
  withdrawal: string
  /**
   * Money in minor units (kopecks)
   * @minimum 1
   * @maximum 9007199254740991
   */
  amount: number
}

export interface NewWithdrawal {
  /**
   * Money in minor units (kopecks)
   * @minimum 1
   * @maximum 9007199254740991
   */
  amount: number
}

export type NewWithdrawalsWithdrawalsItem = {
  /** Id of the user */
  userId: string
  /**
   * The caller’s key, as Idempotency-Key says it for a plain call
   * @pattern ^[!#-~]{1,255}$
   */
  key: string
  /**
   * Money in minor units (kopecks)
   * @minimum 1
   * @maximum 9007199254740991
   */
  amount: number
  /**
   * Key of an earlier withdrawal that this one adds to: refunds of that one may then cover both
   * @minLength 1
   * @maxLength 100
   * @pattern ^[^\u0000]*$
   */
  reference?: string
  /** What a missing account means. `true`: the refusal is kept under the key, and this withdrawal never happens. Otherwise the account may still be opened: nothing is kept, and the caller asks again. */
  final?: boolean
  /**
   * The caller’s request, to be found in the logs
   * @pattern ^[A-Za-z0-9._-]{1,64}$
   */
  requestId: string
}

export interface NewWithdrawals {
  /**
   * @minItems 1
   * @maxItems 64
   */
  withdrawals: NewWithdrawalsWithdrawalsItem[]
}

/**
 * What was asked for
 */
export type OperationKind = 'DEPOSIT' | 'WITHDRAW' | 'REFUND'
/**
 * A refused operation moved nothing, and never will
 */
export type OperationStatus = 'DONE' | 'REFUSED'
/**
 * One entry of the ledger
 */
export interface Operation {
  /** Id of the operation */
  id: string
  /** Id of the user whose account it is */
  userId: string
  /** What was asked for */
  kind: OperationKind
  /**
   * Money in minor units (kopecks)
   * @minimum 1
   * @maximum 9007199254740991
   */
  amount: number
  /** A refused operation moved nothing, and never will */
  status: OperationStatus
  /**
   * Why it was refused
   * @nullable
   */
  reason: string | null
  /**
   * The balance right after it; null if there was no account
   * @minimum 0
   * @maximum 9007199254740991
   * @nullable
   */
  balanceAfter: number | null
  /**
   * The order that it paid, re-priced or cancelled; else null
   * @nullable
   */
  orderId: string | null
  /** UTC */
  createdAt: string
}

export interface OperationPage {
  items: Operation[]
  /**
   * `cursor` of the next page, null on the last
   * @nullable
   */
  next: string | null
}

export interface OperationResult {
  operation: Operation
  account: Account
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

/**
 * What went wrong, for programs
 */
export type RefusedOperationCode =
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
export type RefusedOperationErrorsItem = {
  field: string
  message: string
}

/**
 * Why the money was not moved, with the stored refusal and the account
 */
export interface RefusedOperation {
  /** What went wrong, as a URI: names the code */
  type: string
  /** What went wrong, for people */
  title: string
  /** The HTTP status again */
  status: number
  /** What to do about this one */
  detail: string
  /** What went wrong, for programs */
  code: RefusedOperationCode
  /** Find the request in the logs by this id */
  requestId: string
  /** Which fields were not valid, and why */
  errors?: RefusedOperationErrorsItem[]
  operation: Operation
  account: Account
}

export interface Retry {
  /** Id of this retry */
  id: string
  /** Id of the row that is tried */
  owedId: string
  /** UTC */
  at: string
}

export type WithdrawalAnswersAnswersItem = {
  /** The status of the plain call’s answer */
  status: number
  body: OperationResult | RefusedOperation | Problem
}

export interface WithdrawalAnswers {
  answers: WithdrawalAnswersAnswersItem[]
}

export type ListOperationsParams = {
  /**
   * How many items at most, 20 if not said
   * @minimum 1
   * @maximum 100
   */
  limit?: number
  /**
   * `next` of the page before; leave out for the first page
   * @pattern ^[0-9]{1,15}$
   */
  cursor?: string
}

export type ListBillingActsParams = {
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

export type SearchBillingParams = {
  /**
   * What you know, whole
   * @minLength 1
   * @maxLength 255
   * @pattern ^[^\u0000]*$
   */
  q: string
}

export type ListBillingOwedParams = {
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

export type openAccountResponse200 = {
  data: Account
  status: 200
}

export type openAccountResponse201 = {
  data: Account
  status: 201
}

export type openAccountResponse400 = {
  data: Problem
  status: 400
}

export type openAccountResponse401 = {
  data: Problem
  status: 401
}

export type openAccountResponse409 = {
  data: Problem
  status: 409
}

export type openAccountResponse413 = {
  data: Problem
  status: 413
}

export type openAccountResponse415 = {
  data: Problem
  status: 415
}

export type openAccountResponse500 = {
  data: Problem
  status: 500
}

export type openAccountResponse502 = {
  data: Problem
  status: 502
}

export type openAccountResponse503 = {
  data: Problem
  status: 503
}

export type openAccountResponse504 = {
  data: Problem
  status: 504
}

export type openAccountResponseSuccess = (openAccountResponse200 | openAccountResponse201) & {
  headers: Record<string, string>
}
export type openAccountResponseError = (
  | openAccountResponse400
  | openAccountResponse401
  | openAccountResponse409
  | openAccountResponse413
  | openAccountResponse415
  | openAccountResponse500
  | openAccountResponse502
  | openAccountResponse503
  | openAccountResponse504
) & {
  headers: Record<string, string>
}

export type openAccountResponse = openAccountResponseSuccess | openAccountResponseError

export const getOpenAccountUrl = () => {
  return `/billing/accounts`
}

/**
 * For the user service, not routed by the gateway. The user is the key: the second time answers 200 with the same account.
 * @summary Open a user’s account
 */
export const openAccount = (
  newAccount: NewAccount,
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
  return describeCall<openAccountResponse>(getOpenAccountUrl(), {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(newAccount),
  })
}

export type getAccountResponse200 = {
  data: Account
  status: 200
}

export type getAccountResponse400 = {
  data: Problem
  status: 400
}

export type getAccountResponse401 = {
  data: Problem
  status: 401
}

export type getAccountResponse404 = {
  data: Problem
  status: 404
}

export type getAccountResponse500 = {
  data: Problem
  status: 500
}

export type getAccountResponse502 = {
  data: Problem
  status: 502
}

export type getAccountResponse503 = {
  data: Problem
  status: 503
}

export type getAccountResponse504 = {
  data: Problem
  status: 504
}

export type getAccountResponseSuccess = getAccountResponse200 & {
  headers: Record<string, string>
}
export type getAccountResponseError = (
  | getAccountResponse400
  | getAccountResponse401
  | getAccountResponse404
  | getAccountResponse500
  | getAccountResponse502
  | getAccountResponse503
  | getAccountResponse504
) & {
  headers: Record<string, string>
}

export type getAccountResponse = getAccountResponseSuccess | getAccountResponseError

export const getGetAccountUrl = (userId: string) => {
  return `/billing/accounts/${encodeURIComponent(String(userId))}`
}

/**
 * The balance as it is now. An account of somebody else is answered as one that does not exist.
 * @summary A user’s account
 */
export const getAccount = (userId: string, options?: Parameters<typeof describeCall>[1]) => {
  return describeCall<getAccountResponse>(getGetAccountUrl(userId), {
    ...options,
    method: 'GET',
  })
}

export type depositResponse200 = {
  data: OperationResult
  status: 200
}

export type depositResponse400 = {
  data: Problem
  status: 400
}

export type depositResponse401 = {
  data: Problem
  status: 401
}

export type depositResponse403 = {
  data: Problem
  status: 403
}

export type depositResponse404 = {
  data: Problem
  status: 404
}

export type depositResponse409 = {
  data: Problem
  status: 409
}

export type depositResponse413 = {
  data: Problem
  status: 413
}

export type depositResponse415 = {
  data: Problem
  status: 415
}

export type depositResponse422 = {
  data: Problem
  status: 422
}

export type depositResponse500 = {
  data: Problem
  status: 500
}

export type depositResponse502 = {
  data: Problem
  status: 502
}

export type depositResponse503 = {
  data: Problem
  status: 503
}

export type depositResponse504 = {
  data: Problem
  status: 504
}

export type depositResponseSuccess = depositResponse200 & {
  headers: Record<string, string>
}
export type depositResponseError = (
  | depositResponse400
  | depositResponse401
  | depositResponse403
  | depositResponse404
  | depositResponse409
  | depositResponse413
  | depositResponse415
  | depositResponse422
  | depositResponse500
  | depositResponse502
  | depositResponse503
  | depositResponse504
) & {
  headers: Record<string, string>
}

export type depositResponse = depositResponseSuccess | depositResponseError

export const getDepositUrl = (userId: string) => {
  return `/billing/accounts/${encodeURIComponent(String(userId))}/deposit`
}

/**
 * A letter tells the user. Send an Idempotency-Key to be able to repeat it safely. Who may do it is a setting: by default the owner of the account, in a bank (`DEPOSITS_BY=teller`) those with the role `teller`; then the owner is answered 403. Operators always may.
 * @summary Put money on an account
 */
export const deposit = (
  userId: string,
  newDeposit: NewDeposit,
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
  return describeCall<depositResponse>(getDepositUrl(userId), {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(newDeposit),
  })
}

export type withdrawResponse200 = {
  data: OperationResult
  status: 200
}

export type withdrawResponse400 = {
  data: Problem
  status: 400
}

export type withdrawResponse401 = {
  data: Problem
  status: 401
}

export type withdrawResponse402 = {
  data: RefusedOperation
  status: 402
}

export type withdrawResponse404 = {
  data: Problem
  status: 404
}

export type withdrawResponse409 = {
  data: Problem
  status: 409
}

export type withdrawResponse413 = {
  data: Problem
  status: 413
}

export type withdrawResponse415 = {
  data: Problem
  status: 415
}

export type withdrawResponse422 = {
  data: Problem
  status: 422
}

export type withdrawResponse500 = {
  data: Problem
  status: 500
}

export type withdrawResponse502 = {
  data: Problem
  status: 502
}

export type withdrawResponse503 = {
  data: Problem
  status: 503
}

export type withdrawResponse504 = {
  data: Problem
  status: 504
}

export type withdrawResponseSuccess = withdrawResponse200 & {
  headers: Record<string, string>
}
export type withdrawResponseError = (
  | withdrawResponse400
  | withdrawResponse401
  | withdrawResponse402
  | withdrawResponse404
  | withdrawResponse409
  | withdrawResponse413
  | withdrawResponse415
  | withdrawResponse422
  | withdrawResponse500
  | withdrawResponse502
  | withdrawResponse503
  | withdrawResponse504
) & {
  headers: Record<string, string>
}

export type withdrawResponse = withdrawResponseSuccess | withdrawResponseError

export const getWithdrawUrl = (userId: string) => {
  return `/billing/accounts/${encodeURIComponent(String(userId))}/withdraw`
}

/**
 * Answers 402 when there is not enough; that refusal is kept under the Idempotency-Key like a success would be.
 * @summary Take money off an account
 */
export const withdraw = (
  userId: string,
  newWithdrawal: NewWithdrawal,
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
  return describeCall<withdrawResponse>(getWithdrawUrl(userId), {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(newWithdrawal),
  })
}

export type withdrawManyResponse200 = {
  data: WithdrawalAnswers
  status: 200
}

export type withdrawManyResponse400 = {
  data: Problem
  status: 400
}

export type withdrawManyResponse401 = {
  data: Problem
  status: 401
}

export type withdrawManyResponse413 = {
  data: Problem
  status: 413
}

export type withdrawManyResponse415 = {
  data: Problem
  status: 415
}

export type withdrawManyResponse500 = {
  data: Problem
  status: 500
}

export type withdrawManyResponse502 = {
  data: Problem
  status: 502
}

export type withdrawManyResponse503 = {
  data: Problem
  status: 503
}

export type withdrawManyResponse504 = {
  data: Problem
  status: 504
}

export type withdrawManyResponseSuccess = withdrawManyResponse200 & {
  headers: Record<string, string>
}
export type withdrawManyResponseError = (
  | withdrawManyResponse400
  | withdrawManyResponse401
  | withdrawManyResponse413
  | withdrawManyResponse415
  | withdrawManyResponse500
  | withdrawManyResponse502
  | withdrawManyResponse503
  | withdrawManyResponse504
) & {
  headers: Record<string, string>
}

export type withdrawManyResponse = withdrawManyResponseSuccess | withdrawManyResponseError

export const getWithdrawManyUrl = () => {
  return `/billing/withdrawals`
}

/**
 * For the order service, not routed by the gateway: withdrawals that were asked for at the same moment share one request. Each is done and answered, in its place, as if it had come alone; what becomes of one means nothing for the others.
 * @summary Take money off accounts, many at once
 */
export const withdrawMany = (
  newWithdrawals: NewWithdrawals,
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
  return describeCall<withdrawManyResponse>(getWithdrawManyUrl(), {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(newWithdrawals),
  })
}

export type refundResponse200 = {
  data: OperationResult
  status: 200
}

export type refundResponse400 = {
  data: Problem
  status: 400
}

export type refundResponse401 = {
  data: Problem
  status: 401
}

export type refundResponse404 = {
  data: Problem
  status: 404
}

export type refundResponse409 = {
  data: Problem
  status: 409
}

export type refundResponse413 = {
  data: Problem
  status: 413
}

export type refundResponse415 = {
  data: Problem
  status: 415
}

export type refundResponse422 = {
  data: Problem
  status: 422
}

export type refundResponse500 = {
  data: Problem
  status: 500
}

export type refundResponse502 = {
  data: Problem
  status: 502
}

export type refundResponse503 = {
  data: Problem
  status: 503
}

export type refundResponse504 = {
  data: Problem
  status: 504
}

export type refundResponseSuccess = refundResponse200 & {
  headers: Record<string, string>
}
export type refundResponseError = (
  | refundResponse400
  | refundResponse401
  | refundResponse404
  | refundResponse409
  | refundResponse413
  | refundResponse415
  | refundResponse422
  | refundResponse500
  | refundResponse502
  | refundResponse503
  | refundResponse504
) & {
  headers: Record<string, string>
}

export type refundResponse = refundResponseSuccess | refundResponseError

export const getRefundUrl = (userId: string) => {
  return `/billing/accounts/${encodeURIComponent(String(userId))}/refund`
}

/**
 * For the order service, not routed by the gateway. A refund that comes before its withdrawal moves nothing and stops that withdrawal for ever: the operation is then REFUSED with reason `nothing-withdrawn`.
 * @summary Give back what a withdrawal took
 */
export const refund = (
  userId: string,
  newRefund: NewRefund,
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
  return describeCall<refundResponse>(getRefundUrl(userId), {
    ...options,
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...getHeaders(options?.headers) },
    body: JSON.stringify(newRefund),
  })
}

export type listOperationsResponse200 = {
  data: OperationPage
  status: 200
}

export type listOperationsResponse400 = {
  data: Problem
  status: 400
}

export type listOperationsResponse401 = {
  data: Problem
  status: 401
}

export type listOperationsResponse404 = {
  data: Problem
  status: 404
}

export type listOperationsResponse500 = {
  data: Problem
  status: 500
}

export type listOperationsResponse502 = {
  data: Problem
  status: 502
}

export type listOperationsResponse503 = {
  data: Problem
  status: 503
}

export type listOperationsResponse504 = {
  data: Problem
  status: 504
}

export type listOperationsResponseSuccess = listOperationsResponse200 & {
  headers: Record<string, string>
}
export type listOperationsResponseError = (
  | listOperationsResponse400
  | listOperationsResponse401
  | listOperationsResponse404
  | listOperationsResponse500
  | listOperationsResponse502
  | listOperationsResponse503
  | listOperationsResponse504
) & {
  headers: Record<string, string>
}

export type listOperationsResponse = listOperationsResponseSuccess | listOperationsResponseError

export const getListOperationsUrl = (userId: string, params?: ListOperationsParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0
    ? `/billing/accounts/${encodeURIComponent(String(userId))}/operations?${stringifiedParams}`
    : `/billing/accounts/${encodeURIComponent(String(userId))}/operations`
}

/**
 * What moved money, newest first, each with the balance after it.
 * @summary The statement of an account
 */
export const listOperations = (
  userId: string,
  params?: ListOperationsParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<listOperationsResponse>(getListOperationsUrl(userId, params), {
    ...options,
    method: 'GET',
  })
}

export type getBooksResponse200 = {
  data: Books
  status: 200
}

export type getBooksResponse400 = {
  data: Problem
  status: 400
}

export type getBooksResponse401 = {
  data: Problem
  status: 401
}

export type getBooksResponse403 = {
  data: Problem
  status: 403
}

export type getBooksResponse500 = {
  data: Problem
  status: 500
}

export type getBooksResponse502 = {
  data: Problem
  status: 502
}

export type getBooksResponse503 = {
  data: Problem
  status: 503
}

export type getBooksResponse504 = {
  data: Problem
  status: 504
}

export type getBooksResponseSuccess = getBooksResponse200 & {
  headers: Record<string, string>
}
export type getBooksResponseError = (
  | getBooksResponse400
  | getBooksResponse401
  | getBooksResponse403
  | getBooksResponse500
  | getBooksResponse502
  | getBooksResponse503
  | getBooksResponse504
) & {
  headers: Record<string, string>
}

export type getBooksResponse = getBooksResponseSuccess | getBooksResponseError

export const getGetBooksUrl = () => {
  return `/books`
}

/**
 * What the last audit found in the books of all services, which it compares row by row and never mends: `npm run audit`.
 * @summary Whether the books add up
 */
export const getBooks = (options?: Parameters<typeof describeCall>[1]) => {
  return describeCall<getBooksResponse>(getGetBooksUrl(), {
    ...options,
    method: 'GET',
  })
}

export type listBillingActsResponse200 = {
  data: ActPage
  status: 200
}

export type listBillingActsResponse400 = {
  data: Problem
  status: 400
}

export type listBillingActsResponse401 = {
  data: Problem
  status: 401
}

export type listBillingActsResponse403 = {
  data: Problem
  status: 403
}

export type listBillingActsResponse500 = {
  data: Problem
  status: 500
}

export type listBillingActsResponse502 = {
  data: Problem
  status: 502
}

export type listBillingActsResponse503 = {
  data: Problem
  status: 503
}

export type listBillingActsResponse504 = {
  data: Problem
  status: 504
}

export type listBillingActsResponseSuccess = listBillingActsResponse200 & {
  headers: Record<string, string>
}
export type listBillingActsResponseError = (
  | listBillingActsResponse400
  | listBillingActsResponse401
  | listBillingActsResponse403
  | listBillingActsResponse500
  | listBillingActsResponse502
  | listBillingActsResponse503
  | listBillingActsResponse504
) & {
  headers: Record<string, string>
}

export type listBillingActsResponse = listBillingActsResponseSuccess | listBillingActsResponseError

export const getListBillingActsUrl = (params?: ListBillingActsParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0 ? `/acts/billing?${stringifiedParams}` : `/acts/billing`
}

/**
 * Every request of an operator to this service, reads too, and what others did by a role: the deposits of tellers, where that is their task (`DEPOSITS_BY=teller`). Newest first. It is written down before anything is done.
 * @summary What people did by their roles
 */
export const listBillingActs = (
  params?: ListBillingActsParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<listBillingActsResponse>(getListBillingActsUrl(params), {
    ...options,
    method: 'GET',
  })
}

export type searchBillingResponse200 = {
  data: FoundThings
  status: 200
}

export type searchBillingResponse400 = {
  data: Problem
  status: 400
}

export type searchBillingResponse401 = {
  data: Problem
  status: 401
}

export type searchBillingResponse403 = {
  data: Problem
  status: 403
}

export type searchBillingResponse500 = {
  data: Problem
  status: 500
}

export type searchBillingResponse502 = {
  data: Problem
  status: 502
}

export type searchBillingResponse503 = {
  data: Problem
  status: 503
}

export type searchBillingResponse504 = {
  data: Problem
  status: 504
}

export type searchBillingResponseSuccess = searchBillingResponse200 & {
  headers: Record<string, string>
}
export type searchBillingResponseError = (
  | searchBillingResponse400
  | searchBillingResponse401
  | searchBillingResponse403
  | searchBillingResponse500
  | searchBillingResponse502
  | searchBillingResponse503
  | searchBillingResponse504
) & {
  headers: Record<string, string>
}

export type searchBillingResponse = searchBillingResponseSuccess | searchBillingResponseError

export const getSearchBillingUrl = (params: SearchBillingParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0 ? `/search/billing?${stringifiedParams}` : `/search/billing`
}

/**
 * By the id of a user, an operation, or of the order or booking that it pays, a key, or the id of a request. An empty list says that this service has nothing like it.
 * @summary Find something by what you know of it
 */
export const searchBilling = (
  params: SearchBillingParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<searchBillingResponse>(getSearchBillingUrl(params), {
    ...options,
    method: 'GET',
  })
}

export type listBillingOwedResponse200 = {
  data: OwedPage
  status: 200
}

export type listBillingOwedResponse400 = {
  data: Problem
  status: 400
}

export type listBillingOwedResponse401 = {
  data: Problem
  status: 401
}

export type listBillingOwedResponse403 = {
  data: Problem
  status: 403
}

export type listBillingOwedResponse500 = {
  data: Problem
  status: 500
}

export type listBillingOwedResponse502 = {
  data: Problem
  status: 502
}

export type listBillingOwedResponse503 = {
  data: Problem
  status: 503
}

export type listBillingOwedResponse504 = {
  data: Problem
  status: 504
}

export type listBillingOwedResponseSuccess = listBillingOwedResponse200 & {
  headers: Record<string, string>
}
export type listBillingOwedResponseError = (
  | listBillingOwedResponse400
  | listBillingOwedResponse401
  | listBillingOwedResponse403
  | listBillingOwedResponse500
  | listBillingOwedResponse502
  | listBillingOwedResponse503
  | listBillingOwedResponse504
) & {
  headers: Record<string, string>
}

export type listBillingOwedResponse = listBillingOwedResponseSuccess | listBillingOwedResponseError

export const getListBillingOwedUrl = (params?: ListBillingOwedParams) => {
  const normalizedParams = new URLSearchParams()

  Object.entries(params || {}).forEach(([key, value]) => {
    if (value !== undefined) {
      normalizedParams.append(key, value === null ? 'null' : String(value))
    }
  })

  const stringifiedParams = normalizedParams.toString()

  return stringifiedParams.length > 0 ? `/owed/billing?${stringifiedParams}` : `/owed/billing`
}

/**
 * Rows that recovery has to finish, the oldest first, with what was tried and why it failed. Young ones are being worked on: one that is older than some seconds is stuck.
 * @summary What is undecided or owed
 */
export const listBillingOwed = (
  params?: ListBillingOwedParams,
  options?: Parameters<typeof describeCall>[1],
) => {
  return describeCall<listBillingOwedResponse>(getListBillingOwedUrl(params), {
    ...options,
    method: 'GET',
  })
}

export type retryBillingOwedResponse200 = {
  data: Retry
  status: 200
}

export type retryBillingOwedResponse400 = {
  data: Problem
  status: 400
}

export type retryBillingOwedResponse401 = {
  data: Problem
  status: 401
}

export type retryBillingOwedResponse403 = {
  data: Problem
  status: 403
}

export type retryBillingOwedResponse404 = {
  data: Problem
  status: 404
}

export type retryBillingOwedResponse409 = {
  data: Problem
  status: 409
}

export type retryBillingOwedResponse422 = {
  data: Problem
  status: 422
}

export type retryBillingOwedResponse500 = {
  data: Problem
  status: 500
}

export type retryBillingOwedResponse502 = {
  data: Problem
  status: 502
}

export type retryBillingOwedResponse503 = {
  data: Problem
  status: 503
}

export type retryBillingOwedResponse504 = {
  data: Problem
  status: 504
}

export type retryBillingOwedResponseSuccess = retryBillingOwedResponse200 & {
  headers: Record<string, string>
}
export type retryBillingOwedResponseError = (
  | retryBillingOwedResponse400
  | retryBillingOwedResponse401
  | retryBillingOwedResponse403
  | retryBillingOwedResponse404
  | retryBillingOwedResponse409
  | retryBillingOwedResponse422
  | retryBillingOwedResponse500
  | retryBillingOwedResponse502
  | retryBillingOwedResponse503
  | retryBillingOwedResponse504
) & {
  headers: Record<string, string>
}

export type retryBillingOwedResponse =
  | retryBillingOwedResponseSuccess
  | retryBillingOwedResponseError

export const getRetryBillingOwedUrl = (owedId: string) => {
  return `/owed/billing/${encodeURIComponent(String(owedId))}/retry`
}

/**
 * Makes a row due at once that would be tried a little later: recovery takes it within its interval. It moves no money and sends no letter by itself, and is written down.
 * @summary Try it now
 */
export const retryBillingOwed = (owedId: string, options?: Parameters<typeof describeCall>[1]) => {
  return describeCall<retryBillingOwedResponse>(getRetryBillingOwedUrl(owedId), {
    ...options,
    method: 'POST',
  })
}
