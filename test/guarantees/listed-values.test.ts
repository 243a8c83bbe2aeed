import { randomUUID } from 'node:crypto'
import { is } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import { pino } from 'pino'
import { beforeAll, describe, expect, it } from 'vitest'
import { createBillingClient } from '../../src/clients/billing.ts'
import type { ServiceApp } from '../../src/platform/http/app.ts'
import { servicesWithDatabase } from '../../src/registry.ts'
import { createBillingApp } from '../../src/services/billing/app.ts'
import { createBillingStore } from '../../src/services/billing/store.ts'
import { createOrderApp } from '../../src/services/order/app.ts'
import { createPayment } from '../../src/services/order/payment.ts'
import { createOrderStore } from '../../src/services/order/store.ts'
import { createOrderWorkflow } from '../../src/services/order/workflow.ts'
import { createUserApp } from '../../src/services/user/app.ts'
import { createSignUp } from '../../src/services/user/sign-up.ts'
import { createUserStore } from '../../src/services/user/store.ts'
import { createTestDatabase, type TestDatabase } from '../lab/database.ts'
import { createFakeUpstream } from '../lab/fake-upstream.ts'
import { openTestDatabase } from '../lab/service.ts'

/**
 * A kind, a status or a reason is one of a list in `states.ts`: the database holds
 * no other value, and if one came into it all the same, it is told as nothing else.
 */
const closedNames = new Set(['kind', 'status', 'reason', 'decision', 'account'])

/** A login may have several of these, or none: no column holds just one. */
const severalAtOnce = new Set(['roles'])

/** The columns of a service that hold one of a list, as `table.column`, with their lists. */
const listedColumns = async (service: string) => {
  const schema = (await import(`../../src/services/${service}/schema.ts`)) as object
  const tables = Object.values(schema).filter((value) => is(value, PgTable))
  return tables.flatMap((table) => {
    const { name, columns } = getTableConfig(table)
    return columns
      .filter((column) => closedNames.has(column.name) || (column.enumValues ?? []).length > 0)
      .map((column) => ({ name: `${name}.${column.name}`, values: column.enumValues ?? [] }))
  })
}

/** What the checks of a database allow: `table.column` and the values that it may hold. */
const allowedIn = async ({ sql }: TestDatabase) => {
  const checks = await sql<{ table: string; text: string }[]>`
    select conrelid::regclass::text as table, pg_get_constraintdef(oid) as text
    from pg_constraint where contype = 'c'`
  return checks.flatMap(({ table, text }) => {
    const [, column, list = ''] = /^CHECK \(\((\w+) = ANY \(ARRAY\[(.*?)\]\)\)\)/.exec(text) ?? []
    if (column === undefined) return []
    const values = [...list.matchAll(/'([^']*)'::text/g)].map(([, value]) => value ?? '')
    return [{ name: `${table}.${column}`, values }]
  })
}

const byName = (columns: readonly { name: string; values: readonly string[] }[]) =>
  Object.fromEntries(columns.map(({ name, values }) => [name, values.toSorted()]))

describe.each(servicesWithDatabase)('the database of %s', (service) => {
  it('holds what the lists of the code have, and nothing else', async () => {
    const columns = await listedColumns(service)
    expect(columns.length).toBeGreaterThan(0)
    const database = await createTestDatabase(service)
    expect(byName(await allowedIn(database))).toEqual(byName(columns))
  })

  it('is given every list of states.ts', async () => {
    const columns = await listedColumns(service)
    const states = (await import(`../../src/services/${service}/states.ts`)) as object
    const lists = Object.entries(states).filter(
      ([name, list]) => typeof list[0] === 'string' && !severalAtOnce.has(name),
    )
    expect(lists.length).toBeGreaterThan(0)
    for (const [name, list] of lists as [string, string[]][]) {
      const holders = columns.filter(({ values }) => list.every((value) => values.includes(value)))
      expect(holders, name).not.toEqual([])
    }
  })
})

const unknown = 'moon-phase'
const notReached = {} as never

/** The server has found out who asks. */
const incomingFrom = (id: string, url: string) => ({
  requestId: 'r',
  url,
  headers: {},
  caller: { kind: 'person', person: { id, roles: [], isOperator: false } },
})

/** A service's app over its own database, and what it logged. */
const stage = async <Service extends 'order' | 'billing' | 'user'>(
  service: Service,
  createApp: (database: ReturnType<typeof openTestDatabase>, log: pino.Logger) => ServiceApp,
) => {
  const database = await createTestDatabase(service)
  const logged: string[] = []
  const log = pino({ level: 'error' }, { write: (line) => logged.push(line) })
  const app = createApp(openTestDatabase(service, database.url), log)
  const ask = async (id: string, method: string, path: string, body?: object) => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' }
    const request = { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) }
    const answer = await app.request(path, request, { incoming: incomingFrom(id, path) })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  return { sql: database.sql, logged, ask }
}

type Stage = Awaited<ReturnType<typeof stage>>

/** Answered as a fault of ours, and logged with the row that it was found in. */
const expectFault = async ({ logged }: Stage, answer: Promise<object>, id: string) => {
  logged.length = 0
  expect(await answer).toMatchObject({ status: 500, body: { code: 'internal' } })
  expect(logged).toHaveLength(1)
  expect(logged[0]).toContain(id)
}

describe('a value that no list has, in a row of order', () => {
  let order: Stage
  beforeAll(async () => {
    order = await stage(
      'order',
      (database, log) =>
        createOrderApp({
          store: createOrderStore(database, 1_000),
          workflow: notReached,
          acts: notReached,
          log,
        }).app,
    )
    await order.sql`alter table orders drop constraint orders_known_reason`
    await order.sql`alter table order_changes drop constraint order_changes_known_reason`
  })

  // The second is a problem of other answers, and never a reason of an order.
  it.each([unknown, 'not-found'])('is no lack of money: the reason %s', async (reason) => {
    const [id, userId] = [randomUUID(), randomUUID()]
    await order.sql`
      insert into orders (id, user_id, price, present_price, idempotency_key, status, decision,
        reason, request_id)
      values (${id}, ${userId}, 5, 5, 'k', 'REJECTED', 'REJECTED', ${reason}, 'r')`
    await expectFault(order, order.ask(userId, 'POST', '/orders', { userId, price: 5 }), id)
  })

  it('is no lack of money: the reason of a change', async () => {
    const [id, userId] = [randomUUID(), randomUUID()]
    await order.sql`
      insert into orders (id, user_id, price, present_price, status, decision, request_id)
      values (${id}, ${userId}, 5, 5, 'APPROVED', 'APPROVED', 'r')`
    await order.sql`
      insert into order_changes (id, order_id, user_id, kind, from_price, to_price,
        idempotency_key, status, reason, request_id)
      values (${randomUUID()}, ${id}, ${userId}, 'REPRICE', 5, 6, 'k', 'REFUSED', ${unknown}, 'r')`
    await expectFault(order, order.ask(userId, 'PATCH', `/orders/${id}`, { price: 6 }), id)
  })

  it('is never written about, and never decided by', async () => {
    const happened: string[] = []
    const refusal = { status: 409, code: unknown, type: `urn:orderly:problem:${unknown}` }
    const upstream = createFakeUpstream(() => ({
      status: 200,
      data: { answers: [{ status: 409, body: refusal }] },
    }))
    const workflow = createOrderWorkflow({
      store: {
        decideOrder: () => happened.push('decided'),
        dueOrders: { postpone: () => happened.push('postponed') },
      } as never,
      payment: createPayment({ billing: createBillingClient(upstream), budgetMs: 1_000 }),
      users: notReached,
      notification: { sendLetter: () => happened.push('written') } as never,
      letterBudgetMs: 1_000,
      nobodyMaySignUp: false,
      log: notReached,
      tracer: undefined,
    })
    const row = { id: 'an-order', email: 'a@example.com', attempts: 0, dueAt: new Date() }
    const decided = { ...row, status: 'REJECTED', decision: unknown } as never
    await expect(workflow.advanceOrder(decided)).rejects.toThrow(/an-order.*moon-phase/)
    const pending = { ...row, status: 'PENDING' } as never
    await workflow.advanceOrder(pending)
    expect(happened).toEqual(['postponed'])
    expect(upstream.logged).toHaveLength(1)
  })
})

describe('a value that no list has, in a row of billing', () => {
  let billing: Stage
  beforeAll(async () => {
    billing = await stage(
      'billing',
      (database, log) =>
        createBillingApp({
          store: createBillingStore(database, 1_000),
          books: notReached,
          depositLetters: notReached,
          acts: notReached,
          depositsBy: 'owner',
          log,
        }).app,
    )
    await billing.sql`alter table operations drop constraint operations_known_reason`
  })

  const withdraw = (userId: string) =>
    billing.ask(userId, 'POST', `/billing/accounts/${userId}/withdraw`, { amount: 5 })

  it('is logged: the reason of a refusal', async () => {
    const [id, userId] = [randomUUID(), randomUUID()]
    await billing.sql`
      insert into operations (id, user_id, key, kind, amount, effect, status, reason, request_id)
      values (${id}, ${userId}, 'k', 'WITHDRAW', 5, 0, 'REFUSED', ${unknown}, 'r')`
    await expectFault(billing, withdraw(userId), id)
  })

  it('is not made up: the account of an operation that is done', async () => {
    const [id, userId] = [randomUUID(), randomUUID()]
    await billing.sql`
      insert into operations (id, user_id, seq, key, kind, amount, effect, status, balance_after,
        request_id)
      values (${id}, ${userId}, 1, 'k', 'WITHDRAW', 5, -5, 'DONE', 0, 'r')`
    await expectFault(billing, withdraw(userId), id)
  })
})

describe('a value that no list has, in a row of user', () => {
  let user: Stage
  beforeAll(async () => {
    user = await stage('user', (database, log) => {
      const store = createUserStore(database, 1_000)
      const people = { passwords: notReached, identity: notReached, throttle: notReached }
      const signUp = createSignUp({ ...people, store, signUpsPerHour: 0, budgetMs: 1_000 })
      const common = { store, signUp, workflow: notReached, acts: notReached }
      return createUserApp({ ...common, isOwnIssuer: true, log }).app
    })
    await user.sql`alter table users drop constraint users_known_reason`
    await user.sql`alter table users drop constraint users_account`
  })

  it('is no name that is taken: the reason of a refusal', async () => {
    const id = randomUUID()
    const person = { username: 'masha', email: 'masha@example.com' }
    await user.sql`
      insert into users (id, username, email, idempotency_key, request_id, account, reason)
      values (${id}, ${person.username}, ${person.email}, 'masha k', 'r', 'REFUSED', ${unknown})`
    const body = { ...person, password: 'three brave hedgehogs' }
    await expectFault(user, user.ask(id, 'POST', '/users', body), id)
  })

  it('is no account that will open: its state', async () => {
    const id = randomUUID()
    await user.sql`
      insert into users (id, username, email, request_id, account)
      values (${id}, 'petya', 'petya@example.com', 'r', 'LOST')`
    await expectFault(user, user.ask(id, 'GET', `/users/${id}`), id)
  })
})
