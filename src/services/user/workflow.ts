import type { BillingClient } from '../../clients/billing.ts'
import type { Account } from '../../clients/generated/billing.ts'
import { problemCodeIn } from '../../clients/transport.ts'
import type { Caller } from '../../platform/calls/client.ts'
import { postpone, timelineEntry } from '../../platform/saga/saga.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import type { UserRow } from './schema.ts'
import type { UserStore } from './store.ts'

export interface UserWorkflowDeps {
  readonly store: UserStore
  readonly billing: BillingClient
  readonly callBilling: Caller
  readonly budgetMs: number
  readonly log: Log
}

const step = 'open-account'

/** Whoever answered may not have been billing: only the account itself says that it is open. */
const isAccountOf = (user: UserRow, shown: Partial<Account> | null | undefined) =>
  shown?.userId === user.id && shown.email === user.email

/** One step: ask billing for the account until it says that it is open. The user's id is the key. */
export const createUserWorkflow = (deps: UserWorkflowDeps) => {
  const { store, billing, callBilling, budgetMs, log } = deps

  const openAccount = async (user: UserRow): Promise<UserRow> => {
    const headers = { 'x-request-id': user.requestId }
    const outcome = await callBilling(budgetMs, (timeoutMs) =>
      billing.openAccount({ userId: user.id, email: user.email }, { headers, timeoutMs }),
    )
    const answer = outcome.kind === 'answered' ? outcome.answer : undefined
    const isDone = answer?.status === 200 || answer?.status === 201
    if (isDone && isAccountOf(user, answer.data)) {
      return store.markOpen({ id: user.id, entry: timelineEntry(user, step, 'done', outcome) })
    }
    // Nobody else chooses this id, so billing has no reason to refuse it: a fault to mend.
    if (answer !== undefined) {
      const told = { status: answer.status, code: problemCodeIn(answer.data), userId: user.id }
      log.error(told, 'billing did not open an account')
    }
    await postpone(store.due, user, step, outcome)
    return user
  }

  /** As far as it gets; the live request and recovery call the same. */
  const advance = async (user: UserRow): Promise<UserRow> => {
    switch (user.account) {
      case 'PENDING':
        return openAccount(user)
      case 'OPEN':
      case 'REFUSED':
        return user
    }
  }

  return { advance }
}

export type UserWorkflow = ReturnType<typeof createUserWorkflow>
