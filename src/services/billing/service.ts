import { createNotificationClient } from '../../clients/notification.ts'
import { createActs } from '../../platform/access/acts-store.ts'
import { ownSettings } from '../../platform/base/config.ts'
import { createRecovery } from '../../platform/saga/recovery.ts'
import { watchSagas } from '../../platform/saga/saga-metrics.ts'
import { connectUpstream, type Runtime, type Service } from '../../platform/service.ts'
import { openDatabase } from '../../platform/service-database.ts'
import { createBillingApp } from './app.ts'
import { addBooksMetrics } from './books-metrics.ts'
import { createDepositLetters } from './deposit-letters.ts'
import { createBillingStore } from './store.ts'
import { createBooksStore } from './store-books.ts'

export const createBillingService = (runtime: Runtime): Service => {
  const { config, log, metrics, tracer } = runtime
  const database = openDatabase(runtime)
  const notification = connectUpstream(runtime, 'notification')
  const store = createBillingStore(database, config.leaseMs)
  const books = createBooksStore(database)
  addBooksMetrics(metrics, books, log)
  watchSagas(metrics, [store.depositLetters])
  const depositLetters = createDepositLetters({
    store,
    notification: createNotificationClient(notification),
    budgetMs: config.letterBudgetMs,
    log,
    tracer,
  })
  const { find, handle } = createBillingApp({
    store,
    books,
    depositLetters,
    acts: createActs(database),
    depositsBy: ownSettings(config, 'billing').DEPOSITS_BY,
    log,
  })
  return {
    handle,
    find,
    checkReady: database.ping,
    prepare: database.ping,
    loops: [
      createRecovery({
        name: store.depositLetters.table,
        intervalMs: config.recoveryIntervalMs,
        log,
        metrics,
        claim: store.depositLetters.claim,
        advance: depositLetters.advance,
      }),
    ],
    close: async () => {
      await notification.close()
      await database.close()
    },
  }
}
