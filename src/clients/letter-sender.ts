import type { Caller, Outcome } from '../platform/http-client.ts'
import type { Log } from '../platform/telemetry.ts'
import type { NewLetter } from './generated/notification.ts'
import type { NotificationClient } from './notification.ts'

export interface LetterSenderDeps {
  readonly notification: NotificationClient
  readonly callNotification: Caller
  readonly budgetMs: number
  readonly log: Log
}

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
    if (answer.status === 200 || answer.status === 201) {
      return { kind: 'answered', answer: undefined, attempts, ms }
    }
    // A letter that is owed stays owed: only an acknowledgement ends it.
    log.error({ answer, letter }, 'notification refused a letter')
    return { kind: 'unknown', reason: `notification answered ${answer.status}`, attempts, ms }
  }

export type LetterSender = ReturnType<typeof createLetterSender>
