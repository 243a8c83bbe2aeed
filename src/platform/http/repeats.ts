import { ProblemError, retrySoon } from '../base/errors.ts'

/**
 * What the client may do when nobody knows whether its request was done. A route that takes an
 * Idempotency-Key does its work again for every request without one. Any other request may be
 * repeated as it is: it reads, it can happen only once, or its key is in its body.
 */
export type Repeat = 'with its key' | 'as it is' | 'not safely'

export const repeatOf = (takesKey: boolean, hasKey: boolean): Repeat => {
  if (!takesKey) return 'as it is'
  return hasKey ? 'with its key' : 'not safely'
}

const advice: Record<Repeat, string> = {
  'with its key': 'repeat it with the same Idempotency-Key',
  'as it is': 'repeat it, which does nothing twice',
  'not safely': 'it came without an Idempotency-Key, so that a repeat could do it twice',
}

/** Programs obey Retry-After, so there must be none where a repeat does harm. */
export const outcomeUnknown = (what: string, repeat: Repeat): ProblemError =>
  new ProblemError(
    'outcome-unknown',
    `${what}; whether it was done is not known: ${advice[repeat]}.`,
    repeat === 'not safely' ? {} : { headers: retrySoon },
  )
