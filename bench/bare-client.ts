import { randomUUID } from 'node:crypto'
import { uuidv7 } from '../src/platform/base/ids.ts'
import { bareLetter, bareStatements } from './lib/bare-statements.ts'
import { runClosedLoop, type LoopJob, type LoopResult } from './lib/closed-loop.ts'
import { orderPrice, seededId } from './lib/ids.ts'
import { answerBench, endWithBench } from './lib/ipc.ts'
import { openWire, type WireConnection } from './lib/pg-wire.ts'

/** Runs the five bare statements of an order, one after the other, on a connection per client. */
export interface BareJob extends LoopJob {
  readonly url: string
  readonly accounts: number
}

const placeOrder = async (wire: WireConnection, accounts: number): Promise<string | undefined> => {
  const userId = seededId('account', Math.floor(Math.random() * accounts))
  const orderId = uuidv7()
  const requestId = uuidv7()
  const email = `${userId}@example.com`
  const price = String(orderPrice)
  const { subject, body } = bareLetter
  return (
    (await wire.run('insertOrder', [
      orderId,
      userId,
      price,
      'A book and a lamp',
      randomUUID(),
      requestId,
    ])) ??
    (await wire.run('withdraw', [uuidv7(), userId, price, `saga:${orderId}`, requestId])) ??
    (await wire.run('decideOrder', [orderId, email])) ??
    (await wire.run('insertLetter', [
      uuidv7(),
      `${orderId}:ORDER_APPROVED`,
      userId,
      email,
      orderId,
      price,
      subject,
      body,
    ])) ??
    (await wire.run('noteLetter', [orderId]))
  )
}

const runBare = async (job: BareJob): Promise<LoopResult> => {
  const wires: WireConnection[] = []
  try {
    for (let client = 0; client < job.clients; client += 1) {
      wires.push(await openWire(job.url, bareStatements))
    }
    return await runClosedLoop(job, (client) =>
      placeOrder(wires[client] as WireConnection, job.accounts),
    )
  } finally {
    for (const wire of wires) wire.close()
  }
}

endWithBench()
answerBench({ run: runBare })
