import type { NotificationClient } from '../../clients/notification.ts'
import type { RowOutcome } from '../../platform/saga/recovery.ts'
import { createSagaTraces } from '../../platform/saga/saga-traces.ts'
import { postpone, timelineEntry } from '../../platform/saga/saga.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import { traceOfRow, type Tracer } from '../../platform/base/trace.ts'
import type { DepositLetterRow } from './schema.ts'
import type { AppliedOperation, BillingStore } from './store.ts'

export interface DepositLettersDeps {
  readonly store: BillingStore
  readonly notification: NotificationClient
  readonly budgetMs: number
  readonly log: Log
  /** Undefined: nobody collects traces. */
  readonly tracer: Tracer | undefined
}

type OwedLetter = Omit<DepositLetterRow, 'dueAt'>

/** The letter for a deposit: owed since the deposit's own statement, sent until acknowledged. */
export const createDepositLetters = (deps: DepositLettersDeps) => {
  const { store, notification, budgetMs, log, tracer } = deps
  const traces = createSagaTraces({
    tracer,
    saga: 'letter about a deposit',
    calls: { letter: 'notification' },
  })

  const send = async (owed: OwedLetter): Promise<RowOutcome> => {
    const { id, userId, email, amount } = owed
    const asked = { key: `${id}:DEPOSIT`, userId, email, kind: 'DEPOSIT', amount } as const
    const letter = await traces.step(owed, 'letter', () =>
      notification.sendLetter({ ...asked, requestId: id, timeoutMs: budgetMs }),
    )
    if (letter.outcome === 'unknown') {
      await postpone(store.depositLetters, owed, 'letter', letter)
      return 'postponed'
    }
    const entry = timelineEntry(owed, 'letter', letter)
    await store.depositLetters.settle({ id, entry })
    const timeline = [...owed.timeline, entry]
    traces.ended(owed, { since: owed.createdAt, state: 'sent', timeline })
    return 'finished'
  }

  const advance = (owed: OwedLetter) => traces.walk(owed, () => send(owed))

  /** For the request that made the deposit: whatever happens to the letter, the deposit is done. */
  const sendFirst = async (deposit: AppliedOperation): Promise<void> => {
    const { id, userId, email, amount, createdAt } = deposit
    if (email === null) return
    const owed = { id, userId, email, amount, createdAt, attempts: 0, timeline: [] }
    try {
      await advance({ ...owed, trace: traceOfRow() })
    } catch (error) {
      log.warn({ err: error, id }, 'the deposit’s letter is left to recovery')
    }
  }

  return { advance, sendFirst }
}

export type DepositLetters = ReturnType<typeof createDepositLetters>
