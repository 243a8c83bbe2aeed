import type { Transport } from '../platform/http-client.ts'
import { maxTogether } from '../platform/schemas.ts'
import { createSharedCalls } from '../platform/shared-calls.ts'
import {
  openAccount,
  refund,
  withdraw,
  withdrawMany,
  type NewAccount,
  type NewRefund,
  type NewWithdrawal,
} from './generated/billing.ts'
import {
  plainOptions,
  separateAnswer,
  sharedOptions,
  type CallOptions,
  type KeyedCallOptions,
  type SharedCallOptions,
} from './transport.ts'

interface Withdrawal extends SharedCallOptions {
  readonly userId: string
  readonly key: string
  readonly withdrawal: NewWithdrawal
}

const createWithdraw = (transport: Transport) => {
  const alone = (call: Withdrawal) =>
    withdraw(call.userId, call.withdrawal)(transport, { ...plainOptions(call), key: call.key })
  return createSharedCalls({
    alone,
    together: async (calls: readonly Withdrawal[]) => {
      const withdrawals = calls.map(({ userId, key, requestId, withdrawal }) => ({
        userId,
        key,
        requestId,
        ...withdrawal,
      }))
      const { status, data } = await withdrawMany({ withdrawals })(transport, sharedOptions(calls))
      return status === 200 ? data?.answers : undefined
    },
    read: separateAnswer<Awaited<ReturnType<typeof alone>>>,
    maxTogether,
  })
}

/** What the other services may ask of billing. */
export const createBillingClient = (transport: Transport) => ({
  /** The user is the key. */
  openAccount: (account: NewAccount, options?: CallOptions) =>
    openAccount(account)(transport, options),

  withdraw: createWithdraw(transport),

  refund: (userId: string, refunded: NewRefund, options: KeyedCallOptions) =>
    refund(userId, refunded)(transport, options),
})

export type BillingClient = ReturnType<typeof createBillingClient>
