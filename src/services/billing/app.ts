import { createServiceApp, requestIdIn } from '../../platform/app.ts'
import { ProblemError, problemTable, type ProblemCode } from '../../platform/errors.ts'
import { defaultPageSize, toPage } from '../../platform/schemas.ts'
import type { Log } from '../../platform/telemetry.ts'
import { toIso } from '../../platform/time.ts'
import {
  contract,
  depositRoute,
  getAccountRoute,
  listOperationsRoute,
  openAccountRoute,
  refundRoute,
  withdrawRoute,
  type Account,
  type Operation,
} from './contract.ts'
import type { DepositLetters } from './deposit-letters.ts'
import type { AppliedOperation, BillingStore, OperationToApply } from './store.ts'

export interface BillingAppDeps {
  readonly store: BillingStore
  readonly depositLetters: DepositLetters
  readonly log: Log
}

type AccountFields = Pick<Account, 'userId' | 'email' | 'balance'> & {
  readonly createdAt: Date | string
}

const toAccount = ({ userId, email, balance, createdAt }: AccountFields): Account => ({
  userId,
  email,
  balance,
  createdAt: toIso(createdAt),
})

const toOperation = (
  row: Omit<Operation, 'createdAt' | 'kind' | 'status'> & {
    readonly kind: string
    readonly status: string
    readonly createdAt: Date | string
  },
): Operation => ({
  id: row.id,
  userId: row.userId,
  kind: row.kind as Operation['kind'],
  amount: row.amount,
  status: row.status as Operation['status'],
  reason: row.reason,
  balanceAfter: row.balanceAfter,
  createdAt: toIso(row.createdAt),
})

const accountNotFound = (userId: string) =>
  new ProblemError('account-not-found', `User ${userId} has no account.`)

const replayedHeaders = (applied: AppliedOperation): Record<string, string> =>
  applied.replayed ? { 'idempotency-replayed': 'true' } : {}

/** The operation and the account right after it: built from columns that never change. */
const toResult = (applied: AppliedOperation) => ({
  operation: toOperation(applied),
  account: toAccount({
    userId: applied.userId,
    email: applied.email ?? '',
    balance: applied.balanceAfter ?? 0,
    createdAt: applied.accountCreatedAt ?? applied.createdAt,
  }),
})

const isProblemCode = (value: string): value is ProblemCode => Object.hasOwn(problemTable, value)

const refusalDetails: Partial<Record<ProblemCode, string>> = {
  'balance-limit': 'No account may hold more than 9007199254740991.',
  'refund-exceeds-withdrawal': 'The withdrawal took less than this, or it was refunded already.',
  'withdrawal-refunded': 'Its refund came first, so it must not happen any more.',
}

/** A stored refusal as a problem, the same each time. */
const refusal = (applied: AppliedOperation): ProblemError => {
  const { requestId, reason, amount } = applied
  const options = { requestId, headers: replayedHeaders(applied) }
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
const isSame = (applied: AppliedOperation, wanted: OperationToApply) => {
  if (applied.kind !== wanted.kind) return false
  // The tombstone of a withdrawal knows the key that must not be used, but not the amount.
  if (applied.reason === 'withdrawal-refunded') return true
  return applied.amount === wanted.amount && applied.reference === wanted.reference
}

export const createBillingApp = ({ store, depositLetters, log }: BillingAppDeps) => {
  const { app, routeOf } = createServiceApp(contract, log)

  const apply = async (wanted: OperationToApply): Promise<AppliedOperation> => {
    const applied = await store.apply(wanted)
    if (!isSame(applied, wanted)) {
      const detail = 'This key was used for another operation before.'
      throw new ProblemError('idempotency-key-reused', detail)
    }
    // Not an error: a refund that came first reached its aim, nothing is withdrawn.
    if (applied.reason === 'nothing-withdrawn') return applied
    if (applied.status === 'REFUSED') throw refusal(applied)
    return applied
  }

  app.openapi(openAccountRoute, async (c) => {
    const wanted = c.req.valid('json')
    const { replayed, ...account } = await store.openAccount(wanted)
    if (account.email !== wanted.email) {
      const detail = 'This user has an account with another email address.'
      throw new ProblemError('account-differs', detail)
    }
    // As it was when it was opened: a repeat must not differ from the first answer.
    const opened = toAccount({ ...account, balance: 0 })
    return replayed ? c.json(opened, 200) : c.json(opened, 201)
  })

  app.openapi(getAccountRoute, async (c) => {
    const { userId } = c.req.valid('param')
    const account = await store.findAccount(userId)
    if (account === undefined) throw accountNotFound(userId)
    return c.json(toAccount(account), 200)
  })

  app.openapi(depositRoute, async (c) => {
    const applied = await apply({
      userId: c.req.valid('param').userId,
      kind: 'DEPOSIT',
      amount: c.req.valid('json').amount,
      key: c.req.valid('header')['idempotency-key'] ?? null,
      reference: null,
      requestId: requestIdIn(c),
    })
    if (!applied.replayed) await depositLetters.sendFirst(applied)
    return c.json(toResult(applied), 200, replayedHeaders(applied))
  })

  app.openapi(withdrawRoute, async (c) => {
    const { amount, reference = null } = c.req.valid('json')
    const applied = await apply({
      userId: c.req.valid('param').userId,
      kind: 'WITHDRAW',
      amount,
      key: c.req.valid('header')['idempotency-key'] ?? null,
      reference,
      requestId: requestIdIn(c),
    })
    return c.json(toResult(applied), 200, replayedHeaders(applied))
  })

  app.openapi(refundRoute, async (c) => {
    const { amount, withdrawal } = c.req.valid('json')
    const applied = await apply({
      userId: c.req.valid('param').userId,
      kind: 'REFUND',
      amount,
      key: c.req.valid('header')['idempotency-key'] ?? null,
      reference: withdrawal,
      requestId: requestIdIn(c),
    })
    return c.json(toResult(applied), 200, replayedHeaders(applied))
  })

  app.openapi(listOperationsRoute, async (c) => {
    const { userId } = c.req.valid('param')
    const { cursor, limit = defaultPageSize } = c.req.valid('query')
    const [account, rows] = await Promise.all([
      store.findAccount(userId),
      store.listOperations({ userId, cursor, limit }),
    ])
    if (account === undefined) throw accountNotFound(userId)
    return c.json(
      toPage(rows, limit, (row) => String(row.seq), toOperation),
      200,
    )
  })

  return { app, routeOf }
}
