import { createActs } from '../../platform/access/acts-store.ts'
import { createPasswords } from '../../platform/access/passwords.ts'
import { createThrottle } from '../../platform/access/throttle.ts'
import { ownSettings } from '../../platform/base/config.ts'
import { pathOf } from '../../platform/http/routes.ts'
import type { Runtime, Service } from '../../platform/service.ts'
import { openDatabase } from '../../platform/service-database.ts'
import { createIdentityApp } from './app.ts'
import { createIssuer } from './issuer/issuer.ts'
import { createKeyRing } from './key-ring.ts'
import { countSessions, createSessionMetrics } from './session-metrics.ts'
import { createSessions } from './sessions.ts'
import { createSignIn } from './sign-in.ts'
import { createIdentityStore } from './store.ts'
import { createKeyStore } from './store-keys.ts'
import { createModelStore } from './store-models.ts'
import { createSweep } from '../../platform/saga/sweep.ts'
import { createTokenMaker } from './tokens.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

export const createIdentityService = (runtime: Runtime): Service => {
  const { config, log, metrics } = runtime
  const settings = ownSettings(config, 'identity')
  const sessionMs = settings.SESSION_DAYS * dayMs
  const database = openDatabase(runtime)
  const store = createIdentityStore(database)
  const models = createModelStore(database)
  const throttle = createThrottle(database, settings.SIGN_IN_WINDOW_MS)
  const ring = createKeyRing({
    store: createKeyStore(database),
    times: {
      lifetimeMs: settings.KEY_LIFETIME_HOURS * hourMs,
      leadMs: settings.KEY_LEAD_MS,
      pollMs: settings.KEY_POLL_MS,
    },
    log,
  })
  const { issuer: issuerName } = config.access
  const signIn = createSignIn({
    store,
    throttle,
    passwords: createPasswords({ memoryKib: settings.PASSWORD_MEMORY_KIB }),
    failuresPerName: settings.SIGN_IN_FAILURES_PER_NAME,
    failuresPerAddress: settings.SIGN_IN_FAILURES_PER_ADDRESS,
  })
  const makeToken = createTokenMaker(issuerName, ring)
  const sessionMetrics = createSessionMetrics(metrics)
  const sessions = createSessions({
    store: countSessions(store, sessionMetrics),
    makeToken,
    lifetimeMs: sessionMs,
    log,
  })
  const issuer = createIssuer({
    issuer: issuerName,
    publicUrl: config.publicUrl,
    store,
    models,
    ring,
    signIn,
    throttle,
    pagesPerAddress: settings.SIGN_IN_PAGES_PER_ADDRESS,
    sessionMs,
    sessionMetrics,
    log,
  })
  const acts = createActs(database)
  const { find, handle: handleJson } = createIdentityApp({ store, signIn, sessions, acts, log })

  return {
    handle: (request, response) => {
      const page = issuer.find(request.method ?? '', pathOf(request.url ?? ''))
      return page === undefined
        ? handleJson(request, response)
        : issuer.handle(page, request, response)
    },
    find: (method, path) => issuer.find(method, path) ?? find(method, path),
    checkReady: database.ping,
    prepare: async () => {
      await ring.refresh()
      await issuer.prepare()
    },
    loops: [ring.loop, createSweep([models.forget, store.forgetSessions, throttle.forget], log)],
    close: () => database.close(),
  }
}
