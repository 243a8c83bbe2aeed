import { sql } from 'drizzle-orm'
import {
  bigint,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { isListed } from '../../platform/database/checks.ts'
import type { TimelineEntry } from '../../platform/saga/due-rows.ts'
import {
  bookingDecisions,
  bookingReasons,
  bookingStatuses,
  cancellers,
  holdingStatuses,
  letterKinds,
  offerStatuses,
  owingStatuses,
  type Canceller,
} from './states.ts'

export { operatorActs } from '../../platform/database/operator-acts.ts'
export { retries } from '../../platform/database/retries.ts'

const instant = (name: string) => timestamp(name, { withTimezone: true, precision: 3 })

/** The columns of a saga: what recovery needs to finish it, and what its owner sees of it. */
const sagaColumns = () => ({
  requestId: text('request_id').notNull(),
  /** When recovery may take the row; null when nothing is owed any more. */
  dueAt: timestamp('due_at', { withTimezone: true }),
  attempts: integer().notNull().default(0),
  timeline: jsonb().$type<TimelineEntry[]>().notNull().default([]),
  createdAt: instant('created_at').notNull().defaultNow(),
  /** Where its spans belong; null when nobody collected traces. */
  trace: text(),
})

/** Who cancelled, when, and why in their own words. */
const cancelColumns = () => ({
  cancelledBy: text('cancelled_by', { enum: cancellers }),
  cancelReason: text('cancel_reason'),
  cancelledAt: instant('cancelled_at'),
})

/**
 * A time that only one may have. No index holds a column that a booking changes: so an update of one
 * writes to no index.
 */
export const offers = pgTable(
  'offers',
  {
    id: uuid().primaryKey(),
    companyId: uuid('company_id').notNull(),
    categoryId: uuid('category_id').notNull(),
    title: text().notNull(),
    description: text(),
    price: bigint({ mode: 'number' }).notNull(),
    startsAt: instant('starts_at').notNull(),
    endsAt: instant('ends_at').notNull(),
    /** A name like Europe/Moscow: instants alone do not say what people read on their clocks. */
    timeZone: text('time_zone').notNull(),
    /** Two offers of one resource cannot overlap: an exclusion constraint of the migration. */
    resource: text(),
    lat: doublePrecision(),
    lng: doublePrecision(),
    status: text({ enum: offerStatuses }).notNull().default('OPEN'),
    /** The booking that has it now. */
    bookingId: uuid('booking_id'),
    ...cancelColumns(),
    createdBy: uuid('created_by').notNull(),
    idempotencyKey: text('idempotency_key'),
    requestId: text('request_id').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    // The key leads, so that an operator finds by it alone.
    unique('offers_key').on(table.idempotencyKey, table.createdBy),
    index('offers_by_start').on(table.startsAt, table.id),
    check('offers_price', sql`${table.price} between 1 and 9007199254740991`),
    check('offers_time', sql`${table.startsAt} < ${table.endsAt}`),
    check('offers_place', sql`(${table.lat} is null) = (${table.lng} is null)`),
    check('offers_status', isListed(table.status, offerStatuses)),
    check('offers_cancelled_by', isListed(table.cancelledBy, cancellers)),
    check(
      'offers_held',
      sql`${table.status} not in ('RESERVED', 'PAID', 'COMPLETED') or ${table.bookingId} is not null`,
    ),
    check('offers_free', sql`${table.status} <> 'OPEN' or ${table.bookingId} is null`),
    check(
      'offers_cancelled',
      sql`(${table.status} = 'CANCELLED') = (${table.cancelledAt} is not null and ${table.cancelledBy} is not null)`,
    ),
  ],
)

/**
 * By what offers are found, each list in the order of their start: a search walks one list from where
 * the page before ended, and stops after a page. `term` is compared byte by byte (see the migration):
 * no language has a say in whether two terms are the same. The key includes what a row says of its
 * offer, all of which stays as it is. A row without a price says nothing.
 */
export const offerTerms = pgTable(
  'offer_terms',
  {
    term: text().notNull(),
    startsAt: instant('starts_at').notNull(),
    offerId: uuid('offer_id').notNull(),
    price: bigint({ mode: 'number' }),
    lat: doublePrecision(),
    lng: doublePrecision(),
    /** Bits of the offer's terms: it has no term whose bits are not among them. */
    marks: bigint({ mode: 'bigint' }),
  },
  (table) => [
    primaryKey({ name: 'offer_terms_key', columns: [table.term, table.startsAt, table.offerId] }),
  ],
)

/** The saga's whole state: there is no second journal to disagree with it. */
export const bookings = pgTable(
  'bookings',
  {
    id: uuid().primaryKey(),
    /** Its key at billing for the way back of the money. */
    refundId: uuid('refund_id').notNull(),
    /** No foreign key: the statement that stores it locks its offer, and offers are never deleted. */
    offerId: uuid('offer_id').notNull(),
    userId: uuid('user_id').notNull(),
    /** What was offered, as it never changes: answers and letters need no look at the offer. */
    companyId: uuid('company_id').notNull(),
    title: text().notNull(),
    price: bigint({ mode: 'number' }).notNull(),
    startsAt: instant('starts_at').notNull(),
    endsAt: instant('ends_at').notNull(),
    timeZone: text('time_zone').notNull(),
    idempotencyKey: text('idempotency_key'),
    status: text({ enum: bookingStatuses }).notNull().default('PENDING'),
    /** What was decided at first: stays when the booking is cancelled later. */
    decision: text({ enum: bookingDecisions }),
    reason: text({ enum: bookingReasons }),
    decidedAt: instant('decided_at'),
    /** Then the hold ends, if it is not paid. */
    holdUntil: instant('hold_until').notNull(),
    /** Where the customer's letters go: billing told it with its answer. */
    email: text(),
    ...cancelColumns(),
    completedAt: instant('completed_at'),
    ...sagaColumns(),
  },
  (table) => [
    unique('bookings_key').on(table.idempotencyKey, table.userId),
    /** No offer is ever sold twice. */
    uniqueIndex('bookings_one_of_offer')
      .on(table.offerId)
      .where(isListed(table.status, holdingStatuses)),
    index('bookings_by_user').on(table.userId, table.id),
    index('bookings_due')
      .on(table.dueAt)
      .where(sql`${table.dueAt} is not null`),
    check('bookings_price', sql`${table.price} between 1 and 9007199254740991`),
    check('bookings_status', isListed(table.status, bookingStatuses)),
    check('bookings_known_decision', isListed(table.decision, bookingDecisions)),
    check('bookings_known_reason', isListed(table.reason, bookingReasons)),
    check('bookings_known_canceller', isListed(table.cancelledBy, cancellers)),
    check(
      'bookings_decision',
      sql`${table.decision} is not distinct from case when ${table.status} in ('PENDING', 'RELEASING') then null when ${table.status} in ('REFUSED', 'RELEASED') then ${table.status} else 'PAID' end and (${table.decision} is null) = (${table.decidedAt} is null)`,
    ),
    check(
      'bookings_reason',
      sql`(${table.status} in ('REFUSED', 'RELEASING', 'RELEASED')) = (${table.reason} is not null)`,
    ),
    check(
      'bookings_cancelled',
      sql`(${table.status} in ('CANCELLING', 'CANCELLED')) = (${table.cancelledAt} is not null and ${table.cancelledBy} is not null)`,
    ),
    check(
      'bookings_completed',
      sql`(${table.status} = 'COMPLETED') = (${table.completedAt} is not null)`,
    ),
    check(
      'bookings_owing_due',
      sql`(${isListed(table.status, owingStatuses)}) = (${table.dueAt} is not null)`,
    ),
  ],
)

/** What a letter says about a booking, as it was when it was decided. */
export interface LetterAbout {
  readonly title: string
  readonly amount: number
  readonly startsAt: string
  readonly timeZone: string
  readonly cancelledBy: Canceller | null
  readonly reason: string | null
}

/** Letters that are owed about a booking: a row for each decision, made together with it. */
export const bookingLetters = pgTable(
  'booking_letters',
  {
    id: uuid().primaryKey(),
    /** No foreign key: the statement that makes it decides its booking, which is never deleted. */
    bookingId: uuid('booking_id').notNull(),
    kind: text({ enum: letterKinds }).notNull(),
    /** The customer. */
    userId: uuid('user_id').notNull(),
    /** Null when nobody knows where to write: then only the managers are told. */
    email: text(),
    /** Those who manage it at `decidedAt` are told, too. */
    companyId: uuid('company_id').notNull(),
    decidedAt: instant('decided_at').notNull(),
    about: jsonb().$type<LetterAbout>().notNull(),
    ...sagaColumns(),
  },
  (table) => [
    unique('booking_letters_once').on(table.bookingId, table.kind),
    index('booking_letters_due')
      .on(table.dueAt)
      .where(sql`${table.dueAt} is not null`),
    check('booking_letters_kind', isListed(table.kind, letterKinds)),
  ],
)

export type OfferRow = typeof offers.$inferSelect
export type BookingRow = typeof bookings.$inferSelect
export type BookingLetterRow = typeof bookingLetters.$inferSelect
