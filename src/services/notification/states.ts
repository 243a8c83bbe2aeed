/** What a letter is about, as lists: a letter is written once and has no other state. */
export const orderLetterKinds = [
  'ORDER_APPROVED',
  'ORDER_REJECTED',
  'ORDER_CANCELLED',
  'ORDER_REPRICED',
] as const

export type OrderLetterKind = (typeof orderLetterKinds)[number]

/** What became of a booking: the first four go to the customer, the others to the company. */
export const bookingLetterKinds = [
  'BOOKING_PAID',
  'BOOKING_REFUSED',
  'BOOKING_RELEASED',
  'BOOKING_CANCELLED',
  'OFFER_BOOKED',
  'OFFER_REFUSED',
  'OFFER_RELEASED',
  'OFFER_CANCELLED',
] as const

export type BookingLetterKind = (typeof bookingLetterKinds)[number]

export const letterKinds = [...orderLetterKinds, ...bookingLetterKinds, 'DEPOSIT'] as const

export type LetterKind = (typeof letterKinds)[number]

/** Who may cancel a booking. */
export const cancellers = ['CUSTOMER', 'COMPANY', 'OPERATOR'] as const

export type Canceller = (typeof cancellers)[number]
