import type { BillingClient } from '../../clients/billing.ts'
import type { Caller, Outcome } from '../../platform/http-client.ts'
import { sagaKey } from '../../platform/saga.ts'
import type { Log } from '../../platform/telemetry.ts'
import type { ChangeRow, OrderRow } from './schema.ts'

/** What billing said, in the saga's words. */
export type MoneyAnswer =
  | { readonly kind: 'done'; readonly email: string }
  | { readonly kind: 'refused'; readonly reason: string; readonly email: string | null }

export type MoneyOutcome = Outcome<MoneyAnswer>

export interface PaymentDeps {
  readonly billing: BillingClient
  readonly callBilling: Caller
  readonly budgetMs: number
  readonly log: Log
}

type BillingAnswer = Awaited<ReturnType<BillingClient['withdraw' | 'refund']>>

/** Billing's answer in the saga's words; undefined when it is none that decides anything. */
const toMoneyAnswer = (answer: BillingAnswer): MoneyAnswer | undefined => {
  switch (answer.status) {
    case 200:
      return { kind: 'done', email: answer.data.account.email }
    case 402: {
      const { code, account } = answer.data
      return { kind: 'refused', reason: code, email: account.email }
    }
    case 404:
    case 409:
      return { kind: 'refused', reason: answer.data.code, email: null }
    default:
      return undefined
  }
}

/**
 * Moves money at billing, under keys that are ids of rows stored before: the
 * order's for its payment, the change's for the difference.
 */
export const createPayment = ({ billing, callBilling, budgetMs, log }: PaymentDeps) => {
  const interpret = (outcome: Outcome<BillingAnswer>): MoneyOutcome => {
    if (outcome.kind === 'unknown') return outcome
    const { answer: billingAnswer, attempts, ms } = outcome
    const answer = toMoneyAnswer(billingAnswer)
    if (answer !== undefined) return { kind: 'answered', answer, attempts, ms }
    // Billing did not understand us: that is a fault to mend, not a decision about money.
    log.error({ answer: billingAnswer }, 'billing gave an answer that the saga does not know')
    return { kind: 'unknown', reason: `billing answered ${billingAnswer.status}`, attempts, ms }
  }

  const withdraw = async (
    row: { readonly id: string; readonly userId: string; readonly requestId: string },
    amount: number,
    reference?: string,
  ) => {
    const options = { key: sagaKey(row.id), headers: { 'x-request-id': row.requestId } }
    const body = reference === undefined ? { amount } : { amount, reference }
    return interpret(
      await callBilling(budgetMs, (timeoutMs) =>
        billing.withdraw(row.userId, body, { ...options, timeoutMs }),
      ),
    )
  }

  const refund = async (row: ChangeRow, amount: number) => {
    const options = { key: sagaKey(row.id), headers: { 'x-request-id': row.requestId } }
    const body = { withdrawal: sagaKey(row.orderId), amount }
    return interpret(
      await callBilling(budgetMs, (timeoutMs) =>
        billing.refund(row.userId, body, { ...options, timeoutMs }),
      ),
    )
  }

  const nothingToMove: MoneyOutcome = {
    kind: 'answered',
    answer: { kind: 'done', email: '' },
    attempts: 0,
    ms: 0,
  }

  return {
    pay: (order: OrderRow) => withdraw(order, order.price),
    settleDifference: async (change: ChangeRow): Promise<MoneyOutcome> => {
      const difference = (change.toPrice ?? 0) - change.fromPrice
      if (difference > 0) return withdraw(change, difference, sagaKey(change.orderId))
      if (difference < 0) return refund(change, -difference)
      return nothingToMove
    },
  }
}

export type Payment = ReturnType<typeof createPayment>
