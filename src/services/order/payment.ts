import type { BillingClient } from '../../clients/billing.ts'
import { sagaKey } from '../../platform/saga/saga.ts'
import type { ChangeRow, OrderRow } from './schema.ts'

export interface PaymentDeps {
  readonly billing: BillingClient
  readonly budgetMs: number
}

/**
 * Moves money at billing, under keys that are ids of rows stored before: the
 * order's for its payment, the change's for the difference.
 */
export const createPayment = ({ billing, budgetMs: timeoutMs }: PaymentDeps) => ({
  pay: ({ id, userId, requestId, price }: OrderRow) =>
    billing.withdraw({ userId, key: sagaKey(id), requestId, amount: price, timeoutMs }),

  /**
   * The same payment for the last time. If there is still no account, billing keeps that under the
   * key: a copy of the call that comes late, after the person has signed up, is refused as well.
   */
  payNowOrNever: ({ id, userId, requestId, price }: OrderRow, withinMs: number) => {
    const payment = { userId, requestId, key: sagaKey(id), amount: price }
    return billing.withdraw({ ...payment, final: true, timeoutMs: withinMs })
  },

  settleDifference: ({ id, orderId, userId, requestId, fromPrice, toPrice }: ChangeRow) => {
    // A cancellation has no new price: the whole price goes back.
    const difference = (toPrice ?? 0) - fromPrice
    const payment = sagaKey(orderId)
    const call = { userId, key: sagaKey(id), requestId, timeoutMs }
    return difference > 0
      ? billing.withdraw({ ...call, amount: difference, reference: payment })
      : billing.refund({ ...call, withdrawal: payment, amount: -difference })
  },
})

export type Payment = ReturnType<typeof createPayment>
export type MoneyOutcome = Awaited<ReturnType<Payment['pay']>>
