import { createUserClient } from '../../clients/user.ts'
import { createActs } from '../../platform/access/acts-store.ts'
import { connectUpstream, type Runtime, type Service } from '../../platform/service.ts'
import { openDatabase } from '../../platform/service-database.ts'
import { createCompanyApp } from './app.ts'
import { createPeople } from './people.ts'
import { createCategoryStore } from './store-categories.ts'
import { createMemberStore } from './store-members.ts'
import { createCompanyStore } from './store.ts'

export const createCompanyService = (runtime: Runtime): Service => {
  const { config, log } = runtime
  const database = openDatabase(runtime)
  const user = connectUpstream(runtime, 'user')
  const { find, handle } = createCompanyApp({
    store: createCompanyStore(database),
    members: createMemberStore(database),
    categories: createCategoryStore(database),
    whoIs: createPeople({ users: createUserClient(user), budgetMs: config.requestBudgetMs }),
    acts: createActs(database),
    log,
  })
  return {
    handle,
    find,
    checkReady: database.ping,
    prepare: database.ping,
    loops: [],
    close: async () => {
      await user.close()
      await database.close()
    },
  }
}
