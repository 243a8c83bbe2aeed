/** What a saga owes, as operators see it, and how they have it tried again. */

/** What only the service knows of its row. */
export interface ToldOfOwed {
  /** What it is about: an order, a booking, or itself. */
  readonly about: string
  readonly userId: string
  readonly state: string
  readonly requestId: string
}

export interface OwedRow<Entry> extends ToldOfOwed {
  readonly kind: string
  readonly id: string
  readonly createdAt: Date
  readonly dueAt: Date
  readonly attempts: number
  /** Somebody holds its lease. */
  readonly isAtWork: boolean
  readonly timeline: readonly Entry[]
}

export interface OwedQuery {
  readonly after: { readonly at: string; readonly id: string }
  readonly limit: number
}

export interface OwedList<Entry> {
  /** The oldest first, one more than asked for. */
  readonly items: readonly OwedRow<Entry>[]
  /** False when so many owe something that not all were looked at. */
  readonly isAll: boolean
}

export interface WantedRetry {
  readonly operator: string
  readonly owedId: string
  readonly idempotencyKey: string | null
  readonly requestId: string
}

export type RetryAnswer =
  | {
      readonly outcome: 'known' | 'noted'
      readonly id: string
      readonly owedId: string
      readonly at: Date
    }
  | { readonly outcome: 'nothing-owed' | 'at-work' | 'missing' }

export interface Owed<Entry> {
  readonly list: (query: OwedQuery) => Promise<OwedList<Entry>>
  readonly retry: (wanted: WantedRetry) => Promise<RetryAnswer>
}
