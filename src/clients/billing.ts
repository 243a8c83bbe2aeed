import { refusalIn, type CallOptions, type Upstream } from '../platform/calls/client.ts'
import { createSharedCalls, readPart } from '../platform/calls/shared.ts'
import { UnknownOutcomeError } from '../platform/calls/transport.ts'
import { maxTogether } from '../platform/http/schemas.ts'
import {
  openAccount,
  refund,
  withdrawMany,
  type Account,
  type NewAccount,
  type NewRefund,
  type NewWithdrawalsWithdrawalsItem,
  type OperationResult,
  type OperationStatus,
  type refundResponse,
  type withdrawResponse,
} from './generated/billing.ts'

type Withdrawal = NewWithdrawalsWithdrawalsItem
type Refund = NewRefund & { readonly userId: string; readonly key: string }

/** What billing answered about money. If a letter is due, it goes to `email`. */
export type MoneyWord =
  | { readonly outcome: 'done'; readonly email: string }
  | {
      readonly outcome: 'refused'
      /** Billing stores it under the key, so a repeat is refused, too. */
      readonly code:
        | 'insufficient-funds'
        | 'balance-limit'
        | 'refund-exceeds-withdrawal'
        | 'withdrawal-refunded'
      readonly email: string | null
    }
  /** Billing does not store it, unless the call was final: the account may still be opened. */
  | { readonly outcome: 'refused'; readonly code: 'account-not-found' }

/** What billing was asked to do. */
interface Asked {
  readonly kind: 'WITHDRAW' | 'REFUND'
  readonly userId: string
  readonly amount: number
}

/**
 * Reads the address from an answer about exactly what was asked. Something else may
 * have answered in billing's place, so the answer is checked and not trusted.
 */
const emailIn = (
  shown: Partial<OperationResult> | null | undefined,
  asked: Asked,
  status: OperationStatus,
): string | undefined => {
  const operation: Partial<OperationResult['operation']> | undefined = shown?.operation
  const account: Partial<Account> | undefined = shown?.account
  const isNothingToRefund = asked.kind === 'REFUND' && operation?.reason === 'nothing-withdrawn'
  const isAsked =
    operation?.kind === asked.kind &&
    operation.userId === asked.userId &&
    operation.amount === asked.amount &&
    (operation.status === status || isNothingToRefund) &&
    account?.userId === asked.userId
  return isAsked && typeof account.email === 'string' && account.email !== ''
    ? account.email
    : undefined
}

const readMoney = (
  answer: withdrawResponse | refundResponse,
  asked: Asked,
): MoneyWord | undefined => {
  if (answer.status === 200) {
    const email = emailIn(answer.data, asked, 'DONE')
    return email === undefined ? undefined : { outcome: 'done', email }
  }
  const code = refusalIn(answer)
  switch (code) {
    case 'insufficient-funds': {
      const email = answer.status === 402 ? emailIn(answer.data, asked, 'REFUSED') : undefined
      return email === undefined ? undefined : { outcome: 'refused', code, email }
    }
    case 'balance-limit':
    case 'refund-exceeds-withdrawal':
    case 'withdrawal-refunded':
      return { outcome: 'refused', code, email: null }
    case 'account-not-found':
      return { outcome: 'refused', code }
    default:
      return undefined
  }
}

const aboutMoney = 'billing gave an answer that the saga does not know'

const isAccount = (shown: Partial<Account> | null | undefined, asked: NewAccount) =>
  shown?.userId === asked.userId && shown.email === asked.email

const shareWithdrawals = ({ send }: Pick<Upstream, 'send'>) =>
  createSharedCalls<Withdrawal, withdrawResponse>({
    // Uses the route for many: the public one is for people, and it stores every refusal.
    alone: async (withdrawal, attempt) => {
      const answer = await send(withdrawMany({ withdrawals: [withdrawal] }), attempt)
      if (answer.status !== 200) return answer as withdrawResponse
      const parts = answer.data?.answers
      if (parts?.length !== 1) throw new UnknownOutcomeError('billing answered something else')
      return readPart(parts[0])
    },
    together: async (withdrawals, timeoutMs) => {
      const { status, data } = await send(withdrawMany({ withdrawals }), { timeoutMs })
      return status === 200 ? data?.answers : undefined
    },
    maxTogether,
  })

/** The calls that other services may make to billing. */
export const createBillingClient = ({ send, ask }: Upstream) => {
  const sendWithdrawal = shareWithdrawals({ send })
  return {
    /** The user's id is the key. Billing never refuses: only user chooses these ids. */
    openAccount: ({ userId, email, ...options }: NewAccount & CallOptions) =>
      ask(options, {
        send: (attempt) => send(openAccount({ userId, email }), attempt),
        read: ({ status, data }) =>
          (status === 200 || status === 201) && isAccount(data, { userId, email })
            ? ({ outcome: 'done' } as const)
            : undefined,
        complaint: 'billing did not open an account',
        about: { userId },
      }),

    withdraw: ({ timeoutMs, ...withdrawal }: Withdrawal & CallOptions) => {
      const { userId, amount, requestId } = withdrawal
      return ask(
        { requestId, timeoutMs },
        {
          send: (attempt) => sendWithdrawal(withdrawal, attempt),
          read: (answer) => readMoney(answer, { kind: 'WITHDRAW', userId, amount }),
          complaint: aboutMoney,
          about: { userId },
        },
      )
    },

    refund: ({ userId, withdrawal, amount, ...options }: Refund & CallOptions) =>
      ask(options, {
        send: (attempt) => send(refund(userId, { withdrawal, amount }), attempt),
        read: (answer) => readMoney(answer, { kind: 'REFUND', userId, amount }),
        complaint: aboutMoney,
        about: { userId },
      }),
  }
}

export type BillingClient = ReturnType<typeof createBillingClient>
