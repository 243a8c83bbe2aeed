import { createDatabase, type Database } from './database/db.ts'
import type { Runtime } from './service.ts'

/** Not in service.ts: the gateway has no database and need not load the code for one. */
export const openDatabase = ({ config, log, metrics }: Runtime): Database => {
  if (!config.database) throw new Error(`${config.service} has no database in the registry`)
  return createDatabase({ config: config.database, log, metrics })
}
