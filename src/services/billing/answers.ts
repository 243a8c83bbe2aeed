import { ProblemError } from '../../platform/base/errors.ts'
import { listed } from '../../platform/base/states.ts'
import { replayedHeaders } from '../../platform/http/schemas.ts'
import { idOfSagaKey } from '../../platform/saga/saga.ts'
import { toIso } from '../../platform/base/time.ts'
import type { Account, Operation } from './contract-schemas.ts'
import type { Verdict } from './contract-books.ts'
import type { VerdictRow } from './schema.ts'
import { refusalReasons, type RefusalReason } from './states.ts'
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
  row: Omit<Operation, 'createdAt' | 'orderId'> & {
    readonly key: string | null
    readonly reference: string | null
    readonly createdAt: Date
  },
): Operation => ({
  id: row.id,
  userId: row.userId,
  kind: row.kind,
  amount: row.amount,
  status: row.status,
  reason: row.reason,
  balanceAfter: row.balanceAfter,
  orderId: orderOf(row),
  createdAt: toIso(row.createdAt),
})

export const accountNotFound = (userId: string) =>
  new ProblemError('account-not-found', `User ${userId} has no account.`)

/** The operation and the account right after it: built from columns that never change. */
export const toResult = (applied: AppliedOperation) => {
  const { id, userId, email, balanceAfter: balance, accountCreatedAt: createdAt } = applied
  if (email === null || balance === null || createdAt === null) {
    throw new Error(`operation ${id} was entered, but its account is not known`)
  }
  return {
    operation: toOperation(applied),
    account: toAccount({ userId, email, balance, createdAt }),
  }
}

const refusalDetails: Record<RefusalReason, (applied: AppliedOperation) => string> = {
  'account-not-found': ({ userId }) => `User ${userId} has no account.`,
  'insufficient-funds': ({ balanceAfter, amount }) =>
    `The account holds ${balanceAfter}, which is less than ${amount}.`,
  'balance-limit': () => 'No account may hold more than 9007199254740991.',
  'refund-exceeds-withdrawal': () =>
    'The withdrawal took less than this, or it was refunded already.',
  'withdrawal-refunded': () => 'Its refund came first, so it must not happen any more.',
}

/** A stored refusal as a problem, the same each time. */
export const refusal = (applied: AppliedOperation): ProblemError => {
  const reason = listed(refusalReasons, applied.reason, `the reason of operation ${applied.id}`)
  return new ProblemError(reason, refusalDetails[reason](applied), {
    requestId: applied.requestId,
    headers: replayedHeaders(applied.replayed),
    // The contract shows the account only where there was one and it held too little.
    ...(reason === 'insufficient-funds' ? { members: toResult(applied) } : {}),
  })
}

/** Whether a stored operation is what this request asked for; else its key is used twice. */
export const isSame = (applied: AppliedOperation, wanted: OperationToApply) => {
  if (applied.kind !== wanted.kind) return false
  // The tombstone of a withdrawal knows the key that must not be used, but not the amount.
  if (applied.reason === 'withdrawal-refunded') return true
  return applied.amount === wanted.amount && applied.reference === wanted.reference
}

export const toVerdict = (row: VerdictRow): Verdict => {
  const { startedAt, since, durationMs, rows, violations, byInvariant, first } = row
  return {
    startedAt: toIso(startedAt),
    since: since === null ? null : toIso(since),
    durationMs,
    rows,
    violations,
    byInvariant,
    first: [...first],
  }
}
