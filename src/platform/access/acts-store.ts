import { and, desc, eq, lt } from 'drizzle-orm'
import { uuidv7 } from '../base/ids.ts'
import type { Database } from '../database/db.ts'
import { operatorActs } from '../database/operator-acts.ts'
import { afterAllIds } from '../database/owners.ts'
import { defineStatement, rowsOf } from '../database/statement.ts'
import type { Acts } from '../http/acts.ts'

const recordActs = defineStatement(import.meta.url, {
  name: 'record acts',
  input: {
    id: 'uuid',
    operator: 'uuid',
    method: 'text',
    route: 'text',
    target: 'text',
    subject: 'uuid?',
    requestId: 'text',
  },
  returns: rowsOf<{ readonly id: string }>(),
})

/** What people ask for by their roles, written into the service's own database. */
export const createActs = (database: Database): Acts => {
  const record = database.statement(recordActs)
  return {
    record: (act) => record({ ...act, id: uuidv7() }),
    list: ({ operator, subject, cursor = afterAllIds, limit }) =>
      database.read('list acts', (reader) =>
        reader
          .select()
          .from(operatorActs)
          .where(
            and(
              operator === undefined ? undefined : eq(operatorActs.operator, operator),
              subject === undefined ? undefined : eq(operatorActs.subject, subject),
              lt(operatorActs.id, cursor),
            ),
          )
          .orderBy(desc(operatorActs.id))
          .limit(limit + 1),
      ),
  }
}
