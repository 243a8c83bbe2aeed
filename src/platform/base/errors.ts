/**
 * The one table of everything that can go wrong, as RFC 9457 problems. A code
 * is for programs, a title for people; the status follows from the code.
 */
export const problemTable = {
  'malformed-http': { status: 400, title: 'This is not HTTP' },
  'validation-failed': { status: 400, title: 'The request is not valid' },
  'malformed-json': { status: 400, title: 'The body is not valid JSON' },
  'invalid-idempotency-key': { status: 400, title: 'The Idempotency-Key is not valid' },
  unauthenticated: { status: 401, title: 'A valid token is needed' },
  'wrong-credentials': { status: 401, title: 'The name or the password is wrong' },
  'session-ended': { status: 401, title: 'The session has ended' },
  'insufficient-funds': { status: 402, title: 'There is not enough money on the account' },
  forbidden: { status: 403, title: 'This is not yours to do' },
  'not-found': { status: 404, title: 'There is nothing at this address' },
  'user-not-found': { status: 404, title: 'There is no such user' },
  'account-not-found': { status: 404, title: 'There is no such account' },
  'order-not-found': { status: 404, title: 'There is no such order' },
  'company-not-found': { status: 404, title: 'There is no such company' },
  'category-not-found': { status: 404, title: 'There is no such category' },
  'offer-not-found': { status: 404, title: 'There is no such offer' },
  'booking-not-found': { status: 404, title: 'There is no such booking' },
  'owed-not-found': { status: 404, title: 'There is no such row that may owe something' },
  'member-not-found': { status: 404, title: 'This person never was a member' },
  'method-not-allowed': { status: 405, title: 'This address does not know that method' },
  'request-timeout': { status: 408, title: 'The request did not come in time' },
  'username-taken': { status: 409, title: 'The username is taken' },
  'email-taken': { status: 409, title: 'The email address is taken' },
  'user-exists': { status: 409, title: 'This person has signed up before' },
  'login-differs': { status: 409, title: 'The login exists with other data' },
  'account-differs': { status: 409, title: 'The account exists with other data' },
  'balance-limit': { status: 409, title: 'The balance would become too large' },
  'refund-exceeds-withdrawal': { status: 409, title: 'More would be refunded than was withdrawn' },
  'withdrawal-refunded': { status: 409, title: 'The withdrawal was refunded before it arrived' },
  'order-undecided': { status: 409, title: 'The order is not decided yet' },
  'order-not-approved': { status: 409, title: 'Only an approved order can be changed' },
  'change-in-progress': { status: 409, title: 'Another change of this order is in progress' },
  'company-inactive': { status: 409, title: 'The company offers nothing at present' },
  'resource-taken': { status: 409, title: 'The resource is offered at that time already' },
  'offer-taken': { status: 409, title: 'Somebody else has this offer' },
  'offer-closed': { status: 409, title: 'The offer is over or withdrawn' },
  'booking-released': { status: 409, title: 'The booking was not paid in time' },
  'booking-undecided': { status: 409, title: 'The booking is not decided yet' },
  'booking-not-paid': { status: 409, title: 'Only a booking that is paid can be changed' },
  'booking-not-over': { status: 409, title: 'The booked time is not over yet' },
  'too-late-to-cancel': { status: 409, title: 'It is too late to cancel' },
  'member-exists': { status: 409, title: 'This person is a member already' },
  'member-limit': { status: 409, title: 'The company has as many members as it may have' },
  'last-admin': { status: 409, title: 'The last ADMIN of a company cannot go' },
  'category-limit': { status: 409, title: 'The tree of categories would become too large' },
  'nothing-owed': { status: 409, title: 'It owes nothing any more' },
  'work-in-progress': { status: 409, title: 'Somebody works on it now' },
  'too-early': { status: 409, title: 'This moment is not over yet' },
  'payload-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be one JSON document' },
  'idempotency-key-reused': {
    status: 422,
    title: 'This Idempotency-Key was used with another payload',
  },
  'misdirected-request': { status: 421, title: 'This is not the place for that name' },
  'too-many-attempts': { status: 429, title: 'Too many attempts' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  'unknown-transfer-coding': { status: 501, title: 'This Transfer-Encoding is not known here' },
  'upstream-unavailable': { status: 502, title: 'A service behind this one did not answer' },
  overloaded: { status: 503, title: 'Too many requests at once' },
  unavailable: { status: 503, title: 'The service cannot work right now' },
  'upstream-timeout': { status: 504, title: 'A service behind this one took too long' },
  // Not 503: that says that nothing was done, and clients and proxies repeat it by themselves.
  'outcome-unknown': { status: 504, title: 'Whether it was done is not known' },
} as const

export type ProblemCode = keyof typeof problemTable

export const isProblemCode = (value: string): value is ProblemCode =>
  Object.hasOwn(problemTable, value)

export interface FieldError {
  readonly field: string
  readonly message: string
}

export interface ProblemOptions {
  readonly errors?: readonly FieldError[]
  /** RFC 9457 extension members: the order that was refused, the account that had too little. */
  readonly members?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
  /** The error behind it, for the log only. */
  readonly cause?: unknown
  /** A stored refusal keeps the id of the request that was refused, so that a repeat is identical. */
  readonly requestId?: string
}

/** Thrown anywhere below a handler; the server turns it into the problem document. */
export class ProblemError extends Error {
  override name = 'ProblemError'
  readonly code: ProblemCode
  readonly options: ProblemOptions

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause })
    this.code = code
    this.options = options
  }
}

export const problemDocument = (
  code: ProblemCode,
  detail: string,
  requestId: string,
  options: ProblemOptions = {},
) => {
  const { status, title } = problemTable[code]
  return {
    type: `urn:orderly:problem:${code}`,
    title,
    status,
    detail,
    code,
    requestId: options.requestId ?? requestId,
    ...(options.errors ? { errors: options.errors } : {}),
    ...options.members,
  }
}

/** Tells programs that a repeat makes sense in a second. */
export const retrySoon = { 'retry-after': '1' } as const

export const problemContentType = 'application/problem+json'
