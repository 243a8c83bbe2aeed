import type { CompanyClient, Manager } from '../../clients/company.ts'
import type { NotificationClient } from '../../clients/notification.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import type { Tracer } from '../../platform/base/trace.ts'
import type { RowOutcome } from '../../platform/saga/recovery.ts'
import { createAfterwards } from '../../platform/saga/afterwards.ts'
import { createSagaTraces } from '../../platform/saga/saga-traces.ts'
import { postpone, timelineEntry } from '../../platform/saga/saga.ts'
import { listed } from '../../platform/base/states.ts'
import type { BookingLetterRow, BookingRow, LetterAbout } from './schema.ts'
import { letterKinds, type LetterKind } from './states.ts'
import type { BookingStore } from './store.ts'

/** A row of letters that are due, without what only recovery needs of it. */
export type DueLetters = Omit<BookingLetterRow, 'dueAt' | 'createdAt'>

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
  /** The customer's answer waits half of it; as long have the question to company and the other letters. */
  readonly letterBudgetMs: number
  readonly log: Log
  /** Undefined: nobody collects traces. */
  readonly tracer: Tracer | undefined
}

interface ToldCustomer {
  readonly id: string
  readonly row: DueLetters
  /** How long the customer's letter took. */
  readonly ms: number
}

/**
 * Sends the letters about one decision: to the customer, whose answer waits for it, and to those who
 * manage the company at that moment. Company keeps who that was, and answers the same whenever it is
 * asked. So a repeat sends the same letters under the same keys, which changes nothing.
 */
export const createLetters = ({
  store,
  companies,
  notification,
  letterBudgetMs,
  log,
  tracer,
}: LettersDeps) => {
  const timeoutMs = letterBudgetMs / 2
  const traces = createSagaTraces({
    tracer,
    saga: 'letters about a booking',
    calls: { letters: 'notification', managers: 'company' },
  })

  const kindsFor = ({ id, kind }: DueLetters) =>
    kindsOf[listed(letterKinds, kind, `the kind of letters ${id}`)]

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

  /** What became of it, or undefined when it is not known: then all the letters wait. */
  const tellCustomer = async (row: DueLetters): Promise<ToldCustomer | undefined> => {
    const { id, userId, email } = row
    // Nobody knows where to write to somebody without an account.
    if (email === null) return { id, row, ms: 0 }
    const sent = await traces.step(row, 'letters', () =>
      sendTo(row, kindsFor(row).customer, { userId, email }),
    )
    if (sent.outcome === 'done') return { id, row, ms: sent.ms }
    await postpone(store.dueLetters, row, 'letters', sent)
    return undefined
  }

  const tellManagers = async ({ row, ms: customerMs }: ToldCustomer): Promise<RowOutcome> => {
    const { companyId, decidedAt, requestId } = row
    const at = decidedAt.toISOString()
    const asked = await traces.step(row, 'managers', () =>
      companies.managersAt({ companyId, at, requestId, timeoutMs }),
    )
    if (asked.outcome !== 'done') {
      await postpone(store.dueLetters, row, 'managers', asked)
      return 'postponed'
    }
    const kind = kindsFor(row).manager
    const sent = await traces.step(row, 'letters', () =>
      Promise.all(asked.managers.map((manager) => sendTo(row, kind, manager))),
    )
    const unknown = sent.find(({ outcome }) => outcome === 'unknown')
    if (unknown !== undefined) {
      await postpone(store.dueLetters, row, 'letters', unknown)
      return 'postponed'
    }
    // All are acknowledged: nobody needs to wait until that is noted. If the note gets lost, recovery
    // sends the same letters under the same keys.
    const ms = Math.max(customerMs, asked.ms, ...sent.map((each) => each.ms))
    const entry = timelineEntry(row, 'letters', { outcome: 'done', ms })
    const noted = store.dueLetters.settle({ id: row.id, entry })
    noted.catch((error: unknown) => log.warn({ err: error, id: row.id }, 'letters not noted'))
    const timeline = [...row.timeline, entry]
    traces.ended(row, { since: decidedAt, state: row.kind, timeline })
    return 'finished'
  }

  const finish = (told: ToldCustomer) => traces.walk(told.row, () => tellManagers(told))
  const afterwards = createAfterwards({ finish, log })

  return {
    /** As soon as there is a decision. It ends when the customer is told; managers are, afterwards. */
    tell: async (row: DueLetters): Promise<void> => {
      const told = await traces.walk(row, () => tellCustomer(row))
      if (told !== undefined) afterwards.add(told)
    },
    /** All letters of a row that stayed due. */
    recover: (row: DueLetters): Promise<RowOutcome> =>
      traces.walk(row, async () => {
        const told = await tellCustomer(row)
        return told === undefined ? 'postponed' : tellManagers(told)
      }),
    stop: afterwards.stop,
  }
}

export type Letters = ReturnType<typeof createLetters>
