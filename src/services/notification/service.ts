import { createActs } from '../../platform/access/acts-store.ts'
import type { Runtime, Service } from '../../platform/service.ts'
import { openDatabase } from '../../platform/service-database.ts'
import { createNotificationApp } from './app.ts'
import { createNotificationStore } from './store.ts'

export const createNotificationService = (runtime: Runtime): Service => {
  const database = openDatabase(runtime)
  const store = createNotificationStore(database)
  const { find, handle } = createNotificationApp({
    store,
    acts: createActs(database),
    log: runtime.log,
  })
  return {
    handle,
    find,
    checkReady: database.ping,
    prepare: database.ping,
    loops: [],
    close: database.close,
  }
}
