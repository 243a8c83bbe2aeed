import { and, desc, eq, lt } from 'drizzle-orm'
import type { BacklogColumns } from '../../platform/saga/backlog.ts'
import { createDueRows } from '../../platform/saga/due-rows.ts'
import { createOwed, createOwing } from '../../platform/saga/owed.ts'
import type { Database } from '../../platform/database/db.ts'
import { foundRows, soughtColumns, soughtIn } from '../../platform/database/search.ts'
import { defineStatement, rowsOf, text, type ItemOf } from '../../platform/database/statement.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import { traceOfRow } from '../../platform/base/trace.ts'
import {
  accounts,
  depositLetters,
  operations,
  type AccountRow,
  type OperationRow,
} from './schema.ts'
import type { OperationKind } from './states.ts'

export type AppliedOperation = OperationRow & {
  readonly replayed: boolean
  /** Null when there is no account. */
  readonly email: string | null
  readonly accountCreatedAt: Date | null
}

export type OpenedAccount = AccountRow & { readonly replayed: boolean }

export interface StatementQuery {
  readonly userId: string
  readonly cursor?: string | undefined
  readonly limit: number
}

const openAccounts = defineStatement(import.meta.url, {
  name: 'open accounts',
  table: accounts,
  input: { userId: 'uuid', email: 'text' },
  returns: rowsOf<OpenedAccount>(),
  distinctBy: ({ userId }) => [userId],
})

const applyOperations = defineStatement(import.meta.url, {
  name: 'apply operations',
  table: operations,
  input: {
    id: 'uuid',
    userId: 'uuid',
    /** The caller's key, stored for ever on the row it wrote; null: nobody will repeat it. */
    key: 'text?',
    kind: text<OperationKind>(),
    amount: 'bigint',
    reference: 'text?',
    requestId: 'text',
    /** For the letter about a deposit. */
    trace: 'text?',
    leaseMs: 'int',
    /** Not finding the account decides nothing: it may be opened later, and the caller asks again. */
    accountMayCome: 'boolean',
  },
  returns: rowsOf<AppliedOperation>(),
  /** Operations that would have to see each other must not share a statement. */
  distinctBy: ({ userId, kind, key, reference }) => {
    const keys = kind === 'DEPOSIT' ? [key] : [key, reference]
    return keys.filter((each) => each !== null).map((each) => `${userId} ${each}`)
  },
})

type OperationItem = ItemOf<typeof applyOperations>

export type OperationToApply = Omit<OperationItem, 'id' | 'trace' | 'leaseMs' | 'accountMayCome'> &
  Partial<Pick<OperationItem, 'accountMayCome'>>

const letterBacklog = {
  states: ['DUE'],
  letterOwedSince: 'created_at',
} satisfies BacklogColumns

const searchOperations = defineStatement(import.meta.url, {
  name: 'search operations',
  input: soughtColumns,
  returns: foundRows,
})

export const createBillingStore = (database: Database, leaseMs: number) => {
  const apply = database.statement(applyOperations)

  const findAccount = async (userId: string): Promise<AccountRow | undefined> => {
    const rows = await database.read('find account', (reader) =>
      reader.select().from(accounts).where(eq(accounts.userId, userId)),
    )
    return rows[0]
  }

  /** Only what moved money, newest first. */
  const listOperations = ({ userId, cursor, limit }: StatementQuery): Promise<OperationRow[]> =>
    database.read('list operations', (reader) =>
      reader
        .select()
        .from(operations)
        .where(
          and(
            eq(operations.userId, userId),
            eq(operations.status, 'DONE'),
            cursor === undefined ? undefined : lt(operations.seq, Number(cursor)),
          ),
        )
        .orderBy(desc(operations.seq))
        .limit(limit + 1),
    )

  return {
    search: (text: string) => database.lookUp(searchOperations, soughtIn(text)),
    openAccount: database.statement(openAccounts),
    apply: (operation: OperationToApply): Promise<AppliedOperation> => {
      const trace = operation.kind === 'DEPOSIT' ? traceOfRow() : null
      return apply({ accountMayCome: false, ...operation, id: uuidv7(), trace, leaseMs })
    },
    findAccount,
    listOperations,
    depositLetters: createDueRows(database, depositLetters, { leaseMs, backlog: letterBacklog }),
    owed: createOwed(
      createOwing(database, {
        kind: 'deposit-letter',
        table: depositLetters,
        // The id of the deposit is the request id of its letter, too.
        tell: ({ id, userId }) => ({ about: id, userId, state: 'DONE', requestId: id }),
      }),
    ),
  }
}

export type BillingStore = ReturnType<typeof createBillingStore>
