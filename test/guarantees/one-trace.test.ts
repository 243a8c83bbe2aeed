import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { createHistory } from '../judge/history.ts'
import {
  createActor,
  newKey,
  newOrder,
  newUser,
  signUp,
  type Actor,
  type Request,
} from '../lab/actors.ts'
import { book, hourMs, newCompany, newOffer, someCategory } from '../lab/booking-requests.ts'
import { startCollector, type CollectedSpan, type Collector } from '../lab/collector.ts'
import { api } from '../lab/http.ts'
import { startSystem, type System } from '../lab/system.ts'
import { eventually } from '../lab/wait.ts'

vi.setConfig({ testTimeout: 60_000 })

let collector: Collector
let system: System
let client: Actor

beforeAll(async () => {
  collector = await startCollector()
  system = await startSystem({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      LOG_LEVEL: 'info',
      REQUEST_BUDGET_MS: 2_000,
      CALL_TIMEOUT_MS: 2_000,
      LEASE_MS: 3_100,
      RECOVERY_INTERVAL_MS: 100,
    },
    link: ({ from, to }) =>
      from.startsWith('order') && (to === 'billing' || to === 'notification')
        ? { passes: 'messages', protocol: 'http' }
        : undefined,
  })
  client = createActor({ baseUrl: system.urls.gateway, history: createHistory() })
}, 60_000)

/** The kind of a span that a server tells of a request. */
const server = 2

/** A trace that the client has begun itself. */
const newTrace = (flags = '01') => {
  const traceId = randomBytes(16).toString('hex')
  const spanId = randomBytes(8).toString('hex')
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-${flags}` } }
}

type ClientTrace = ReturnType<typeof newTrace>

const send = ({ method, path, key, body, as }: Request, { headers }: ClientTrace) =>
  api(system.urls.gateway).ask(method, path, body, { headers, key: key ?? newKey(), as })

/** The spans whose parent nobody told of. The client's own span is the client's to tell. */
const orphansIn = (spans: readonly CollectedSpan[], { spanId }: ClientTrace) => {
  const known = new Set([spanId, ...spans.map((span) => span.spanId)])
  return spans.filter(({ parentId }) => parentId === undefined || !known.has(parentId))
}

/**
 * All that is told of a trace, when this much of it was told, by whom its spans name as their parents
 * too: each process hands over once a second what it has.
 */
const toldOf = async (trace: ClientTrace, names: readonly string[]) => {
  await eventually(
    () => {
      const spans = collector.inTrace(trace.traceId)
      const told = spans.map(({ service, name }) => `${service}: ${name}`)
      for (const name of names) expect(told).toContain(name)
      expect(orphansIn(spans, trace)).toEqual([])
    },
    { withinMs: 20_000 },
  )
  return collector.inTrace(trace.traceId)
}

/** The path from the root to each span, by service and name. */
const pathsIn = (spans: readonly CollectedSpan[]) => {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  const pathOf = ({ service, name, parentId }: CollectedSpan): string => {
    const parent = byId.get(parentId ?? '')
    return `${parent ? `${pathOf(parent)} > ` : ''}${service}: ${name}`
  }
  return spans.map(pathOf)
}

const top = 'gateway: POST /orders > gateway: POST order/orders'
const saga = `${top} > order: order`
const statements = ['billing: apply operations', 'notification: insert letters']

/** Orders, and kills the process that works on it when the callee has done its part. Another goes on. */
const orderAndKill = async (callee: 'billing' | 'notification', trace: ClientTrace) => {
  const { id } = await signUp(client, 1_000)
  const { promise: struck, resolve: onStruck } = Promise.withResolvers<string>()
  system.links.get(`order-1→${callee}`)?.begin({ kind: 'lose-answer', onStruck })
  const sent = send(newOrder(id, 100), trace)
  await struck
  await system.kill('order')
  expect((await sent).status).toBe(504)
  await system.start('order')
}

describe('an order is one trace', () => {
  it('from the client’s traceparent through gateway, services and statements', async () => {
    const { id } = await signUp(client, 1_000)
    const trace = newTrace()
    expect((await send(newOrder(id, 100), trace)).status).toBe(201)
    const spans = await toldOf(trace, [
      'gateway: POST /orders',
      'order: settle orders',
      ...statements,
    ])
    expect(pathsIn(spans).toSorted()).toEqual([
      'gateway: POST /orders',
      top,
      `${top} > order: POST /orders`,
      `${top} > order: POST /orders > order: insert orders`,
      saga,
      `${saga} > order: decide orders`,
      `${saga} > order: letter`,
      `${saga} > order: letter > notification: POST /notifications`,
      `${saga} > order: letter > notification: POST /notifications > notification: insert letters`,
      `${saga} > order: settle orders`,
      `${saga} > order: withdraw`,
      `${saga} > order: withdraw > billing: POST /billing/withdrawals`,
      `${saga} > order: withdraw > billing: POST /billing/withdrawals > billing: apply operations`,
    ])
    expect(spans.some(({ hasFailed }) => hasFailed)).toBe(false)
    const lines = system.logsOf('order').split('\n')
    expect(lines.filter((line) => line.includes(trace.traceId))).not.toEqual([])
  })

  it.each(['billing', 'notification'] as const)(
    'also when its process is killed after %s did its part, and another goes on',
    async (callee) => {
      const trace = newTrace()
      await orderAndKill(callee, trace)
      const spans = await toldOf(trace, ['order: order', 'order: settle orders', ...statements])
      // Both tries reached the callee, and are below the one step that both were for.
      const step = callee === 'billing' ? 'withdraw' : 'letter'
      const steps = spans.filter(({ name }) => name === step)
      expect(steps).toHaveLength(1)
      const tries = spans.filter(({ service, kind }) => service === callee && kind === server)
      expect(tries.map(({ parentId }) => parentId)).toEqual([steps[0]?.spanId, steps[0]?.spanId])
      expect(spans.filter(({ name }) => name === 'order')).toHaveLength(1)
    },
  )

  it('that every caller of a shared call and a shared statement finds by a link', async () => {
    const { id } = await signUp(client, 100_000)
    const traces = Array.from({ length: 40 }, () => newTrace())
    const answers = await Promise.all(traces.map((trace) => send(newOrder(id, 1), trace)))
    expect(answers.map(({ status }) => status)).toEqual(traces.map(() => 201))
    const all = await Promise.all(
      traces.map((trace) => toldOf(trace, ['order: order', 'order: settle orders'])),
    )
    const spans = all.flat()
    const linked = (name: string) =>
      spans.filter((span) => span.name === name && span.linkedTo.length > 1)
    const stepsOf = (name: string) => spans.filter((span) => span.name === name)
    for (const [shared, callers] of [
      ['insert orders', 'insert orders'],
      ['POST billing/billing/withdrawals', 'withdraw'],
    ] as const) {
      expect(linked(shared), shared).not.toEqual([])
      const known = new Set(stepsOf(callers).map(({ spanId }) => spanId))
      const named = linked(shared).flatMap(({ linkedTo }) => linkedTo)
      expect(
        named.every((each) => known.has(each)),
        shared,
      ).toBe(true)
    }
  })

  it('of which nothing is told when the client says that it is not sampled', async () => {
    const { id } = await signUp(client, 1_000)
    const [silent, told] = [newTrace('00'), newTrace()]
    await send(newOrder(id, 100), silent)
    await send(newOrder(id, 100), told)
    await toldOf(told, ['order: settle orders', ...statements])
    expect(collector.inTrace(silent.traceId)).toEqual([])
    expect(system.logsOf('billing')).toContain(silent.traceId)
  })

  it('that logs go on to name when it is not told and its process is killed', async () => {
    const silent = newTrace('00')
    await orderAndKill('billing', silent)
    await eventually(() => expect(system.logsOf('notification')).toContain(silent.traceId))
    expect(collector.inTrace(silent.traceId)).toEqual([])
  })
})

it('a sign-up is one trace with the login and the account that it makes', async () => {
  const trace = newTrace()
  const name = `traced-${trace.spanId}`
  expect((await send(newUser(name), trace)).status).toBe(201)
  const spans = await toldOf(trace, [
    'identity: insert logins',
    'billing: open accounts',
    'user: sign-up',
  ])
  const root = 'gateway: POST /users > gateway: POST user/users > user: sign-up'
  expect(pathsIn(spans)).toEqual(
    expect.arrayContaining([
      `${root} > user: make-login > identity: POST /identity/logins > identity: insert logins`,
      `${root} > user: open-account > billing: POST /billing/accounts > billing: open accounts`,
    ]),
  )
})

it('a collector that hangs changes no answer', async () => {
  const { id } = await signUp(client, 1_000)
  collector.behave('hangs')
  try {
    const startedAtMs = performance.now()
    for (let count = 0; count < 10; count += 1) {
      const { status, body } = await send(newOrder(id, 1), newTrace())
      expect([status, body]).toEqual([201, expect.objectContaining({ status: 'APPROVED' })])
    }
    // As often as an answer of the collector is waited for: five seconds each.
    expect(performance.now() - startedAtMs).toBeLessThan(5_000)
  } finally {
    collector.behave('takes')
  }
})

it('a booking is one trace with the letters to those who manage the company', async () => {
  const [manager, customer] = [await signUp(client), await signUp(client, 1_000)]
  const company = await client.decided<{ id: string }>(newCompany(manager.id))
  const offer = await client.decided<{ id: string }>(
    newOffer({
      managerId: manager.id,
      companyId: company.body.id,
      categoryId: await someCategory(client),
      price: 100,
      startsMs: Date.now() + 24 * hourMs,
    }),
  )
  const trace = newTrace()
  expect((await send(book(customer.id, offer.body.id), trace)).status).toBe(201)
  const spans = await toldOf(trace, ['booking: letters about a booking', 'company: find managers'])
  const root = 'gateway: POST /bookings > gateway: POST booking/bookings > booking: booking'
  expect(pathsIn(spans)).toEqual(
    expect.arrayContaining([
      `${root} > booking: withdraw > billing: POST /billing/withdrawals > billing: apply operations`,
      `${root} > booking: letters about a booking > booking: managers > company: POST /managers/many > company: find managers`,
    ]),
  )
})
