import type { Edge } from '../../platform/base/states.ts'

/**
 * The only states and edges that offers and bookings may take, as data: `workflow.ts` walks them,
 * the database's checks and triggers repeat them, and the state diagrams are drawn from them.
 */
export const offerStatuses = ['OPEN', 'RESERVED', 'PAID', 'COMPLETED', 'CANCELLED'] as const
export type OfferStatus = (typeof offerStatuses)[number]

export const offerEdges: readonly Edge<OfferStatus>[] = [
  { from: 'OPEN', to: 'RESERVED', when: 'a booking holds it' },
  { from: 'OPEN', to: 'CANCELLED', when: 'the company withdrew it' },
  { from: 'RESERVED', to: 'PAID', when: 'its booking is paid' },
  { from: 'RESERVED', to: 'OPEN', when: 'its booking is refused or released' },
  { from: 'RESERVED', to: 'CANCELLED', when: 'the company withdrew it' },
  { from: 'PAID', to: 'COMPLETED', when: 'it took place' },
  { from: 'PAID', to: 'OPEN', when: 'the customer cancelled, and the money is back' },
  { from: 'PAID', to: 'CANCELLED', when: 'the company cancelled it' },
]

export const bookingStatuses = [
  'PENDING',
  'PAID',
  'REFUSED',
  'RELEASING',
  'RELEASED',
  'CANCELLING',
  'CANCELLED',
  'COMPLETED',
] as const
export type BookingStatus = (typeof bookingStatuses)[number]

export const bookingEdges: readonly Edge<BookingStatus>[] = [
  { from: 'PENDING', to: 'PAID', when: 'billing took the money' },
  { from: 'PENDING', to: 'REFUSED', when: 'billing refused' },
  { from: 'PENDING', to: 'RELEASING', when: 'the hold is over, or the offer is withdrawn' },
  { from: 'RELEASING', to: 'RELEASED', when: 'the money is back, or will never be taken' },
  { from: 'PAID', to: 'CANCELLING', when: 'the customer or the company cancelled' },
  { from: 'CANCELLING', to: 'CANCELLED', when: 'the money is back' },
  { from: 'PAID', to: 'COMPLETED', when: 'it took place' },
]

/** In these an offer belongs to its booking: no other may have it. */
export const holdingStatuses = [
  'PENDING',
  'PAID',
  'RELEASING',
  'CANCELLING',
  'COMPLETED',
] as const satisfies readonly BookingStatus[]

/** In these the saga owes something at billing. */
export const owingStatuses = [
  'PENDING',
  'RELEASING',
  'CANCELLING',
] as const satisfies readonly BookingStatus[]

/** What became of a booking at first: the answer to its POST is built from it, for ever. */
export const bookingDecisions = ['PAID', 'REFUSED', 'RELEASED'] as const

/** Why billing refused. */
export const refusalReasons = ['insufficient-funds', 'account-not-found'] as const

/** Why a booking without a decision gives its offer back. */
export const releaseReasons = ['hold-over', 'offer-withdrawn'] as const

export const bookingReasons = [...refusalReasons, ...releaseReasons] as const

/** Who cancelled a booking that was paid, or withdrew an offer. */
export const cancellers = ['CUSTOMER', 'COMPANY', 'OPERATOR'] as const
export type Canceller = (typeof cancellers)[number]

/** What letters are written about. */
export const letterKinds = ['PAID', 'REFUSED', 'RELEASED', 'CANCELLED'] as const
export type LetterKind = (typeof letterKinds)[number]
