import type { BillingClient } from '../../clients/billing.ts'
import type { RowOutcome } from '../../platform/saga/recovery.ts'
import { postpone, timelineEntry } from '../../platform/saga/saga.ts'
import type { UserRow } from './schema.ts'
import type { UserStore } from './store.ts'

export interface UserWorkflowDeps {
  readonly store: UserStore
  readonly billing: BillingClient
  readonly budgetMs: number
}

const step = 'open-account'

/** The one step of a PENDING user: ask billing for the account until it says that it is open. */
export const createUserWorkflow = ({ store, billing, budgetMs: timeoutMs }: UserWorkflowDeps) => {
  const openAccount = async (user: UserRow): Promise<UserRow> => {
    const { id, email, requestId } = user
    const account = await billing.openAccount({ userId: id, email, requestId, timeoutMs })
    if (account.outcome === 'done') {
      return store.markOpen({ id, entry: timelineEntry(user, step, account) })
    }
    await postpone(store.due, user, step, account)
    return user
  }

  return {
    advanceUser: openAccount,
    recoverUser: async (user: UserRow): Promise<RowOutcome> =>
      (await openAccount(user)).account === 'PENDING' ? 'postponed' : 'finished',
  }
}

export type UserWorkflow = ReturnType<typeof createUserWorkflow>
