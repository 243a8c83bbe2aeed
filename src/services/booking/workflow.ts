import { uuidv7 } from '../../platform/base/ids.ts'
import { listed } from '../../platform/base/states.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import { traceOfRow, type Tracer } from '../../platform/base/trace.ts'
import type { TimelineEntry } from '../../platform/saga/due-rows.ts'
import { backoffMs, type RowOutcome } from '../../platform/saga/recovery.ts'
import { createSagaTraces } from '../../platform/saga/saga-traces.ts'
import { postpone, timelineEntry, type StepOutcome } from '../../platform/saga/saga.ts'
import { aboutBooking, type DueLetters, type Letters } from './letters.ts'
import type { Payment } from './payment.ts'
import type { BookingRow, LetterAbout } from './schema.ts'
import { bookingStatuses, letterKinds, refusalReasons } from './states.ts'
import type { Changed } from './statements.ts'
import type { BookingStore } from './store.ts'

export interface WorkflowDeps {
  readonly store: BookingStore
  readonly payment: Payment
  readonly letters: Letters
  readonly log: Log
  /** Undefined: nobody collects traces. */
  readonly tracer: Tracer | undefined
}

type Step = 'pay' | 'release' | 'give-back' | 'rest'

/** What a booking needs next, from its row alone. */
const nextStep = ({ id, status, holdUntil }: BookingRow): Step => {
  switch (listed(bookingStatuses, status, `the status of booking ${id}`)) {
    case 'PENDING':
      return holdUntil.getTime() <= Date.now() ? 'release' : 'pay'
    case 'RELEASING':
    case 'CANCELLING':
      return 'give-back'
    case 'PAID':
    case 'REFUSED':
    case 'RELEASED':
    case 'CANCELLED':
    case 'COMPLETED':
      return 'rest'
  }
}

/** How far a step came: the row as it is now, or undefined when it has to wait. */
type Taken = Changed | undefined

const nothingCalled = { outcome: 'done', ms: 0 } as const

/** A booking that was paid and is cancelled is told of twice: as a booking, and as a cancellation. */
const createTraces = (tracer: Tracer | undefined) => {
  const calls = { withdraw: 'billing', refund: 'billing' } as const
  const whole = createSagaTraces({ tracer, saga: 'booking', calls })
  const cancellation = createSagaTraces({ tracer, saga: 'cancellation', calls })
  const of = ({ cancelledAt }: BookingRow) => (cancelledAt === null ? whole : cancellation)
  return {
    walk: <Result>(row: BookingRow, work: () => Result): Result => of(row).walk(row, work),
    step: <Result>(row: BookingRow, step: string, work: () => Promise<Result>) =>
      of(row).step(row, step, work),
    ended: (row: BookingRow) => {
      const since = row.cancelledAt ?? row.createdAt
      const timeline = row.timeline.filter(({ at }) => Date.parse(at) >= since.getTime())
      of(row).ended(row, { since, state: row.status, timeline })
    },
  }
}

type Traces = ReturnType<typeof createTraces>

/** What every step may have to do: wait for its next attempt, or tell of a decision. */
const createCommon = ({ store, letters, log }: WorkflowDeps) => {
  const wait = async (row: BookingRow, step: string, outcome: StepOutcome) => {
    await postpone(store.dueBookings, row, step, outcome)
    return undefined
  }

  /** The letters are due since the decision was stored: what fails here, recovery sends. */
  const tell = async (row: BookingRow, letterId: string, about: LetterAbout) => {
    const { id: bookingId, userId, email, companyId, requestId } = row
    const decidedAt = row.cancelledAt ?? row.decidedAt
    if (decidedAt === null) throw new Error(`booking ${bookingId} is told but not decided`)
    const kind = listed(letterKinds, row.status, `what is told of booking ${bookingId}`)
    const owed: DueLetters = {
      id: letterId,
      bookingId,
      kind,
      userId,
      email,
      companyId,
      decidedAt,
      about,
      requestId,
      trace: traceOfRow(),
      attempts: 0,
      timeline: [],
    }
    await letters.tell(owed).catch((error: unknown) => {
      log.warn({ err: error, id: letterId }, 'letters about a booking are left to recovery')
    })
  }

  return { wait, tell }
}

type Common = ReturnType<typeof createCommon>

/** What an undecided booking needs: its payment, or the end of its hold. */
const createDecisions = (
  { store, payment }: WorkflowDeps,
  { wait, tell }: Common,
  traces: Traces,
) => {
  /**
   * The hold is over: from here on nobody tries to take the money any more. By the clock of the
   * database it may not be over yet: then the row is as it was.
   */
  const release = (row: BookingRow): Promise<Changed> => {
    const entry = timelineEntry(row, 'hold-over', nothingCalled)
    return store.releaseBooking({ id: row.id, entry })
  }

  /** What somebody else made of a booking that this worker took for undecided. */
  const catchUp = async (row: BookingRow): Promise<Changed> => {
    const now = await release(row)
    if (now.status === 'PENDING') throw new Error(`booking ${row.id} is refunded, but not released`)
    return now
  }

  /** Billing took the money, or refused. If the offer was withdrawn meanwhile, the money goes back. */
  const pay = async (row: BookingRow): Promise<Taken> => {
    const paid = await traces.step(row, 'withdraw', () => payment.pay(row))
    if (paid.outcome === 'unknown') return wait(row, 'withdraw', paid)
    // Somebody else ended the hold meanwhile, and billing has noted that it never takes the money.
    if (paid.outcome === 'refused' && paid.code === 'withdrawal-refunded') return catchUp(row)
    const isPaid = paid.outcome === 'done'
    const reason = isPaid
      ? null
      : listed(refusalReasons, paid.code, `billing's reason about booking ${row.id}`)
    const letterId = uuidv7()
    const about = aboutBooking(row, reason)
    const decided = await store.decideBooking({
      id: row.id,
      status: isPaid ? 'PAID' : 'REFUSED',
      reason,
      email: 'email' in paid ? paid.email : null,
      letterId,
      about,
      entry: timelineEntry(row, 'withdraw', paid),
    })
    if (decided.changed && decided.decision !== null) await tell(decided, letterId, about)
    return decided
  }

  return { pay, release }
}

/** What a booking needs whose money goes back. */
const createRefunds = (
  { store, payment }: WorkflowDeps,
  { wait, tell }: Common,
  traces: Traces,
) => {
  const finish = async (row: BookingRow, email: string | null, entry: TimelineEntry) => {
    const letterId = uuidv7()
    const about = aboutBooking(row, row.reason)
    const finished = await store.finishRefund({ id: row.id, email, letterId, about, entry })
    if (finished.changed) await tell(finished, letterId, about)
    return finished
  }

  /** Billing keeps its refusal under the key of this refund: the next attempt has another one. */
  const renew = async (row: BookingRow, entry: TimelineEntry): Promise<Taken> => {
    const { id, refundId } = row
    const delayMs = backoffMs(row.attempts)
    await store.renewRefund({ id, refundId, nextRefundId: uuidv7(), delayMs, entry })
    return undefined
  }

  /**
   * There is no account, so billing had nothing to give back. But the payment may still be under way,
   * and the account may be opened before it arrives. Asking for it once more settles that: billing
   * keeps its refusal under the key of the payment.
   */
  const settlePayment = async (row: BookingRow): Promise<Taken> => {
    const paid = await traces.step(row, 'withdraw', () => payment.pay(row))
    if (paid.outcome === 'unknown') return wait(row, 'withdraw', paid)
    const entry = timelineEntry(row, 'withdraw', paid)
    if (paid.outcome === 'done') return renew(row, entry)
    return finish(row, 'email' in paid ? paid.email : null, entry)
  }

  /** All the money goes back; or billing notes that it never takes it. Until then the offer is held. */
  const giveBack = async (row: BookingRow): Promise<Taken> => {
    const back = await traces.step(row, 'refund', () => payment.giveBack(row))
    if (back.outcome === 'unknown') return wait(row, 'refund', back)
    const entry = timelineEntry(row, 'refund', back)
    if (back.outcome === 'done') return finish(row, back.email, entry)
    switch (back.code) {
      case 'account-not-found':
        return settlePayment(row)
      case 'balance-limit':
        return renew(row, entry)
      case 'insufficient-funds':
      case 'refund-exceeds-withdrawal':
      case 'withdrawal-refunded':
        throw new Error(`billing refused the refund of booking ${row.id}: ${back.code}`)
    }
  }

  return { giveBack }
}

export const createBookingWorkflow = (deps: WorkflowDeps) => {
  const common = createCommon(deps)
  const traces = createTraces(deps.tracer)
  const { pay, release } = createDecisions(deps, common, traces)
  const { giveBack } = createRefunds(deps, common, traces)

  /**
   * Walks a booking as far as it gets. The live request and recovery call the same function; when both
   * do, the keys make the calls one, and the store lets only one of them decide.
   */
  const walkHere = async (start: BookingRow): Promise<{ row: BookingRow; outcome: RowOutcome }> => {
    let row = start
    for (;;) {
      let taken: Taken
      switch (nextStep(row)) {
        case 'pay':
          taken = await pay(row)
          break
        case 'release':
          taken = await release(row)
          if (taken.status === 'PENDING') taken = await pay(taken)
          break
        case 'give-back':
          taken = await giveBack(row)
          break
        case 'rest':
          return { row, outcome: 'finished' }
      }
      if (taken === undefined) return { row, outcome: 'postponed' }
      row = taken
      if (taken.changed && nextStep(taken) === 'rest') traces.ended(taken)
    }
  }

  const walk = (booking: BookingRow) => traces.walk(booking, () => walkHere(booking))

  return {
    advanceBooking: async (booking: BookingRow) => (await walk(booking)).row,
    recoverBooking: async (booking: BookingRow) => (await walk(booking)).outcome,
  }
}

export type BookingWorkflow = ReturnType<typeof createBookingWorkflow>
