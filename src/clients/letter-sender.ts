import type { Caller, Outcome } from '../platform/calls/client.ts'
import type { Log } from '../platform/base/telemetry.ts'
import type { Letter, NewLetter } from './generated/notification.ts'
import type { NotificationClient } from './notification.ts'
import { problemCodeIn } from './transport.ts'

export interface LetterSenderDeps {
  readonly notification: NotificationClient
  readonly callNotification: Caller
  readonly budgetMs: number
  readonly log: Log
}

/** Whoever answered may not have been notification: only the letter itself says that it is kept. */
const isLetter = (shown: Partial<Letter> | null | undefined, asked: NewLetter) =>
  shown?.kind === asked.kind &&
  shown.userId === asked.userId &&
  shown.email === asked.email &&
  shown.orderId === ('orderId' in asked ? asked.orderId : null) &&
  shown.amount === asked.amount

/**
 * Hands letters to notification until they are acknowledged. The letter's key
 * comes from the row that owes it, so whoever sends it again sends the same.
 */
export const createLetterSender =
  ({ notification, callNotification, budgetMs, log }: LetterSenderDeps) =>
  async (letter: NewLetter, requestId: string): Promise<Outcome<undefined>> => {
    const outcome = await callNotification(budgetMs, (timeoutMs, attempt) =>
      notification.sendLetter({ letter, requestId, timeoutMs, attempt }),
    )
    if (outcome.kind === 'unknown') return outcome
    const { answer, attempts, ms } = outcome
    const { status } = answer
    if ((status === 200 || status === 201) && isLetter(answer.data, letter)) {
      return { kind: 'answered', answer: undefined, attempts, ms }
    }
    // A letter that is owed stays owed: only an acknowledgement of just this one ends it.
    const told = { status, code: problemCodeIn(answer.data), key: letter.key, requestId }
    log.error(told, 'notification did not acknowledge a letter')
    return { kind: 'unknown', reason: `notification answered ${status}`, attempts, ms }
  }

export type LetterSender = ReturnType<typeof createLetterSender>
