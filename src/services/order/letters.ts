import type { NotificationClient } from '../../clients/index.ts'
import type { Caller, Outcome } from '../../platform/http-client.ts'
import type { Log } from '../../platform/telemetry.ts'

export interface LetterSenderDeps {
  readonly notification: NotificationClient
  readonly callNotification: Caller
  readonly budgetMs: number
  readonly log: Log
}

export interface OwedLetter {
  readonly row: {
    readonly id: string
    readonly userId: string
    readonly email: string | null
    readonly requestId: string
  }
  readonly orderId: string
  readonly kind: 'ORDER_APPROVED' | 'ORDER_REJECTED' | 'ORDER_CANCELLED' | 'ORDER_REPRICED'
  readonly amount: number
}

/** Hands a letter to notification, under the id of the row that owes it and the letter's kind. */
export const createLetterSender =
  ({ notification, callNotification, budgetMs, log }: LetterSenderDeps) =>
  async ({ row, orderId, kind, amount }: OwedLetter): Promise<Outcome<undefined>> => {
    const letter = {
      key: `${row.id}:${kind}`,
      userId: row.userId,
      email: row.email ?? '',
      kind,
      orderId,
      amount,
    }
    const headers = { 'x-request-id': row.requestId }
    const outcome = await callNotification(budgetMs, (signal) =>
      notification.sendLetter(letter, { headers, signal }),
    )
    if (outcome.kind === 'unknown') return outcome
    const { answer, attempts, ms } = outcome
    if (answer.status === 200 || answer.status === 201) {
      return { kind: 'answered', answer: undefined, attempts, ms }
    }
    // A letter that is owed stays owed: only an acknowledgement ends it.
    log.error({ answer, letter }, 'notification refused a letter')
    const reason = `notification answered ${answer.status}`
    return { kind: 'unknown', reason, attempts, ms }
  }

export type LetterSender = ReturnType<typeof createLetterSender>
