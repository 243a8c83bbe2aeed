import type { BillingClient } from '../../clients/billing.ts'
import type { Operation, OperationResult } from '../../clients/generated/billing.ts'
import { problemCodeIn } from '../../clients/transport.ts'
import type { ProblemCode } from '../../platform/base/errors.ts'
import type { Caller, Outcome } from '../../platform/calls/client.ts'
import { sagaKey } from '../../platform/saga/saga.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import type { ChangeRow, OrderRow } from './schema.ts'

/** What a saga's money came to; a letter about it goes to `email`, if anybody reads there. */
export type Verdict =
  | { readonly kind: 'done'; readonly email: string | null }
  | { readonly kind: 'refused'; readonly reason: string; readonly email: string | null }

/** What billing said, in the saga's words. Having no account decides nothing: it may be owed yet. */
export type MoneyAnswer = Verdict | { readonly kind: 'no-account' }

export type MoneyOutcome = Outcome<MoneyAnswer>

export interface PaymentDeps {
  readonly billing: BillingClient
  readonly callBilling: Caller
  readonly budgetMs: number
  readonly log: Log
}

type BillingAnswer = Awaited<ReturnType<BillingClient['withdraw' | 'refund']>>

/**
 * What billing refuses for ever, because it stored the refusal under the key. Any
 * other code, a 404 of something in between for example, decides nothing.
 */
const finalRefusals: ReadonlySet<unknown> = new Set<ProblemCode>([
  'insufficient-funds',
  'balance-limit',
  'refund-exceeds-withdrawal',
  'withdrawal-refunded',
])

/** What billing was asked to do. */
interface Asked {
  readonly kind: 'WITHDRAW' | 'REFUND'
  readonly userId: string
  readonly amount: number
}

/** Whoever answered may not have been billing: what was done must be what was asked for. */
const isDone = (data: Partial<OperationResult> | null | undefined, asked: Asked) => {
  const operation: Partial<Operation> | undefined = data?.operation
  const isNothingToRefund = asked.kind === 'REFUND' && operation?.reason === 'nothing-withdrawn'
  return (
    operation?.kind === asked.kind &&
    operation.userId === asked.userId &&
    operation.amount === asked.amount &&
    (operation.status === 'DONE' || isNothingToRefund) &&
    data?.account?.userId === asked.userId
  )
}

const emailIn = (data: Partial<OperationResult> | undefined): string | null => {
  const email: unknown = data?.account?.email
  return typeof email === 'string' ? email : null
}

/** Billing's answer in the saga's words; undefined when it is none that decides anything. */
const toMoneyAnswer = (answer: BillingAnswer, asked: Asked): MoneyAnswer | undefined => {
  switch (answer.status) {
    case 200: {
      const email = isDone(answer.data, asked) ? emailIn(answer.data) : null
      return email === null ? undefined : { kind: 'done', email }
    }
    case 402:
    case 404:
    case 409: {
      // Whoever answered may not have been billing: what its contract promises is looked at twice.
      const data: Partial<typeof answer.data> | undefined = answer.data
      if (data?.code === 'account-not-found') return { kind: 'no-account' }
      if (data?.code === undefined || !finalRefusals.has(data.code)) return undefined
      const email = answer.status === 402 ? emailIn(answer.data) : null
      return { kind: 'refused', reason: data.code, email }
    }
    default:
      return undefined
  }
}

/**
 * Moves money at billing, under keys that are ids of rows stored before: the
 * order's for its payment, the change's for the difference.
 */
export const createPayment = ({ billing, callBilling, budgetMs, log }: PaymentDeps) => {
  const interpret = (outcome: Outcome<BillingAnswer>, asked: Asked): MoneyOutcome => {
    if (outcome.kind === 'unknown') return outcome
    const { answer: billingAnswer, attempts, ms } = outcome
    const answer = toMoneyAnswer(billingAnswer, asked)
    if (answer !== undefined) return { kind: 'answered', answer, attempts, ms }
    // Billing did not understand us: that is a fault to mend, not a decision about money.
    const { status, data } = billingAnswer
    const told = { status, code: problemCodeIn(data), userId: asked.userId }
    log.error(told, 'billing gave an answer that the saga does not know')
    return { kind: 'unknown', reason: `billing answered ${status}`, attempts, ms }
  }

  const withdraw = async (
    row: { readonly id: string; readonly userId: string; readonly requestId: string },
    amount: number,
    reference?: string,
  ) => {
    const { userId, requestId } = row
    const key = sagaKey(row.id)
    const withdrawal = reference === undefined ? { amount } : { amount, reference }
    return interpret(
      await callBilling(budgetMs, (timeoutMs, attempt) =>
        billing.withdraw({ userId, key, withdrawal, requestId, timeoutMs, attempt }),
      ),
      { kind: 'WITHDRAW', userId, amount },
    )
  }

  const refund = async (row: ChangeRow, amount: number) => {
    const options = { key: sagaKey(row.id), headers: { 'x-request-id': row.requestId } }
    const body = { withdrawal: sagaKey(row.orderId), amount }
    return interpret(
      await callBilling(budgetMs, (timeoutMs) =>
        billing.refund(row.userId, body, { ...options, timeoutMs }),
      ),
      { kind: 'REFUND', userId: row.userId, amount },
    )
  }

  return {
    pay: (order: OrderRow) => withdraw(order, order.price),
    settleDifference: (change: ChangeRow): Promise<MoneyOutcome> => {
      const difference = (change.toPrice ?? 0) - change.fromPrice
      if (difference > 0) return withdraw(change, difference, sagaKey(change.orderId))
      return refund(change, -difference)
    },
  }
}

export type Payment = ReturnType<typeof createPayment>
