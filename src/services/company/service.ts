import { createActs } from '../../platform/access/acts-store.ts'
import type { Runtime, Service } from '../../platform/service.ts'
import { openDatabase } from '../../platform/service-database.ts'
import { createCompanyApp } from './app.ts'

export const createCompanyService = (runtime: Runtime): Service => {
  const database = openDatabase(runtime)
  const { find, handle } = createCompanyApp({ acts: createActs(database), log: runtime.log })
  return {
    handle,
    find,
    checkReady: database.ping,
    prepare: database.ping,
    loops: [],
    close: database.close,
  }
}
