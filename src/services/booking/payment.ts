import type { BillingClient } from '../../clients/billing.ts'
import { sagaKey } from '../../platform/saga/saga.ts'
import type { BookingRow } from './schema.ts'

export interface PaymentDeps {
  readonly billing: BillingClient
  readonly budgetMs: number
}

/** Moves money at billing, under keys that were stored on the booking before. */
export const createPayment = ({ billing, budgetMs: timeoutMs }: PaymentDeps) => ({
  /**
   * Now or never: if there is no account, billing keeps that under the key. Somebody who signs up
   * later books again, and meanwhile the offer is not held for them.
   */
  pay: ({ id, userId, requestId, price }: BookingRow) =>
    billing.withdraw({
      userId,
      key: sagaKey(id),
      requestId,
      amount: price,
      final: true,
      timeoutMs,
    }),

  /** Gives everything back; or, if nothing was taken yet, makes sure that nothing will be. */
  giveBack: ({ id, refundId, userId, requestId, price }: BookingRow) =>
    billing.refund({
      userId,
      key: sagaKey(refundId),
      requestId,
      withdrawal: sagaKey(id),
      amount: price,
      timeoutMs,
    }),
})

export type Payment = ReturnType<typeof createPayment>
