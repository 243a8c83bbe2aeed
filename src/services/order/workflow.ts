import type { NewLetter } from '../../clients/generated/notification.ts'
import type { LetterSender } from '../../clients/letter-sender.ts'
import { postpone, timelineEntry } from '../../platform/saga.ts'
import type { Log } from '../../platform/telemetry.ts'
import type { MoneyOutcome, Payment } from './payment.ts'
import type { ChangeRow, OrderRow } from './schema.ts'
import type { Decided, OrderStore } from './store.ts'

export interface WorkflowDeps {
  readonly store: OrderStore
  readonly payment: Payment
  readonly letters: LetterSender
  readonly log: Log
}

type SagaRow = OrderRow | ChangeRow

/** What a row needs next, from its state alone: PENDING needs money moved, decided and due a letter. */
const nextStep = (row: SagaRow): 'money' | 'letter' | 'rest' => {
  if (row.status === 'PENDING') return 'money'
  return row.dueAt === null ? 'rest' : 'letter'
}

/** How the steps are taken for one kind of row; the walk over them is the same for all. */
interface Saga<Row extends SagaRow> {
  readonly step: string
  readonly moveMoney: (row: Row) => Promise<MoneyOutcome>
  readonly decide: (row: Row, money: MoneyOutcome & { kind: 'answered' }) => Promise<Decided<Row>>
  readonly sendLetter: (row: Row) => ReturnType<LetterSender>
  readonly rows: OrderStore['dueOrders'] | OrderStore['dueChanges']
}

/**
 * Walks a row as far as it gets. The live request and recovery call the same
 * function; when both do, the keys make the calls one, and the store lets only
 * one of them decide.
 */
const createWalk =
  <Row extends SagaRow>(saga: Saga<Row>, log: Log) =>
  async (start: Row): Promise<Row> => {
    let row = start
    for (;;) {
      switch (nextStep(row)) {
        case 'money': {
          const money = await saga.moveMoney(row)
          if (money.kind === 'unknown') {
            await postpone(saga.rows, row, saga.step, money)
            return row
          }
          const decided = await saga.decide(row, money)
          row = decided
          // Somebody else decided, and sends the letter.
          if (!decided.changed) return row
          break
        }
        case 'letter': {
          const letter = await saga.sendLetter(row)
          if (letter.kind === 'unknown') {
            await postpone(saga.rows, row, 'letter', letter)
            return row
          }
          // The letter is acknowledged: nobody needs to wait until that is noted. If the note
          // gets lost, recovery sends the same letter under the same key, which changes nothing.
          const noted = saga.rows.settle({
            id: row.id,
            entry: timelineEntry(row, 'letter', 'done', letter),
          })
          noted.catch((error: unknown) => log.warn({ err: error, id: row.id }, 'letter not noted'))
          return row
        }
        case 'rest':
          return row
      }
    }
  }

export const createOrderWorkflow = ({ store, payment, letters, log }: WorkflowDeps) => {
  const send = (row: SagaRow, about: Pick<NewLetter, 'orderId' | 'kind' | 'amount'>) => {
    const { userId, email, requestId } = row
    if (email === null) throw new Error(`${row.id} owes a letter but nobody knows where to`)
    return letters({ key: `${row.id}:${about.kind}`, userId, email, ...about }, requestId)
  }

  const orderSaga: Saga<OrderRow> = {
    step: 'withdraw',
    moveMoney: payment.pay,
    decide: (order, money) => {
      const { answer } = money
      const outcome = answer.kind
      return store.decideOrder({
        id: order.id,
        status: outcome === 'done' ? 'APPROVED' : 'REJECTED',
        reason: answer.kind === 'refused' ? answer.reason : null,
        email: answer.email,
        entry: timelineEntry(order, 'withdraw', outcome, money),
      })
    },
    sendLetter: (order) =>
      send(order, {
        orderId: order.id,
        kind: order.decision === 'APPROVED' ? 'ORDER_APPROVED' : 'ORDER_REJECTED',
        amount: order.price,
      }),
    rows: store.dueOrders,
  }

  const changeSaga: Saga<ChangeRow> = {
    step: 'settle-difference',
    moveMoney: payment.settleDifference,
    decide: (change, money) => {
      const { answer } = money
      return store.decideChange({
        id: change.id,
        status: answer.kind === 'done' ? 'DONE' : 'REFUSED',
        reason: answer.kind === 'refused' ? answer.reason : null,
        entry: timelineEntry(change, 'settle-difference', answer.kind, money),
      })
    },
    sendLetter: (change) =>
      send(change, {
        orderId: change.orderId,
        kind: change.kind === 'CANCEL' ? 'ORDER_CANCELLED' : 'ORDER_REPRICED',
        amount: change.toPrice ?? change.fromPrice,
      }),
    rows: store.dueChanges,
  }

  return {
    advanceOrder: createWalk(orderSaga, log),
    advanceChange: createWalk(changeSaga, log),
  }
}

export type OrderWorkflow = ReturnType<typeof createOrderWorkflow>
