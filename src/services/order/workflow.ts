import type { MoneyWord } from '../../clients/billing.ts'
import type { NewOrderLetter } from '../../clients/generated/notification.ts'
import type { NotificationClient } from '../../clients/notification.ts'
import type { UserClient } from '../../clients/user.ts'
import type { TimelineEntry } from '../../platform/saga/due-rows.ts'
import type { RowOutcome } from '../../platform/saga/recovery.ts'
import { createSagaTraces, type SagaTraces } from '../../platform/saga/saga-traces.ts'
import { isFromDatabase, postpone, timelineEntry } from '../../platform/saga/saga.ts'
import { listed } from '../../platform/base/states.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import type { Tracer } from '../../platform/base/trace.ts'
import type { MoneyOutcome, Payment } from './payment.ts'
import type { ChangeRow, OrderRow } from './schema.ts'
import { changeKinds, orderDecisions } from './states.ts'
import type { Decided, OrderStore } from './store.ts'

export interface WorkflowDeps {
  readonly store: OrderStore
  readonly payment: Payment
  readonly users: UserClient
  readonly notification: NotificationClient
  /** For a letter. Whoever is asked about gets none in that turn, so the lease has room for either. */
  readonly letterBudgetMs: number
  /**
   * Whether the issuer of tokens makes the ids of users, and not we: then who is nobody now may sign
   * up under the same id later.
   */
  readonly nobodyMaySignUp: boolean
  readonly log: Log
  /** Undefined: nobody collects traces. */
  readonly tracer: Tracer | undefined
}

/** Nobody has no money, and reads no letters. */
const nobody = { outcome: 'refused', code: 'user-not-found', email: null } as const

/** Nothing had to be moved, so nobody said where to write; the row may know. */
const nothingMoved = { outcome: 'done', ms: 0, email: null } as const

/** Billing has no account yet, so it was asked for nothing: the timeline says why that took so long. */
const accountOwed = { reason: 'the account is not open yet' } as const

/** What a saga's money came to. That there is no account decides nothing: it may be owed yet. */
type Verdict = Exclude<MoneyWord, WithoutAccount> | typeof nobody | typeof nothingMoved

type WithoutAccount = Extract<MoneyWord, { readonly code: 'account-not-found' }>

const isWithoutAccount = (money: MoneyWord): money is WithoutAccount =>
  money.outcome === 'refused' && money.code === 'account-not-found'

type SagaRow = OrderRow | ChangeRow

const isSamePrice = (row: SagaRow) => 'toPrice' in row && row.toPrice === row.fromPrice

type Step = 'money' | 'nothing-to-move' | 'ask-user' | 'now-or-never' | 'letter' | 'rest'

/** What a row needs next, from its state alone: PENDING needs money moved, decided and due a letter. */
const nextStep = (row: SagaRow): Step => {
  if (row.status === 'PENDING') return isSamePrice(row) ? 'nothing-to-move' : 'money'
  return row.dueAt === null ? 'rest' : 'letter'
}

/**
 * How the steps are taken for one kind of row; the walk over them is the same for
 * all. `Gone` is what is left of a row that was forgotten, if that may happen.
 */
interface Saga<Row extends SagaRow, Gone> {
  readonly step: string
  readonly moveMoney: (row: Row) => Promise<MoneyOutcome>
  /** Moves it, or makes sure that it is never moved; for rows of whom user does not know. */
  readonly moveNowOrNever?: (row: Row, withinMs: number) => Promise<MoneyOutcome>
  readonly decide: (
    row: Row,
    verdict: Verdict,
    entry: TimelineEntry,
  ) => Promise<Decided<Row> | Gone>
  readonly sendLetter: (row: Row) => ReturnType<NotificationClient['sendLetter']>
  readonly rows: OrderStore['dueOrders'] | OrderStore['dueChanges']
  readonly traces: SagaTraces
}

/** How far a walk came: the row as it is now, and whether it still owes something. */
interface Walked<Row> {
  readonly row: Row
  readonly outcome: RowOutcome
}

type WalkDeps = Pick<WorkflowDeps, 'users' | 'letterBudgetMs' | 'nobodyMaySignUp' | 'log'>

const tellTrace = (traces: SagaTraces, row: SagaRow, timeline: SagaRow['timeline']) =>
  traces.ended(row, { since: row.createdAt, state: row.status, timeline })

const createLetterStep =
  <Row extends SagaRow, Gone>({ traces, sendLetter, rows }: Saga<Row, Gone>, log: Log) =>
  async (row: Row): Promise<Walked<Row>> => {
    const step = 'letter'
    const letter = await traces.step(row, step, () => sendLetter(row))
    if (letter.outcome === 'unknown') {
      await postpone(rows, row, step, letter)
      return { row, outcome: 'postponed' }
    }
    // The letter is acknowledged: nobody needs to wait until that is noted. If the note gets lost,
    // recovery sends the same letter under the same key, which changes nothing.
    const entry = timelineEntry(row, step, letter)
    const noted = rows.settle({ id: row.id, entry })
    noted.catch((error: unknown) => log.warn({ err: error, id: row.id }, 'letter not noted'))
    tellTrace(traces, row, [...row.timeline, entry])
    return { row, outcome: 'finished' }
  }

/**
 * Walks a row as far as it gets. The live request and recovery call the same
 * function; when both do, the keys make the calls one, and the store lets only
 * one of them decide.
 */
const createWalk =
  <Row extends SagaRow, Gone extends undefined>(
    saga: Saga<Row, Gone>,
    { users, letterBudgetMs, nobodyMaySignUp, log }: WalkDeps,
  ) =>
  async (start: Row): Promise<Walked<Row | Gone>> => {
    const { traces } = saga
    const sendDueLetter = createLetterStep(saga, log)
    const moveNowOrNever = nobodyMaySignUp ? saga.moveNowOrNever : undefined
    const askBudgetMs = moveNowOrNever ? letterBudgetMs / 2 : letterBudgetMs
    let row = start
    let step = nextStep(row)
    for (;;) {
      let decided: Decided<Row> | Gone
      switch (step) {
        case 'money': {
          const money = await traces.step(row, saga.step, () => saga.moveMoney(row))
          if (money.outcome === 'unknown') {
            await postpone(saga.rows, row, saga.step, money)
            return { row, outcome: 'postponed' }
          }
          if (isWithoutAccount(money)) {
            step = 'ask-user'
            continue
          }
          decided = await saga.decide(row, money, timelineEntry(row, saga.step, money))
          break
        }
        case 'nothing-to-move': {
          const entry = timelineEntry(row, step, nothingMoved)
          decided = await saga.decide(row, nothingMoved, entry)
          break
        }
        case 'ask-user': {
          const { userId, requestId } = row
          const question = { userId, requestId, timeoutMs: askBudgetMs }
          const asked = await traces.step(row, step, () => users.accountOf(question))
          // Open: since we asked billing, or billing has kept for the last time that it was not.
          const isOpen = asked.outcome === 'done' && asked.account === 'OPEN'
          if (moveNowOrNever && (isOpen || asked.outcome === 'refused')) {
            step = 'now-or-never'
            continue
          }
          if (asked.outcome !== 'refused') {
            // The account is owed yet, or may be: when it is open, billing decides.
            const why = asked.outcome === 'done' ? accountOwed : {}
            await postpone(saga.rows, row, step, { ...asked, ...why })
            return { row, outcome: 'postponed' }
          }
          decided = await saga.decide(row, nobody, timelineEntry(row, step, asked))
          break
        }
        case 'now-or-never': {
          if (!moveNowOrNever) throw new Error(`there is no last try for ${row.id}`)
          const last = await traces.step(row, saga.step, () => moveNowOrNever(row, askBudgetMs))
          if (last.outcome === 'unknown') {
            await postpone(saga.rows, row, saga.step, last)
            return { row, outcome: 'postponed' }
          }
          const verdict = isWithoutAccount(last) ? nobody : last
          decided = await saga.decide(row, verdict, timelineEntry(row, saga.step, last))
          break
        }
        case 'letter':
          return sendDueLetter(row)
        case 'rest':
          return { row, outcome: 'finished' }
      }
      // Somebody else decided, and sends the letter; or the row is gone.
      if (decided === undefined || !decided.changed) return { row: decided, outcome: 'finished' }
      row = decided
      step = nextStep(row)
      if (step === 'rest') tellTrace(traces, row, row.timeline)
    }
  }

/** Whoever walks a row does so in the row's own trace. */
const inTrace =
  <Row extends SagaRow, Result>({ traces }: { traces: SagaTraces }, walk: (row: Row) => Result) =>
  (row: Row): Result =>
    traces.walk(row, () => walk(row))

/**
 * An order of nobody is kept for who may come back to it: with its key, or because
 * a 202 told where it is. A row with attempts is recovery's, so it may have been told.
 */
const isForgettable = (order: OrderRow, verdict: Verdict) =>
  verdict === nobody && order.idempotencyKey === null && order.attempts === 0

/** What is written about a change that is done. */
const letterKindOf = { REPRICE: 'ORDER_REPRICED', CANCEL: 'ORDER_CANCELLED' } as const

export const createOrderWorkflow = (deps: WorkflowDeps) => {
  const { store, payment, notification, letterBudgetMs, log, tracer } = deps
  const send = (row: SagaRow, about: Pick<NewOrderLetter, 'orderId' | 'kind' | 'amount'>) => {
    const { userId, email, requestId } = row
    if (email === null) throw new Error(`${row.id} owes a letter but nobody knows where to`)
    const letter = { key: `${row.id}:${about.kind}`, userId, email, ...about }
    return notification.sendLetter({ ...letter, requestId, timeoutMs: letterBudgetMs })
  }

  /** There is nobody, whether that is noted or not: what may be left of the order, recovery refuses. */
  const forget = async ({ id }: OrderRow) => {
    try {
      return await store.forgetOrder(id)
    } catch (error) {
      if (!isFromDatabase(error)) throw error
      log.warn({ err: error, id }, 'an order of nobody is left to recovery')
      return undefined
    }
  }

  const orderSaga: Saga<OrderRow, undefined> = {
    step: 'withdraw',
    moveMoney: payment.pay,
    moveNowOrNever: payment.payNowOrNever,
    decide: (order, verdict, entry) => {
      if (isForgettable(order, verdict)) return forget(order)
      return store.decideOrder({
        id: order.id,
        status: verdict.outcome === 'done' ? 'APPROVED' : 'REJECTED',
        reason: verdict.outcome === 'refused' ? verdict.code : null,
        email: verdict.email,
        entry,
      })
    },
    sendLetter: (order) =>
      send(order, {
        orderId: order.id,
        kind: `ORDER_${listed(orderDecisions, order.decision, `the decision of order ${order.id}`)}`,
        amount: order.price,
      }),
    rows: store.dueOrders,
    traces: createSagaTraces({
      tracer,
      saga: 'order',
      calls: { withdraw: 'billing', 'ask-user': 'user', letter: 'notification' },
    }),
  }

  const changeSaga: Saga<ChangeRow, never> = {
    step: 'settle-difference',
    moveMoney: payment.settleDifference,
    decide: (change, verdict, entry) =>
      store.decideChange({
        id: change.id,
        status: verdict.outcome === 'done' ? 'DONE' : 'REFUSED',
        reason: verdict.outcome === 'refused' ? verdict.code : null,
        entry,
      }),
    sendLetter: (change) =>
      send(change, {
        orderId: change.orderId,
        kind: letterKindOf[listed(changeKinds, change.kind, `the kind of change ${change.id}`)],
        amount: change.toPrice ?? change.fromPrice,
      }),
    rows: store.dueChanges,
    traces: createSagaTraces({
      tracer,
      saga: 'change',
      calls: { 'settle-difference': 'billing', 'ask-user': 'user', letter: 'notification' },
    }),
  }

  const walkOrder = inTrace(orderSaga, createWalk(orderSaga, deps))
  const walkChange = inTrace(changeSaga, createWalk(changeSaga, deps))
  return {
    advanceOrder: async (order: OrderRow) => (await walkOrder(order)).row,
    advanceChange: async (change: ChangeRow) => (await walkChange(change)).row,
    recoverOrder: async (order: OrderRow) => (await walkOrder(order)).outcome,
    recoverChange: async (change: ChangeRow) => (await walkChange(change)).outcome,
  }
}

export type OrderWorkflow = ReturnType<typeof createOrderWorkflow>
