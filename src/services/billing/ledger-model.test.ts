import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../../test/lab/database.ts'
import { openTestDatabase } from '../../../test/lab/service.ts'
import { uuidv7 } from '../../platform/base/ids.ts'
import {
  createBillingStore,
  type AppliedOperation,
  type BillingStore,
  type OperationToApply,
} from './store.ts'

/** A simple ledger in memory. The statements must have the same results. */
interface Entry {
  readonly key: string | null
  readonly kind: string
  readonly effect: number
  readonly reason: string | null
  readonly reference: string | null
  readonly id: string
}

const maxBalance = Number.MAX_SAFE_INTEGER

/** A refusal for want of an account is stored for a key's repeats, unless the account may come. */
const isKept = ({ key, accountMayCome }: OperationToApply, reason: string | null) =>
  reason !== 'account-not-found' || (key !== null && accountMayCome === false)

const createLedger = () => {
  const entries: Entry[] = []
  let isOpen = false
  let balance = 0

  const judge = ({ kind, amount, reference }: OperationToApply): string | null => {
    if (!isOpen) return 'account-not-found'
    if (kind === 'WITHDRAW') return amount > balance ? 'insufficient-funds' : null
    if (kind === 'REFUND') {
      const related = entries.filter(
        (entry) => entry.key === reference || entry.reference === reference,
      )
      const withdrawn = related.filter(
        (entry) => entry.kind === 'WITHDRAW' && entry.reason === null,
      )
      if (withdrawn.length === 0) return 'nothing-withdrawn'
      const refundable = -related.reduce((sum, entry) => sum + entry.effect, 0)
      if (amount > refundable) return 'refund-exceeds-withdrawal'
    }
    return amount > maxBalance - balance ? 'balance-limit' : null
  }

  return {
    open: () => {
      isOpen = true
    },
    balance: () => balance,
    size: () => entries.length,
    find: (key: string | null) => entries.find((entry) => key !== null && entry.key === key),
    apply: (wanted: OperationToApply, id: string) => {
      const { kind, amount, key, reference } = wanted
      const reason = judge(wanted)
      const effect = reason !== null ? 0 : kind === 'WITHDRAW' ? -amount : amount
      const isNamed = key === reference || entries.some((entry) => entry.key === reference)
      balance += effect
      if (isKept(wanted, reason)) entries.push({ id, key, kind, effect, reason, reference })
      if (isOpen && kind === 'REFUND' && !isNamed) {
        const stop = { kind: 'WITHDRAW', effect: 0, reason: 'withdrawal-refunded', reference: null }
        entries.push({ ...stop, id: '', key: reference })
      }
      return { reason, balanceAfter: isOpen ? balance : null }
    },
  }
}

type Ledger = ReturnType<typeof createLedger>

interface Step {
  readonly user: number
  readonly replica: number
  readonly kind: 'DEPOSIT' | 'WITHDRAW' | 'REFUND'
  readonly amount: number
  readonly key: string | null
  readonly reference: string
  readonly refers: boolean
  readonly accountMayCome: boolean
}

const keys = fc.constantFrom('a', 'b', 'c', 'd')
const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  user: fc.integer({ min: 0, max: 1 }),
  replica: fc.integer({ min: 0, max: 1 }),
  kind: fc.constantFrom('DEPOSIT', 'WITHDRAW', 'WITHDRAW', 'REFUND'),
  amount: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 40 }) },
    { weight: 1, arbitrary: fc.constant(maxBalance) },
  ),
  key: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 3, arbitrary: keys }),
  reference: keys,
  refers: fc.boolean(),
  accountMayCome: fc.boolean(),
})
const runArbitrary = fc.record({
  batches: fc.array(fc.array(stepArbitrary, { minLength: 1, maxLength: 10 }), { maxLength: 6 }),
  /** The second account is opened before this batch. */
  opensAt: fc.integer({ min: 0, max: 6 }),
})

let database: TestDatabase
let stores: BillingStore[]
beforeAll(async () => {
  database = await createTestDatabase('billing')
  stores = [0, 1].map(() => createBillingStore(openTestDatabase('billing', database.url), 60_000))
})

const open = async (userId: string, ledger: Ledger) => {
  await stores[0]!.openAccount({ userId, email: 'masha@example.com' })
  ledger.open()
}

const toOperation = (step: Step, userId: string): OperationToApply => {
  const refers = step.kind === 'REFUND' || (step.kind === 'WITHDRAW' && step.refers)
  const { kind, amount, key, accountMayCome } = step
  const reference = refers ? step.reference : null
  return { userId, kind, amount, key, reference, requestId: 'r', accountMayCome }
}

interface Told {
  readonly wanted: OperationToApply
  readonly applied: AppliedOperation
}

const isStored = ({ wanted, applied }: Told) => isKept(wanted, applied.reason)

/**
 * Operations of one batch ran at the same time. The account's own count tells their order. An
 * operation that stored nothing changed nothing, so it may have been the first.
 */
const inOrder = (told: readonly Told[]) =>
  told
    .filter(({ applied }) => !applied.replayed)
    .toSorted(
      (one, other) =>
        Number(isStored(one)) - Number(isStored(other)) ||
        Number(one.applied.seq) - Number(other.applied.seq),
    )

const expectAgreement = (ledger: Ledger, told: readonly Told[]) => {
  for (const { wanted, applied } of inOrder(told)) {
    expect(ledger.find(wanted.key)).toBeUndefined()
    const { id, reason, balanceAfter } = applied
    expect({ reason, balanceAfter }).toEqual(ledger.apply(wanted, id))
  }
  for (const { wanted, applied } of told) {
    if (!applied.replayed) continue
    const known = ledger.find(wanted.key)
    // The ledger does not know the ids of the rows that prevent a withdrawal.
    expect(applied.id).toBe(known?.id || applied.id)
    expect(applied.reason).toBe(known?.reason)
  }
}

describe('the ledger’s statements', () => {
  it('do what a simple ledger in memory does, for any operations in any batches on two replicas', async () => {
    const property = fc.asyncProperty(runArbitrary, async ({ batches, opensAt }) => {
      const users = [uuidv7(), uuidv7()]
      const ledgers = [createLedger(), createLedger()]
      await open(users[0]!, ledgers[0]!)
      for (const [index, batch] of batches.entries()) {
        if (index === opensAt) await open(users[1]!, ledgers[1]!)
        const told = await Promise.all(
          batch.map(async (step) => {
            const wanted = toOperation(step, users[step.user]!)
            return { wanted, applied: await stores[step.replica]!.apply(wanted) }
          }),
        )
        ledgers.forEach((ledger, user) => {
          expectAgreement(
            ledger,
            told.filter(({ wanted }) => wanted.userId === users[user]),
          )
        })
      }
      for (const [user, ledger] of ledgers.entries()) {
        const userId = users[user]!
        const account = await stores[0]!.findAccount(userId)
        expect(account?.balance ?? 0).toBe(ledger.balance())
        const rows = await database.sql`select from operations where user_id = ${userId}`
        expect(rows.length).toBe(ledger.size())
      }
    })
    await fc.assert(property, { numRuns: 120, interruptAfterTimeLimit: 45_000 })
  }, 60_000)
})
