/**
 * What the pages know of the answers that they show. The contracts say more; a page reads what it
 * needs. Nothing here is sent to the browser: only comments refer to it.
 */
export interface TimelineEntry {
  /** When the step ended. */
  readonly at: string
  readonly step: string
  readonly attempt: number
  readonly outcome: string
  readonly ms: number
  readonly reason?: string
  /** How many requests the step has sent, if it was more than one. */
  readonly calls?: number
}

export interface Page<Item> {
  readonly items: readonly Item[]
  readonly next: string | null
}

export interface Account {
  readonly userId: string
  readonly email: string
  readonly balance: number
}

export interface Operation {
  readonly id: string
  readonly kind: 'DEPOSIT' | 'WITHDRAW' | 'REFUND'
  readonly amount: number
  readonly status: 'DONE' | 'REFUSED'
  readonly reason: string | null
  readonly balanceAfter: number | null
  readonly orderId: string | null
  readonly createdAt: string
}

export interface Order {
  readonly id: string
  readonly userId: string
  readonly price: number
  readonly description: string | null
  readonly status: 'PENDING' | 'APPROVED' | 'REJECTED' | 'CANCELLED'
  readonly reason: string | null
  readonly createdAt: string
}

export interface OrderChange {
  readonly id: string
  readonly kind: 'REPRICE' | 'CANCEL'
  readonly fromPrice: number
  readonly toPrice: number | null
  readonly status: 'PENDING' | 'DONE' | 'REFUSED'
  readonly createdAt: string
  readonly timeline: readonly TimelineEntry[]
  readonly owes: boolean
}

export interface OrderDetails extends Order {
  readonly timeline: readonly TimelineEntry[]
  readonly changes: readonly OrderChange[]
  readonly owes: boolean
}

export interface Booking {
  readonly id: string
  readonly offerId: string
  readonly companyId: string
  readonly userId: string
  readonly title: string
  readonly price: number
  readonly startsAt: string
  readonly endsAt: string
  readonly timeZone: string
  readonly status:
    | 'PENDING'
    | 'PAID'
    | 'REFUSED'
    | 'RELEASING'
    | 'RELEASED'
    | 'CANCELLING'
    | 'CANCELLED'
    | 'COMPLETED'
  readonly reason: string | null
  readonly holdUntil: string
  readonly cancelledBy: 'CUSTOMER' | 'COMPANY' | 'OPERATOR' | null
  readonly cancelReason: string | null
  readonly createdAt: string
}

export interface BookingDetails extends Booking {
  readonly timeline: readonly TimelineEntry[]
  readonly owes: boolean
}

export interface Letter {
  readonly id: string
  readonly kind: string
  readonly orderId: string | null
  readonly bookingId: string | null
  readonly subject: string
  readonly body: string
  readonly createdAt: string
}

export interface Offer {
  readonly id: string
  readonly companyId: string
  readonly title: string
  readonly description: string | null
  readonly price: number
  readonly startsAt: string
  readonly endsAt: string
  readonly timeZone: string
}

export interface Company {
  readonly id: string
  readonly name: string
}

/** A row that is undecided, or owes something. */
export interface Owed {
  readonly kind: string
  readonly id: string
  /** What it is about: an order, a booking, or itself. */
  readonly about: string
  readonly userId: string
  readonly state: string
  readonly createdAt: string
  readonly attempts: number
  readonly isAtWork: boolean
  readonly lastStep: string | null
  readonly lastReason: string | null
  readonly requestId: string
}

export interface OwedPage extends Page<Owed> {
  readonly isAll: boolean
}

export interface Found {
  readonly service: string
  readonly kind: string
  readonly id: string
  readonly userId: string | null
}

/** What an operator asked for. */
export interface Act {
  readonly id: string
  readonly at: string
  readonly operator: string
  readonly method: string
  readonly route: string
  readonly target: string
  readonly subject: string | null
  readonly requestId: string
}

/** What passed in some seconds. */
export interface Traffic {
  readonly at: string
  readonly requests: number
  readonly errors: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export interface ServiceView {
  readonly name: string
  readonly isReady: boolean
  readonly replicas: readonly { readonly instance: string; readonly lastSeenAt: string }[]
  readonly areAllReplicas: boolean
  readonly traffic: readonly Traffic[]
}

export interface ServicesView {
  readonly at: string
  readonly bucketSeconds: number
  readonly services: readonly ServiceView[]
}

export interface Books {
  readonly latest: {
    readonly startedAt: string
    readonly since: string | null
    readonly durationMs: number
    readonly rows: number
    readonly violations: number
    readonly byInvariant: Readonly<Record<string, number>>
  } | null
}

/** An answer that says why not, or what is to be said when there was no answer. */
export interface Trouble {
  readonly title: string
  readonly detail: string
  readonly code: string
  /** 0 when nobody answered. */
  readonly status: number
  readonly requestId?: string
  readonly errors?: readonly { readonly field: string; readonly message: string }[]
  /** What the problem brings along: the order that was refused. */
  readonly document?: Readonly<Record<string, unknown>>
}

/** Who is signed in. */
export interface Person {
  readonly id: string
  readonly name: string
  readonly isOperator: boolean
}

export interface Tokens {
  readonly accessToken: string
  readonly refreshToken?: string
  readonly idToken?: string
  readonly endsAtMs: number
}
