import { createBillingClient } from '../../clients/billing.ts'
import { handleByFetch } from '../../platform/http/fetch.ts'
import { createRecovery } from '../../platform/saga/recovery.ts'
import { connectUpstream, type Runtime, type Service } from '../../platform/service.ts'
import { openDatabase } from '../../platform/service-database.ts'
import { createUserApp } from './app.ts'
import { createUserStore } from './store.ts'
import { createUserWorkflow } from './workflow.ts'

export const createUserService = (runtime: Runtime): Service => {
  const { config, log, metrics } = runtime
  const database = openDatabase(runtime)
  const billing = connectUpstream(runtime, 'billing')
  const store = createUserStore(database, config.leaseMs)
  const workflow = createUserWorkflow({
    store,
    billing: createBillingClient(billing),
    budgetMs: config.requestBudgetMs,
  })
  const { app, routeOf } = createUserApp({ store, workflow, log })
  return {
    handle: handleByFetch(app.fetch),
    routeOf,
    checkReady: database.ping,
    prepare: database.ping,
    loops: [
      createRecovery({
        name: 'users',
        intervalMs: config.recoveryIntervalMs,
        log,
        metrics,
        claim: store.due.claim,
        advance: workflow.recoverUser,
      }),
    ],
    close: async () => {
      await billing.close()
      await database.close()
    },
  }
}
