import { ProblemError, isProblemCode, type ProblemCode } from '../../platform/base/errors.ts'
import { replayedHeaders } from '../../platform/http/schemas.ts'
import { idOfSagaKey } from '../../platform/saga/saga.ts'
import { toIso } from '../../platform/base/time.ts'
import type { Account, Operation } from './contract-schemas.ts'
import type { AppliedOperation, OperationToApply } from './store.ts'

/** How rows of the ledger are told, and its refusals. */

type AccountFields = Pick<Account, 'userId' | 'email' | 'balance'> & { readonly createdAt: Date }

export const toAccount = ({ userId, email, balance, createdAt }: AccountFields): Account => ({
  userId,
  email,
  balance,
  createdAt: toIso(createdAt),
})

/** Payments have the order's key; what adds to a payment, or takes from it, refers to that key. */
const orderOf = ({ key, reference }: { key: string | null; reference: string | null }) =>
  idOfSagaKey(reference ?? key ?? '') ?? null

export const toOperation = (
  row: Omit<Operation, 'createdAt' | 'kind' | 'status' | 'orderId'> & {
    readonly kind: string
    readonly status: string
    readonly key: string | null
    readonly reference: string | null
    readonly createdAt: Date
  },
): Operation => ({
  id: row.id,
  userId: row.userId,
  kind: row.kind as Operation['kind'],
  amount: row.amount,
  status: row.status as Operation['status'],
  reason: row.reason,
  balanceAfter: row.balanceAfter,
  orderId: orderOf(row),
  createdAt: toIso(row.createdAt),
})

export const accountNotFound = (userId: string) =>
  new ProblemError('account-not-found', `User ${userId} has no account.`)

/** The operation and the account right after it: built from columns that never change. */
export const toResult = (applied: AppliedOperation) => ({
  operation: toOperation(applied),
  account: toAccount({
    userId: applied.userId,
    email: applied.email ?? '',
    balance: applied.balanceAfter ?? 0,
    createdAt: applied.accountCreatedAt ?? applied.createdAt,
  }),
})

const refusalDetails: Partial<Record<ProblemCode, string>> = {
  'balance-limit': 'No account may hold more than 9007199254740991.',
  'refund-exceeds-withdrawal': 'The withdrawal took less than this, or it was refunded already.',
  'withdrawal-refunded': 'Its refund came first, so it must not happen any more.',
}

/** A stored refusal as a problem, the same each time. */
export const refusal = (applied: AppliedOperation): ProblemError => {
  const { requestId, reason, amount } = applied
  const options = { requestId, headers: replayedHeaders(applied.replayed) }
  if (reason === 'account-not-found') {
    return new ProblemError(reason, `User ${applied.userId} has no account.`, options)
  }
  if (reason === 'insufficient-funds') {
    const detail = `The account holds ${applied.balanceAfter}, which is less than ${amount}.`
    return new ProblemError(reason, detail, { ...options, members: toResult(applied) })
  }
  const code = reason !== null && isProblemCode(reason) ? reason : 'internal'
  return new ProblemError(code, refusalDetails[code] ?? 'It was refused.', options)
}

/** Whether a stored operation is what this request asked for; else its key is used twice. */
export const isSame = (applied: AppliedOperation, wanted: OperationToApply) => {
  if (applied.kind !== wanted.kind) return false
  // The tombstone of a withdrawal knows the key that must not be used, but not the amount.
  if (applied.reason === 'withdrawal-refunded') return true
  return applied.amount === wanted.amount && applied.reference === wanted.reference
}
