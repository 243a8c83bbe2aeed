import type { NotificationClient } from '../../clients/notification.ts'
import type { RowOutcome } from '../../platform/saga/recovery.ts'
import { postpone, timelineEntry } from '../../platform/saga/saga.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import type { DepositLetterRow } from './schema.ts'
import type { AppliedOperation, BillingStore } from './store.ts'

export interface DepositLettersDeps {
  readonly store: BillingStore
  readonly notification: NotificationClient
  readonly budgetMs: number
  readonly log: Log
}

type OwedLetter = Pick<DepositLetterRow, 'id' | 'userId' | 'email' | 'amount' | 'attempts'>

/** The letter for a deposit: owed since the deposit's own statement, sent until acknowledged. */
export const createDepositLetters = (deps: DepositLettersDeps) => {
  const { store, notification, budgetMs, log } = deps

  const advance = async (owed: OwedLetter): Promise<RowOutcome> => {
    const { id, userId, email, amount } = owed
    const letter = await notification.sendLetter({
      key: `${id}:DEPOSIT`,
      userId,
      email,
      kind: 'DEPOSIT',
      amount,
      requestId: id,
      timeoutMs: budgetMs,
    })
    if (letter.outcome === 'unknown') {
      await postpone(store.depositLetters, owed, 'letter', letter)
      return 'postponed'
    }
    await store.depositLetters.settle({ id, entry: timelineEntry(owed, 'letter', letter) })
    return 'finished'
  }

  /** For the request that made the deposit: whatever happens to the letter, the deposit is done. */
  const sendFirst = async (deposit: AppliedOperation): Promise<void> => {
    const { id, userId, email, amount } = deposit
    if (email === null) return
    try {
      await advance({ id, userId, email, amount, attempts: 0 })
    } catch (error) {
      log.warn({ err: error, id }, 'the deposit’s letter is left to recovery')
    }
  }

  return { advance, sendFirst }
}

export type DepositLetters = ReturnType<typeof createDepositLetters>
