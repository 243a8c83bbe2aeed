import type { Metrics } from '../../platform/base/telemetry.ts'
import { createDecisionCounter } from '../../platform/saga/saga-metrics.ts'
import { refusalReasons } from './states.ts'
import type { OrderStore } from './store.ts'

/** The same store. It counts what it decided; an order of nobody that is forgotten was not decided. */
export const countDecisions = (store: OrderStore, metrics: Metrics): OrderStore => {
  const counterOf = createDecisionCounter(metrics)
  const refused = (state: string) => refusalReasons.map((reason) => ({ state, reason }))
  const countOrder = counterOf('orders', [{ state: 'APPROVED' }, ...refused('REJECTED')])
  const countChange = counterOf('order_changes', [{ state: 'DONE' }, ...refused('REFUSED')])
  return {
    ...store,
    decideOrder: async (decision) => {
      const order = await store.decideOrder(decision)
      if (order?.changed) countOrder({ state: order.status, reason: order.reason })
      return order
    },
    decideChange: async (decision) => {
      const change = await store.decideChange(decision)
      if (change.changed) countChange({ state: change.status, reason: change.reason })
      return change
    },
  }
}
