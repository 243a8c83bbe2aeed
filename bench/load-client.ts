import { randomBytes, randomUUID } from 'node:crypto'
import { Pool, type Dispatcher } from 'undici'
import { runClosedLoop, type LoopJob, type LoopResult } from './lib/closed-loop.ts'
import { orderPrice, seededId } from './lib/ids.ts'
import { answerBench, endWithBench } from './lib/ipc.ts'
import { mintToken, tokenLifetimeMs, useSigningKey } from '../test/lab/issuer.ts'

/**
 * The load generator is a process of its own, so that its cost is not measured as the system's. It
 * uses undici's lowest interface and checks every answer: only a right one counts.
 */
export interface LoadJob extends LoopJob {
  readonly kind: 'order' | 'booking' | 'read-order' | 'list-orders' | 'statement' | 'letters'
  readonly baseUrl: string
  /** Orders and reads are spread over this many accounts. */
  readonly accounts: number
  /** The users who order, when these are not the accounts that the bench made by SQL. */
  readonly userIds?: readonly string[]
  /** The key of the issuer that the system trusts: with it, everybody who orders gets a token. */
  readonly signingKey?: string
  /** What each user shows, when they have signed in for real. */
  readonly authorizations?: Readonly<Record<string, string>>
  /** How many orders were stored before. `read-order` reads one of them. */
  readonly storedOrders: number
  /** The open offers that are there, by the numbers of the first and of the one after the last. */
  readonly offers?: { readonly from: number; readonly to: number }
  /** The share of the orders whose traces are wanted. Undefined: they name no trace. */
  readonly tracedShare?: number
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

const read = (path: string, headers: string[], expected: string): Exchange => ({
  method: 'GET',
  path,
  body: null,
  headers,
  status: 200,
  expected,
})

interface Minted {
  readonly authorization: string
  readonly untilMs: number
}

const minted = new Map<string, Minted>()

const mintFor = (userId: string) => {
  const authorization = `Bearer ${mintToken({ sub: userId, email: `${userId}@example.com` })}`
  minted.set(userId, { authorization, untilMs: Date.now() + tokenLifetimeMs / 2 })
  return authorization
}

/** Makes the tokens before the clock starts: nobody orders and signs in at the same time. */
const mintAll = ({ accounts, signingKey, seconds, warmUpSeconds }: LoadJob) => {
  if (signingKey === undefined) return
  useSigningKey(signingKey)
  const endMs = Date.now() + (seconds + warmUpSeconds) * 1_000
  for (let index = 0; index < accounts; index += 1) {
    const userId = seededId('account', index)
    if ((minted.get(userId)?.untilMs ?? 0) < endMs) mintFor(userId)
  }
}

const shownBy = (userId: string, { signingKey, authorizations }: LoadJob): string[] => {
  const shown =
    signingKey === undefined
      ? authorizations?.[userId]
      : (minted.get(userId)?.authorization ?? mintFor(userId))
  return shown === undefined ? [] : ['authorization', shown]
}

/** The number of the next offer: each is booked once, so none is picked twice. */
let nextOffer = 0

const takeOffer = ({ offers: { from, to } = { from: 0, to: 0 } }: LoadJob): string => {
  nextOffer = Math.max(nextOffer, from)
  if (nextOffer >= to) throw new Error('all offers are booked: more must be stored before the run')
  nextOffer += 1
  return seededId('offer', nextOffer - 1)
}

const traceOf = ({ tracedShare }: LoadJob): string[] => {
  if (tracedShare === undefined) return []
  const [traceId, spanId] = [randomBytes(16), randomBytes(8)].map((bytes) => bytes.toString('hex'))
  return ['traceparent', `00-${traceId}-${spanId}-${Math.random() < tracedShare ? '01' : '00'}`]
}

const exchanges: Record<LoadJob['kind'], (job: LoadJob) => Exchange> = {
  order: (job) => {
    const { accounts, userIds } = job
    const userId = userIds?.[pick(userIds.length)] ?? seededId('account', pick(accounts))
    const keyed = ['content-type', 'application/json', 'idempotency-key', randomUUID()]
    return {
      method: 'POST',
      path: '/orders',
      body: `{"userId":"${userId}","price":${orderPrice},"description":"A book and a lamp"}`,
      headers: [...keyed, ...shownBy(userId, job), ...traceOf(job)],
      status: 201,
      expected: '"status":"APPROVED"',
    }
  },
  booking: (job) => {
    const userId = seededId('account', pick(job.accounts))
    const keyed = ['content-type', 'application/json', 'idempotency-key', randomUUID()]
    return {
      method: 'POST',
      path: '/bookings',
      body: `{"offerId":"${takeOffer(job)}"}`,
      headers: [...keyed, ...shownBy(userId, job)],
      status: 201,
      expected: '"status":"PAID"',
    }
  },
  'read-order': (job) => {
    const index = pick(job.storedOrders)
    const id = seededId('order', index)
    // As the seed spreads the orders over the accounts.
    const owner = seededId('account', index % job.accounts)
    return read(`/orders/${id}`, shownBy(owner, job), `"id":"${id}"`)
  },
  'list-orders': (job) => {
    const id = seededId('account', pick(job.accounts))
    return read(`/orders?userId=${id}`, shownBy(id, job), `"userId":"${id}"`)
  },
  statement: (job) => {
    const id = seededId('account', pick(job.accounts))
    return read(`/billing/accounts/${id}/operations`, shownBy(id, job), `"userId":"${id}"`)
  },
  letters: (job) => {
    const id = seededId('account', pick(job.accounts))
    return read(`/notifications?userId=${id}`, shownBy(id, job), `"userId":"${id}"`)
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
  mintAll(job)
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
