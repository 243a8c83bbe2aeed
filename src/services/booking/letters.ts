import type { CompanyClient, Manager } from '../../clients/company.ts'
import type { NotificationClient } from '../../clients/notification.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import type { RowOutcome } from '../../platform/saga/recovery.ts'
import { postpone, timelineEntry } from '../../platform/saga/saga.ts'
import { listed } from '../../platform/base/states.ts'
import type { BookingLetterRow, BookingRow, LetterAbout } from './schema.ts'
import { letterKinds, type LetterKind } from './states.ts'
import type { BookingStore } from './store.ts'

/** A row of letters that are due, without what only recovery needs of it. */
export type DueLetters = Omit<BookingLetterRow, 'dueAt' | 'timeline' | 'createdAt'>

/** What is written about each decision, to the customer and to those who manage the company. */
const kindsOf = {
  PAID: { customer: 'BOOKING_PAID', manager: 'OFFER_BOOKED' },
  REFUSED: { customer: 'BOOKING_REFUSED', manager: 'OFFER_REFUSED' },
  RELEASED: { customer: 'BOOKING_RELEASED', manager: 'OFFER_RELEASED' },
  CANCELLED: { customer: 'BOOKING_CANCELLED', manager: 'OFFER_CANCELLED' },
} as const satisfies Record<LetterKind, object>

type KindInLetter = (typeof kindsOf)[LetterKind]['customer' | 'manager']

/** What the letters about a booking say. It is stored with the decision, and never changes. */
export const aboutBooking = (
  { title, price, startsAt, timeZone, cancelledBy, cancelReason }: BookingRow,
  reason: string | null,
): LetterAbout => ({
  title,
  amount: price,
  startsAt: startsAt.toISOString(),
  timeZone,
  cancelledBy,
  reason: cancelledBy === null ? reason : cancelReason,
})

export interface LettersDeps {
  readonly store: Pick<BookingStore, 'dueLetters'>
  readonly companies: CompanyClient
  readonly notification: NotificationClient
  /** For all of it: half to ask who manages the company, half for the letters. */
  readonly letterBudgetMs: number
  readonly log: Log
}

/**
 * Sends the letters about one decision. Those who manage the company at that moment are told, too:
 * company keeps who that was, and answers the same whenever it is asked. So a repeat sends the same
 * letters under the same keys, which changes nothing.
 */
export const createLetters = ({
  store,
  companies,
  notification,
  letterBudgetMs,
  log,
}: LettersDeps) => {
  const timeoutMs = letterBudgetMs / 2

  const sendTo = (row: DueLetters, kind: KindInLetter, reader: Pick<Manager, 'userId' | 'email'>) =>
    notification.sendLetter({
      key: `${row.id}:${kind}:${reader.userId}`,
      userId: reader.userId,
      email: reader.email,
      kind,
      bookingId: row.bookingId,
      ...row.about,
      requestId: row.requestId,
      timeoutMs,
    })

  const send = async (row: DueLetters): Promise<RowOutcome> => {
    const kinds = kindsOf[listed(letterKinds, row.kind, `the kind of letters ${row.id}`)]
    const { companyId, decidedAt, requestId, userId, email } = row
    const at = decidedAt.toISOString()
    const asked = await companies.managersAt({ companyId, at, requestId, timeoutMs })
    if (asked.outcome !== 'done') {
      await postpone(store.dueLetters, row, 'managers', asked)
      return 'postponed'
    }
    const sent = await Promise.all([
      // Nobody knows where to write to somebody without an account.
      ...(email === null ? [] : [sendTo(row, kinds.customer, { userId, email })]),
      ...asked.managers.map((manager) => sendTo(row, kinds.manager, manager)),
    ])
    const ms = Math.max(asked.ms, ...sent.map((each) => each.ms))
    const unknown = sent.find(({ outcome }) => outcome === 'unknown')
    if (unknown !== undefined) {
      await postpone(store.dueLetters, row, 'letters', unknown)
      return 'postponed'
    }
    // All are acknowledged: nobody needs to wait until that is noted. If the note gets lost, recovery
    // sends the same letters under the same keys.
    const entry = timelineEntry(row, 'letters', { outcome: 'done', ms })
    const noted = store.dueLetters.settle({ id: row.id, entry })
    noted.catch((error: unknown) => log.warn({ err: error, id: row.id }, 'letters not noted'))
    return 'finished'
  }

  return { send }
}

export type Letters = ReturnType<typeof createLetters>
