/** What the `states.ts` of the services are made of, and how a value from outside becomes one of theirs. */

/** A change of state that may happen; every other is refused by a trigger. */
export interface Edge<Status> {
  readonly from: Status
  readonly to: Status
  readonly when: string
}

/**
 * The value as one of its list. A value that the list lacks was written by a newer
 * release or by hand: that is a fault to log, and never told as another value.
 */
export const listed = <Value extends string>(
  list: readonly Value[],
  value: string | null,
  what: string,
): Value => {
  const found = list.find((each) => each === value)
  if (found === undefined) throw new Error(`${what} is ${value}, which is not known here`)
  return found
}
