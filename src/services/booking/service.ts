import { createBillingClient } from '../../clients/billing.ts'
import { createCompanyClient } from '../../clients/company.ts'
import { createNotificationClient } from '../../clients/notification.ts'
import { createActs } from '../../platform/access/acts-store.ts'
import { ownSettings } from '../../platform/base/config.ts'
import { createRecovery } from '../../platform/saga/recovery.ts'
import { watchSagas } from '../../platform/saga/saga-metrics.ts'
import { connectUpstream, type Runtime, type Service } from '../../platform/service.ts'
import { openDatabase } from '../../platform/service-database.ts'
import { createBookingApp } from './app.ts'
import { countDecisions } from './decisions.ts'
import { createLetters } from './letters.ts'
import { createManagers } from './managers.ts'
import { createOfferStore } from './store-offers.ts'
import { createPayment } from './payment.ts'
import { createBookingStore } from './store.ts'
import { createBookingWorkflow } from './workflow.ts'

export const createBookingService = (runtime: Runtime): Service => {
  const { config, log, metrics, tracer } = runtime
  const settings = ownSettings(config, 'booking')
  const database = openDatabase(runtime)
  const company = connectUpstream(runtime, 'company')
  const billing = connectUpstream(runtime, 'billing')
  const notification = connectUpstream(runtime, 'notification')
  const companies = createCompanyClient(company)
  const plainStore = createBookingStore(database, {
    leaseMs: config.leaseMs,
    holdMs: settings.HOLD_MS,
    cancelUntilMinutes: settings.CANCEL_UNTIL_MINUTES,
  })
  const store = countDecisions(plainStore, metrics)
  watchSagas(metrics, [store.dueBookings, store.dueLetters])
  const payment = createPayment({
    billing: createBillingClient(billing),
    budgetMs: config.requestBudgetMs,
  })
  const letters = createLetters({
    store,
    companies,
    notification: createNotificationClient(notification),
    letterBudgetMs: config.letterBudgetMs,
    log,
    tracer,
  })
  const workflow = createBookingWorkflow({ store, payment, letters, log, tracer })
  const managers = createManagers({ companies, budgetMs: config.requestBudgetMs })
  const { find, handle } = createBookingApp({
    store,
    workflow,
    managers,
    offers: createOfferStore(database),
    companies,
    budgetMs: config.requestBudgetMs,
    acts: createActs(database),
    log,
  })
  const recoverySettings = { intervalMs: config.recoveryIntervalMs, log, metrics }
  return {
    handle,
    find,
    checkReady: database.ping,
    prepare: database.ping,
    loops: [
      createRecovery({
        ...recoverySettings,
        name: store.dueBookings.table,
        claim: store.dueBookings.claim,
        advance: workflow.recoverBooking,
      }),
      createRecovery({
        ...recoverySettings,
        name: store.dueLetters.table,
        claim: store.dueLetters.claim,
        advance: letters.recover,
      }),
    ],
    close: async () => {
      await letters.stop()
      await Promise.all([company.close(), billing.close(), notification.close()])
      await database.close()
    },
  }
}
