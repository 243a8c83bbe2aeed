import { createBillingClient } from '../../clients/billing.ts'
import { createNotificationClient } from '../../clients/notification.ts'
import { createUserClient } from '../../clients/user.ts'
import { createActs } from '../../platform/access/acts-store.ts'
import { createRecovery } from '../../platform/saga/recovery.ts'
import { watchSagas } from '../../platform/saga/saga-metrics.ts'
import { connectUpstream, type Runtime, type Service } from '../../platform/service.ts'
import { openDatabase } from '../../platform/service-database.ts'
import { createOrderApp } from './app.ts'
import { countDecisions } from './decisions.ts'
import { createPayment } from './payment.ts'
import { createOrderStore } from './store.ts'
import { createOrderWorkflow } from './workflow.ts'

export const createOrderService = (runtime: Runtime): Service => {
  const { config, log, metrics, tracer } = runtime
  const database = openDatabase(runtime)
  const billing = connectUpstream(runtime, 'billing')
  const notification = connectUpstream(runtime, 'notification')
  const user = connectUpstream(runtime, 'user')
  const store = countDecisions(createOrderStore(database, config.leaseMs), metrics)
  watchSagas(metrics, [store.dueOrders, store.dueChanges])
  const payment = createPayment({
    billing: createBillingClient(billing),
    budgetMs: config.requestBudgetMs,
  })
  const workflow = createOrderWorkflow({
    store,
    payment,
    users: createUserClient(user),
    notification: createNotificationClient(notification),
    letterBudgetMs: config.letterBudgetMs,
    nobodyMaySignUp: !config.access.isOwnIssuer,
    log,
    tracer,
  })
  const { find, handle } = createOrderApp({ store, workflow, acts: createActs(database), log })
  const recoverySettings = { intervalMs: config.recoveryIntervalMs, log, metrics }
  return {
    handle,
    find,
    checkReady: database.ping,
    prepare: database.ping,
    loops: [
      createRecovery({
        ...recoverySettings,
        name: store.dueOrders.table,
        claim: store.dueOrders.claim,
        advance: workflow.recoverOrder,
      }),
      createRecovery({
        ...recoverySettings,
        name: store.dueChanges.table,
        claim: store.dueChanges.claim,
        advance: workflow.recoverChange,
      }),
    ],
    close: async () => {
      await Promise.all([billing.close(), notification.close(), user.close()])
      await database.close()
    },
  }
}
