import { answerEach } from '../../platform/http/answer-each.ts'
import type { Acts } from '../../platform/http/acts.ts'
import { serveActs } from '../../platform/http/serve-acts.ts'
import { serveSearch } from '../../platform/http/serve-search.ts'
import { serveOwed } from '../../platform/http/serve-owed.ts'
import { createServiceApp, requestIdIn, type ServiceApp } from '../../platform/http/app.ts'
import type { Person } from '../../platform/base/caller.ts'
import { ProblemError } from '../../platform/base/errors.ts'
import { keyIn, personIn, requireReach, sentKeyIn } from '../../platform/http/caller.ts'
import { defaultPageSize, replayedHeaders, toPage } from '../../platform/http/schemas.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import {
  accountNotFound,
  isSame,
  refusal,
  toAccount,
  toOperation,
  toResult,
  toVerdict,
} from './answers.ts'
import { getBooksRoute } from './contract-books.ts'
import {
  contract,
  depositRoute,
  getAccountRoute,
  listOperationsRoute,
  openAccountRoute,
  refundRoute,
  withdrawManyRoute,
  withdrawRoute,
} from './contract.ts'
import {
  listActsRoute,
  listOwedRoute,
  retryOwedRoute,
  searchBillingRoute,
} from './contract-operators.ts'
import type { DepositLetters } from './deposit-letters.ts'
import type { AppliedOperation, BillingStore, OperationToApply } from './store.ts'
import type { BooksStore } from './store-books.ts'

/** Who may put money on an account: its owner, or only people with the role `teller`. */
type DepositsBy = 'owner' | 'teller'

export interface BillingAppDeps {
  readonly store: BillingStore
  readonly books: Pick<BooksStore, 'latest'>
  readonly depositLetters: DepositLetters
  readonly acts: Acts
  readonly depositsBy: DepositsBy
  readonly log: Log
}

/** Applies an operation, or finds the result of an earlier one with its key. Throws refusals. */
const createApply =
  (store: BillingStore) =>
  async (wanted: OperationToApply): Promise<AppliedOperation> => {
    const applied = await store.apply(wanted)
    if (!isSame(applied, wanted)) {
      const detail = 'This key was used for another operation before.'
      throw new ProblemError('idempotency-key-reused', detail)
    }
    // A refund before its withdrawal is no error: that withdrawal can never happen any more.
    if (applied.reason === 'nothing-withdrawn') return applied
    if (applied.status === 'REFUSED') throw refusal(applied)
    return applied
  }

/** At a bank, money is put on an account by this role, also on a teller's own. */
const isTeller = ({ roles }: Person, depositsBy: DepositsBy) =>
  depositsBy === 'teller' && roles.includes('teller')

/**
 * Owners may put money on their accounts, unless that is for tellers. To everybody else the account
 * does not exist; an owner is told the rule, for there is nothing to hide from them.
 */
const checkDeposit = (person: Person, userId: string, depositsBy: DepositsBy) => {
  if (person.isOperator) return
  if (isTeller(person, depositsBy)) return
  if (person.id !== userId) throw accountNotFound(userId)
  if (depositsBy === 'owner') return
  throw new ProblemError('forbidden', 'Here only a teller puts money on an account.')
}

/** The routes that move money. */
const serveOperations = (app: ServiceApp, deps: BillingAppDeps) => {
  const { store, depositLetters, depositsBy, log } = deps
  const apply = createApply(store)

  app.openapi(depositRoute, async (c) => {
    const { userId } = c.req.valid('param')
    checkDeposit(personIn(c), userId, depositsBy)
    const applied = await apply({
      userId,
      kind: 'DEPOSIT',
      amount: c.req.valid('json').amount,
      key: keyIn(c, userId),
      reference: null,
      requestId: requestIdIn(c),
    })
    if (!applied.replayed) await depositLetters.sendFirst(applied)
    return c.json(toResult(applied), 200, replayedHeaders(applied.replayed))
  })

  app.openapi(withdrawRoute, async (c) => {
    const { userId } = c.req.valid('param')
    requireReach(c, userId, () => accountNotFound(userId))
    const applied = await apply({
      userId,
      kind: 'WITHDRAW',
      amount: c.req.valid('json').amount,
      key: keyIn(c, userId),
      reference: null,
      requestId: requestIdIn(c),
    })
    return c.json(toResult(applied), 200, replayedHeaders(applied.replayed))
  })

  app.openapi(withdrawManyRoute, async (c) => {
    const { withdrawals } = c.req.valid('json')
    const withdraw = async ({ final = false, ...wanted }: (typeof withdrawals)[number]) => {
      const { reference = null } = wanted
      const accountMayCome = !final
      const applied = await apply({ ...wanted, kind: 'WITHDRAW', reference, accountMayCome })
      return { status: 200, body: toResult(applied) }
    }
    return c.json({ answers: await answerEach(withdrawals, withdraw, log) }, 200)
  })

  app.openapi(refundRoute, async (c) => {
    const { amount, withdrawal } = c.req.valid('json')
    const applied = await apply({
      userId: c.req.valid('param').userId,
      kind: 'REFUND',
      amount,
      key: sentKeyIn(c),
      reference: withdrawal,
      requestId: requestIdIn(c),
    })
    return c.json(toResult(applied), 200, replayedHeaders(applied.replayed))
  })
}

export const createBillingApp = (deps: BillingAppDeps) => {
  const { store, books, acts, depositsBy, log } = deps
  const { app, find, handle } = createServiceApp(contract, {
    log,
    acts,
    needsRole: (person, route) => route === depositRoute.path && isTeller(person, depositsBy),
  })
  serveOperations(app, deps)
  serveActs(app, listActsRoute, acts)
  serveSearch(app, searchBillingRoute, 'billing', store.search)
  serveOwed(app, { list: listOwedRoute, retry: retryOwedRoute }, store.owed)

  app.openapi(openAccountRoute, async (c) => {
    const wanted = c.req.valid('json')
    const { replayed, ...account } = await store.openAccount(wanted)
    if (account.email !== wanted.email) {
      const detail = 'This user has an account with another email address.'
      throw new ProblemError('account-differs', detail)
    }
    // The account as it was when it was opened, because a repeat must get the first answer.
    const opened = toAccount({ ...account, balance: 0 })
    return replayed ? c.json(opened, 200) : c.json(opened, 201)
  })

  app.openapi(getAccountRoute, async (c) => {
    const { userId } = c.req.valid('param')
    requireReach(c, userId, () => accountNotFound(userId))
    const account = await store.findAccount(userId)
    if (account === undefined) throw accountNotFound(userId)
    return c.json(toAccount(account), 200)
  })

  app.openapi(getBooksRoute, async (c) => {
    const verdict = await books.latest()
    return c.json({ latest: verdict === undefined ? null : toVerdict(verdict) }, 200)
  })

  app.openapi(listOperationsRoute, async (c) => {
    const { userId } = c.req.valid('param')
    requireReach(c, userId, () => accountNotFound(userId))
    const { cursor, limit = defaultPageSize } = c.req.valid('query')
    const [account, rows] = await Promise.all([
      store.findAccount(userId),
      store.listOperations({ userId, cursor, limit }),
    ])
    if (account === undefined) throw accountNotFound(userId)
    return c.json(
      toPage(rows, limit, (row) => String(row.seq), toOperation),
      200,
    )
  })

  return { app, find, handle }
}
