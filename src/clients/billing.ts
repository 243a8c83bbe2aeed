import { UnknownOutcomeError, type Transport } from '../platform/calls/client.ts'
import { maxTogether } from '../platform/http/schemas.ts'
import { createSharedCalls } from '../platform/calls/shared.ts'
import {
  openAccount,
  refund,
  withdrawMany,
  type NewAccount,
  type NewRefund,
  type NewWithdrawalsWithdrawalsItem,
  type withdrawResponse,
} from './generated/billing.ts'
import {
  plainOptions,
  separateAnswer,
  sharedOptions,
  type CallOptions,
  type KeyedCallOptions,
  type SeparatePart,
  type SharedCallOptions,
} from './transport.ts'

interface Withdrawal extends SharedCallOptions {
  readonly userId: string
  readonly key: string
  readonly withdrawal: Pick<NewWithdrawalsWithdrawalsItem, 'amount' | 'reference'>
}

const read = separateAnswer<withdrawResponse>

const createWithdraw = (transport: Transport) => {
  const send = (calls: readonly Withdrawal[], options: CallOptions) => {
    const withdrawals = calls.map(({ userId, key, requestId, withdrawal }) => ({
      userId,
      key,
      requestId,
      ...withdrawal,
    }))
    return withdrawMany({ withdrawals })(transport, options)
  }
  return createSharedCalls({
    // The same route as for many: the public one is for people, and keeps every refusal.
    alone: async (call: Withdrawal) => {
      const { status, data } = await send([call], plainOptions(call))
      if (status !== 200) return { status, data, headers: {} } as withdrawResponse
      const parts: readonly unknown[] | undefined = data?.answers
      if (parts?.length !== 1) throw new UnknownOutcomeError('billing answered something else')
      return read(parts[0] as SeparatePart)
    },
    together: async (calls: readonly Withdrawal[]) => {
      const { status, data } = await send(calls, sharedOptions(calls))
      return status === 200 ? data?.answers : undefined
    },
    read,
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
