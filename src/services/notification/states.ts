/** What a letter is about, as lists: a letter is written once and has no other state. */
export const orderLetterKinds = [
  'ORDER_APPROVED',
  'ORDER_REJECTED',
  'ORDER_CANCELLED',
  'ORDER_REPRICED',
] as const

export type OrderLetterKind = (typeof orderLetterKinds)[number]

export const letterKinds = [...orderLetterKinds, 'DEPOSIT'] as const

export type LetterKind = (typeof letterKinds)[number]
