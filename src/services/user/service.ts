import { createBillingClient } from '../../clients/billing.ts'
import { createIdentityClient } from '../../clients/identity.ts'
import { createActs } from '../../platform/access/acts-store.ts'
import { createPasswords } from '../../platform/access/passwords.ts'
import { createThrottle } from '../../platform/access/throttle.ts'
import { ownSettings } from '../../platform/base/config.ts'
import { createRecovery } from '../../platform/saga/recovery.ts'
import { watchSagas } from '../../platform/saga/saga-metrics.ts'
import { createSweep } from '../../platform/saga/sweep.ts'
import { connectUpstream, type Runtime, type Service } from '../../platform/service.ts'
import { openDatabase } from '../../platform/service-database.ts'
import { createUserApp } from './app.ts'
import { countDecisions } from './decisions.ts'
import { createSignUp } from './sign-up.ts'
import { createUserStore } from './store.ts'
import { createUserWorkflow } from './workflow.ts'

const hourMs = 3_600_000

export const createUserService = (runtime: Runtime): Service => {
  const { config, log, metrics, tracer } = runtime
  const { isOwnIssuer } = config.access
  const settings = ownSettings(config, 'user')
  const database = openDatabase(runtime)
  const billing = connectUpstream(runtime, 'billing')
  const identity = isOwnIssuer ? connectUpstream(runtime, 'identity') : undefined
  const common = {
    store: countDecisions(createUserStore(database, config.leaseMs), metrics),
    identity: identity && createIdentityClient(identity),
    budgetMs: config.requestBudgetMs,
  }
  const throttle = createThrottle(database, hourMs)
  const signUp = createSignUp({
    ...common,
    passwords: createPasswords({ memoryKib: settings.PASSWORD_MEMORY_KIB }),
    throttle,
    signUpsPerHour: settings.SIGN_UPS_PER_HOUR,
  })
  const workflow = createUserWorkflow({
    ...common,
    billing: createBillingClient(billing),
    log,
    tracer,
  })
  const { store } = common
  watchSagas(metrics, [store.due])
  const acts = createActs(database)
  const { find, handle } = createUserApp({ store, signUp, workflow, isOwnIssuer, acts, log })
  return {
    handle,
    find,
    checkReady: database.ping,
    prepare: database.ping,
    loops: [
      createRecovery({
        name: store.due.table,
        intervalMs: config.recoveryIntervalMs,
        log,
        metrics,
        claim: store.due.claim,
        advance: workflow.recoverUser,
      }),
      createSweep([throttle.forget], log),
    ],
    close: async () => {
      await Promise.all([billing.close(), identity?.close()])
      await database.close()
    },
  }
}
