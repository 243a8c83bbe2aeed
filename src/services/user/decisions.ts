import type { Metrics } from '../../platform/base/telemetry.ts'
import { createDecisionCounter } from '../../platform/saga/saga-metrics.ts'
import { refusalReasons } from './states.ts'
import type { UserStore } from './store.ts'

/** The same store. It counts the users whose accounts it opened, and those that it refused. */
export const countDecisions = (store: UserStore, metrics: Metrics): UserStore => {
  const count = createDecisionCounter(metrics)('users', [
    { state: 'OPEN' },
    ...refusalReasons.map((reason) => ({ state: 'REFUSED', reason })),
  ])
  return {
    ...store,
    insert: async (user) => {
      const stored = await store.insert(user)
      const { reason } = stored
      const isNew = stored.id === null || !stored.replayed
      if (isNew && reason !== null && reason !== 'user-exists') count({ state: 'REFUSED', reason })
      return stored
    },
    markOpen: async (opened) => {
      const user = await store.markOpen(opened)
      if (user.changed) count({ state: 'OPEN' })
      return user
    },
  }
}
