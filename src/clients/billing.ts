import type { Transport } from '../platform/http-client.ts'
import {
  openAccount,
  refund,
  withdraw,
  type NewAccount,
  type NewRefund,
  type NewWithdrawal,
} from './generated/billing.ts'
import type { CallOptions, KeyedCallOptions } from './transport.ts'

/** What the other services may ask of billing. */
export const createBillingClient = (transport: Transport) => ({
  /** The user is the key. */
  openAccount: (account: NewAccount, options?: CallOptions) =>
    openAccount(account)(transport, options),

  withdraw: (userId: string, withdrawal: NewWithdrawal, options: KeyedCallOptions) =>
    withdraw(userId, withdrawal)(transport, options),

  refund: (userId: string, refunded: NewRefund, options: KeyedCallOptions) =>
    refund(userId, refunded)(transport, options),
})

export type BillingClient = ReturnType<typeof createBillingClient>
