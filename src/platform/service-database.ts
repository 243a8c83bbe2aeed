import { createDatabase, type Database } from './database/db.ts'
import { watchDatabase } from './database/pool-metrics.ts'
import type { Runtime } from './service.ts'

/** Not in service.ts: the gateway has no database and need not load the code for one. */
export const openDatabase = ({ config, log, metrics }: Runtime): Database => {
  if (!config.database) throw new Error(`${config.service} has no database in the registry`)
  const database = createDatabase({ config: config.database, log, metrics })
  watchDatabase(metrics, database.ping)
  return database
}
