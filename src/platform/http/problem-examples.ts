import { problemDocument, problemTable, type FieldError, type ProblemCode } from '../base/errors.ts'

/** An example of each problem. The contract shows it at every place where the problem can occur. */
interface Example {
  readonly detail: string
  readonly errors?: readonly FieldError[]
}

const requestId = '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6970'
const keyMessage = 'must be 1 to 255 visible ASCII characters'

const examples: Record<ProblemCode, Example> = {
  'malformed-http': { detail: 'This could not be read as HTTP; nothing was done.' },
  'validation-failed': {
    detail: 'Check these: price.',
    errors: [{ field: 'price', message: 'must be at least 1' }],
  },
  'malformed-json': { detail: 'The body could not be read as JSON.' },
  'invalid-idempotency-key': {
    detail:
      'The Idempotency-Key must be 1 to 255 visible ASCII characters, between quotes or without any.',
    errors: [{ field: 'idempotency-key', message: keyMessage }],
  },
  unauthenticated: { detail: 'Send a token: Authorization: Bearer … .' },
  'wrong-credentials': { detail: 'There is no such user with this password.' },
  'session-ended': { detail: 'This refresh token does not serve any more: sign in again.' },
  'insufficient-funds': { detail: 'The account holds 5000, which is less than 15000.' },
  forbidden: { detail: 'This needs the role operator.' },
  'not-found': { detail: 'There is nothing at /nowhere.' },
  'user-not-found': { detail: 'There is no user 019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061.' },
  'account-not-found': { detail: 'User 019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061 has no account.' },
  'order-not-found': { detail: 'There is no order 019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978.' },
  'company-not-found': { detail: 'There is no company 019aa0b6-60a5-7c11-8f6e-2d3c4b5a6972.' },
  'category-not-found': { detail: 'There is no category 019aa0b6-60a5-7c11-8f6e-2d3c4b5a6973.' },
  'offer-not-found': { detail: 'There is no offer 019aa0b6-60a5-7c11-8f6e-2d3c4b5a6971.' },
  'booking-not-found': { detail: 'There is no booking 019aa0b6-62a5-7c11-8f6e-2d3c4b5a6974.' },
  'owed-not-found': {
    detail: 'There is no 019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978 that ever owed something.',
  },
  'member-not-found': { detail: 'User 019aa0b6-50f3-7a00-8b3d-1c2d3e4f5061 never was a member.' },
  'method-not-allowed': { detail: '/orders knows POST, GET.' },
  'request-timeout': { detail: 'The rest of the request did not come in time; nothing was done.' },
  'username-taken': {
    detail: 'Another user has this username.',
    errors: [{ field: 'username', message: 'is taken' }],
  },
  'email-taken': {
    detail: 'Another user has this email.',
    errors: [{ field: 'email', message: 'is taken' }],
  },
  'user-exists': { detail: 'This person has signed up before.' },
  'login-differs': { detail: 'This user has a login with another name.' },
  'account-differs': { detail: 'This user has an account with another email address.' },
  'balance-limit': { detail: 'No account may hold more than 9007199254740991.' },
  'refund-exceeds-withdrawal': {
    detail: 'The withdrawal took less than this, or it was refunded already.',
  },
  'withdrawal-refunded': { detail: 'Its refund came first, so it must not happen any more.' },
  'order-undecided': { detail: 'Billing has not answered yet; try again.' },
  'order-not-approved': { detail: 'The order is rejected or cancelled.' },
  'change-in-progress': { detail: 'One change at a time; try again.' },
  'company-inactive': { detail: 'The company is not active: it can offer nothing.' },
  'resource-taken': { detail: 'Anna is offered at that time already; nothing was kept.' },
  'offer-taken': { detail: 'Somebody else has it; nothing was taken from your account.' },
  'offer-closed': { detail: 'It is over or withdrawn; nothing was taken from your account.' },
  'booking-released': { detail: 'It was not paid in time; your money is where it was.' },
  'booking-undecided': { detail: 'Billing has not answered yet; try again.' },
  'booking-not-paid': { detail: 'The booking was refused, released or completed.' },
  'booking-not-over': { detail: 'It can be completed when its time is over.' },
  'too-late-to-cancel': { detail: 'It begins too soon: only the company can cancel it now.' },
  'member-exists': { detail: 'Whoever is a member already cannot become one.' },
  'member-limit': { detail: 'A company may have 50 members.' },
  'last-admin': { detail: 'Make somebody else an ADMIN first.' },
  'category-limit': { detail: 'There may be 500 categories, in 3 levels.' },
  'nothing-owed': { detail: 'It is finished: it owes nothing any more.' },
  'work-in-progress': { detail: 'Somebody works on it now; look again.' },
  'too-early': { detail: 'Who is a member at that moment may still change; ask again.' },
  'payload-too-large': { detail: 'The body may have 65536 bytes at most.' },
  'unsupported-media-type': { detail: 'Send the body as application/json.' },
  'idempotency-key-reused': { detail: 'This key was used for something else before.' },
  'too-many-attempts': { detail: 'Too many attempts failed; try again after Retry-After.' },
  'headers-too-large': { detail: 'The headers may have 16 KiB at most.' },
  internal: { detail: 'The failure was logged under this request id.' },
  'upstream-unavailable': { detail: 'billing could not be reached; nothing was done.' },
  overloaded: { detail: 'Try again in a moment.' },
  unavailable: { detail: 'The database cannot do it now; nothing was done. Try again.' },
  'upstream-timeout': { detail: 'order took too long; try again.' },
  'misdirected-request': {
    detail: 'shop.example.com is no name of this service; the setting PUBLIC_HOSTS adds names.',
  },
  'unknown-transfer-coding': {
    detail: 'The only Transfer-Encoding that is known here is chunked.',
  },
  'outcome-unknown': {
    detail:
      'The database did not answer; whether it was done is not known: repeat it with the same Idempotency-Key.',
  },
}

export const problemExample = (code: ProblemCode) => {
  const { detail, errors } = examples[code]
  return problemDocument(code, detail, requestId, errors === undefined ? {} : { errors })
}

/** Where a contract keeps the example, so that it is written only once. */
export const exampleReference = (code: ProblemCode) => `#/components/examples/${code}`

/** The examples that a contract refers to, as its components. */
export const examplesIn = (document: object) => {
  const text = JSON.stringify(document)
  const used = (Object.keys(problemTable) as ProblemCode[]).filter((code) =>
    text.includes(`"${exampleReference(code)}"`),
  )
  return Object.fromEntries(used.map((code) => [code, { value: problemExample(code) }]))
}
