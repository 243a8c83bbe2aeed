import { and, desc, eq, lt } from 'drizzle-orm'
import { createDueRows } from '../../platform/saga/due-rows.ts'
import type { Database } from '../../platform/database/db.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import {
  accounts,
  depositLetters,
  operations,
  type AccountRow,
  type OperationRow,
} from './schema.ts'
import type { OperationKind } from './states.ts'
import { applyOperationsText, openAccountText } from './statements.ts'

export interface OperationToApply {
  readonly userId: string
  readonly kind: OperationKind
  readonly amount: number
  /** The caller's key, stored for ever on the row it wrote; null: nobody will repeat it. */
  readonly key: string | null
  readonly reference: string | null
  readonly requestId: string
  /** Not finding the account decides nothing: it may be opened later, and the caller asks again. */
  readonly accountMayCome?: boolean
}

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

type OperationInput = OperationToApply & { readonly id: string; readonly leaseMs: number }

/** Operations that would have to see each other must not share a statement. */
const conflictKeys = ({ userId, kind, key, reference }: OperationInput) => {
  const keys: string[] = []
  if (key !== null) keys.push(`${userId} ${key}`)
  if (reference !== null) keys.push(`${userId} ${reference}`)
  return kind === 'DEPOSIT' ? keys.slice(0, 1) : keys
}

export const createBillingStore = (database: Database, leaseMs: number) => {
  const openAccount = database.statement<
    { userId: string; email: string },
    OpenedAccount & { ord: number }
  >({ name: 'open accounts', text: openAccountText, distinctBy: (account) => [account.userId] })

  const apply = database.statement<OperationInput, AppliedOperation & { ord: number }>({
    name: 'apply operations',
    text: applyOperationsText,
    distinctBy: conflictKeys,
  })

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
    openAccount,
    apply: (operation: OperationToApply): Promise<AppliedOperation> =>
      apply({ accountMayCome: false, ...operation, id: uuidv7(), leaseMs }),
    findAccount,
    listOperations,
    depositLetters: createDueRows(database, depositLetters, leaseMs),
  }
}

export type BillingStore = ReturnType<typeof createBillingStore>
