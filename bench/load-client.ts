import { randomUUID } from 'node:crypto'
import { Pool, type Dispatcher } from 'undici'
import { runClosedLoop, type LoopJob, type LoopResult } from './lib/closed-loop.ts'
import { orderPrice, seededId } from './lib/ids.ts'
import { answerBench, endWithBench } from './lib/ipc.ts'

/**
 * The load generator is a process of its own, so that its cost is not measured as the system's. It
 * uses undici's lowest interface and checks every answer: only a right one counts.
 */
export interface LoadJob extends LoopJob {
  readonly kind: 'order' | 'read-order' | 'list-orders' | 'statement' | 'letters'
  readonly baseUrl: string
  /** Orders and reads are spread over this many accounts. */
  readonly accounts: number
  /** The users who order, when these are not the accounts that the bench made by SQL. */
  readonly userIds?: readonly string[]
  /** How many orders were stored before. `read-order` reads one of them. */
  readonly storedOrders: number
}

interface Exchange {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body: string | null
  readonly headers: string[]
  readonly status: number
  /** A text that the right answer contains. */
  readonly expected: string
}

const pick = (count: number) => Math.floor(Math.random() * count)

const read = (path: string, expected: string): Exchange => ({
  method: 'GET',
  path,
  body: null,
  headers: [],
  status: 200,
  expected,
})

const exchanges: Record<LoadJob['kind'], (job: LoadJob) => Exchange> = {
  order: ({ accounts, userIds }) => {
    const userId = userIds?.[pick(userIds.length)] ?? seededId('account', pick(accounts))
    return {
      method: 'POST',
      path: '/orders',
      body: `{"userId":"${userId}","price":${orderPrice},"description":"A book and a lamp"}`,
      headers: ['content-type', 'application/json', 'idempotency-key', randomUUID()],
      status: 201,
      expected: '"status":"APPROVED"',
    }
  },
  'read-order': ({ storedOrders }) => {
    const id = seededId('order', pick(storedOrders))
    return read(`/orders/${id}`, `"id":"${id}"`)
  },
  'list-orders': ({ accounts }) => {
    const id = seededId('account', pick(accounts))
    return read(`/orders?userId=${id}`, `"userId":"${id}"`)
  },
  statement: ({ accounts }) => {
    const id = seededId('account', pick(accounts))
    return read(`/billing/accounts/${id}/operations`, `"userId":"${id}"`)
  },
  letters: ({ accounts }) => {
    const id = seededId('account', pick(accounts))
    return read(`/notifications?userId=${id}`, `"userId":"${id}"`)
  },
}

const send = (pool: Pool, { status, expected, ...request }: Exchange) =>
  new Promise<string | undefined>((resolve) => {
    let received = 0
    const chunks: Buffer[] = []
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: () => {},
      onResponseStart: (_controller, statusCode) => {
        received = statusCode
      },
      onResponseData: (_controller, chunk) => {
        chunks.push(chunk)
      },
      onResponseEnd: () => {
        const [first] = chunks
        const body = chunks.length === 1 && first ? first : Buffer.concat(chunks)
        if (received === status && body.includes(expected)) resolve(undefined)
        else resolve(`${request.method} ${request.path}: ${received} ${body.toString('utf8')}`)
      },
      onResponseError: (_controller, error) => resolve(`${request.method}: ${error.message}`),
    }
    pool.dispatch(request, handler)
  })

const runLoad = async (job: LoadJob): Promise<LoopResult> => {
  const pool = new Pool(job.baseUrl, { connections: job.clients, pipelining: 1 })
  const next = exchanges[job.kind]
  try {
    return await runClosedLoop(job, () => send(pool, next(job)))
  } finally {
    await pool.destroy()
  }
}

endWithBench()
answerBench({ run: runLoad })
