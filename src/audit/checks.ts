import type { ServiceName } from '../registry.ts'

/**
 * What the books must say, as far as rows can tell it. A check reads the rows of one table, page by
 * page. Its first file says what is wrong with them, or what other databases must have because of
 * them; each further file is asked there, and passes on what is still in doubt. What is left at the
 * end is a suspect.
 *
 * The order of the reads makes it true while the system works: a service stores what it wants before
 * it asks another one, and notes the answer after it. So a payment is looked up after the order that
 * says that it was made, and an order after the payment that it must have asked for.
 */
export interface Step {
  readonly service: ServiceName
  /** The file in `sql/`. */
  readonly file: string
}

export type DigestName = 'payments-by-person' | 'letters-by-person'

export interface Check {
  /** By this name violations are told, and `docs/guarantees.md` explains it. */
  readonly name: string
  readonly promise: string
  readonly table: string
  /** The table's primary key, a UUID. */
  readonly key: 'id' | 'user_id'
  /** How many rows a page has: fewer where each of them stands for many others. */
  readonly pageSize: number
  /** Says for whom there is nothing to look at, if there is a digest for that: see `digests.ts`. */
  readonly digest?: DigestName
  readonly steps: readonly [Step, ...Step[]]
}

const pageSize = 2_000

const step = (service: ServiceName, file: string): Step => ({ service, file })

/** Everything that one database can tell by itself, in one statement and so at one moment. */
const alone = (service: ServiceName, table: string, file: string) => ({
  table,
  key: 'id' as const,
  pageSize,
  steps: [step(service, file)] as const,
})

const paid = { key: 'id', pageSize, digest: 'payments-by-person' } as const

const told = { key: 'id', pageSize, digest: 'letters-by-person' } as const

export const checks: readonly Check[] = [
  {
    name: 'accounts-add-up',
    promise: 'a balance is the sum of its operations, and none of them was left out or put between',
    table: 'accounts',
    key: 'user_id',
    // Of accounts with a hundred operations each, so many take as long as a page of orders.
    pageSize: 100,
    steps: [step('billing', 'accounts-add-up')],
  },
  {
    name: 'operations-fit',
    promise: 'an operation did what it says, on an account, and a deposit owes its letter',
    ...alone('billing', 'operations', 'operations-fit'),
  },
  {
    name: 'deposit-letters-fit',
    promise: 'a letter that is owed for a deposit has that deposit, and is owed until it was sent',
    ...alone('billing', 'deposit_letters', 'deposit-letters-fit'),
  },
  {
    name: 'orders-fit',
    promise: 'an order took only allowed edges, and its changes and its timeline say the same',
    ...alone('order', 'orders', 'orders-fit'),
  },
  {
    name: 'changes-fit',
    promise: 'a change belongs to a paid order of the same person, and its timeline says the same',
    ...alone('order', 'order_changes', 'changes-fit'),
  },
  {
    name: 'bookings-fit',
    promise: 'a booking took only allowed edges; its offer, letters and timeline say the same',
    ...alone('booking', 'bookings', 'bookings-fit'),
  },
  {
    name: 'booking-letters-fit',
    promise: 'letters that are owed belong to a booking, and are owed until they were sent',
    ...alone('booking', 'booking_letters', 'booking-letters-fit'),
  },
  {
    name: 'offers-fit',
    promise: 'an offer belongs to one booking at most, and its state is that of its booking',
    ...alone('booking', 'offers', 'offers-fit'),
  },
  {
    name: 'orders-are-paid',
    promise: 'an order has taken its present price if it stands, else nothing; refusals are kept',
    ...paid,
    table: 'orders',
    steps: [step('order', 'payments-of-orders'), step('billing', 'confirm-payments')],
  },
  {
    name: 'changes-are-paid',
    promise: 'a change has moved its difference once, or its refusal is kept',
    ...paid,
    table: 'order_changes',
    steps: [step('order', 'payments-of-changes'), step('billing', 'confirm-payments')],
  },
  {
    name: 'bookings-are-paid',
    promise: 'a booking has taken its price if it stands, else nothing; what it gave up is stopped',
    ...paid,
    table: 'bookings',
    steps: [step('booking', 'payments-of-bookings'), step('billing', 'confirm-payments')],
  },
  {
    name: 'operations-were-asked-for',
    promise: 'no money moved for an order or a booking that did not ask for it',
    ...paid,
    table: 'operations',
    steps: [
      step('billing', 'operations-of-sagas'),
      step('order', 'operations-of-orders'),
      step('booking', 'operations-of-bookings'),
    ],
  },
  {
    name: 'order-letters-are-written',
    promise: 'each decided order has its letter, once nothing is owed',
    ...told,
    table: 'orders',
    steps: [step('order', 'letters-of-orders'), step('notification', 'confirm-letters')],
  },
  {
    name: 'change-letters-are-written',
    promise: 'each finished change has its letter, once nothing is owed',
    ...told,
    table: 'order_changes',
    steps: [step('order', 'letters-of-changes'), step('notification', 'confirm-letters')],
  },
  {
    name: 'deposit-letters-are-written',
    promise: 'each deposit has its letter, once nothing is owed',
    table: 'deposit_letters',
    key: 'id',
    pageSize,
    steps: [step('billing', 'letters-of-deposits'), step('notification', 'confirm-letters')],
  },
  {
    name: 'booking-letters-are-written',
    promise: 'each decision about a booking has its letters, to the customer and each manager',
    table: 'booking_letters',
    key: 'id',
    pageSize,
    steps: [
      step('booking', 'letters-of-bookings'),
      step('company', 'letters-to-readers'),
      step('notification', 'confirm-letters'),
    ],
  },
  {
    name: 'order-letters-were-owed',
    promise: 'no letter about an order was written that nobody owed, and none twice',
    ...told,
    table: 'letters',
    steps: [step('notification', 'order-letters-written'), step('order', 'letters-owed-by-orders')],
  },
  {
    name: 'letters-were-owed',
    promise: 'no other letter was written that nobody owed, and none twice',
    table: 'letters',
    key: 'id',
    pageSize,
    steps: [
      step('notification', 'letters-written'),
      step('booking', 'letters-owed-by-bookings'),
      step('company', 'letters-owed-to-members'),
      step('billing', 'letters-owed-by-deposits'),
    ],
  },
  {
    name: 'people-have-accounts',
    promise: 'whose account is told as open has one',
    table: 'users',
    key: 'id',
    pageSize,
    steps: [step('user', 'people-with-accounts'), step('billing', 'confirm-accounts')],
  },
  {
    name: 'accounts-have-people',
    promise: 'each account belongs to a user',
    table: 'accounts',
    key: 'user_id',
    pageSize,
    steps: [step('billing', 'accounts-of-people'), step('user', 'confirm-people')],
  },
  {
    name: 'people-have-logins',
    promise: 'who chose a password can sign in',
    table: 'users',
    key: 'id',
    pageSize,
    steps: [step('user', 'people-with-logins'), step('identity', 'confirm-logins')],
  },
]

/** Tables of sagas: rows in them that are due owe something. */
export const sagaTables: readonly { readonly service: ServiceName; readonly table: string }[] = [
  { service: 'user', table: 'users' },
  { service: 'billing', table: 'deposit_letters' },
  { service: 'order', table: 'orders' },
  { service: 'order', table: 'order_changes' },
  { service: 'booking', table: 'bookings' },
  { service: 'booking', table: 'booking_letters' },
]
