import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createBillingStore } from '../../src/services/billing/store.ts'
import { createNotificationStore } from '../../src/services/notification/store.ts'
import { createOrderStore } from '../../src/services/order/store.ts'
import { createUserStore } from '../../src/services/user/store.ts'
import { createTestDatabase, type TestDatabase } from '../lab/database.ts'
import { openTestDatabase } from '../lab/service.ts'

/**
 * Coalescing changes no result: callers are told the same, and the same is stored, whether their
 * statements ran together or one after the other. Callers of one statement meet in every way: with
 * equal keys, on one busy row, with data that Postgres refuses, and with ids that do not exist.
 */
const leaseMs = 6_000
const entry = { at: '2026-01-01T00:00:00.000Z', step: 'step', attempt: 1, outcome: 'done', ms: 1 }

/** What one try needs: ids that both databases share, and a tag on every row. */
interface Scene {
  readonly tag: string
  readonly ids: readonly string[]
}

type Item = Readonly<{ row: number; key: number | null; amount: number; flag: boolean }>

interface Statement {
  readonly name: string
  readonly service: 'user' | 'billing' | 'order' | 'notification'
  /** Makes the rows that exist before the calls. */
  readonly seed?: (scene: Scene) => string
  readonly call: (stores: Stores, scene: Scene, item: Item) => Promise<unknown>
  /** Reads the rows that exist after the calls. */
  readonly stored: (scene: Scene) => string
}

const createStores = (service: Statement['service'], { url }: TestDatabase) => {
  const database = openTestDatabase(service, url)
  return {
    user: createUserStore(database, leaseMs),
    billing: createBillingStore(database, leaseMs),
    order: createOrderStore(database, leaseMs),
    notification: createNotificationStore(database),
  }
}

type Stores = ReturnType<typeof createStores>

const idOf = ({ ids }: Scene, { row }: Item) => ids[row % ids.length] as string
const keyOf = ({ tag }: Scene, { key }: Item) => (key === null ? null : `${tag} ${key}`)
const list = (ids: readonly string[]) => ids.map((id) => `('${id}'::uuid)`).join(', ')
/** The last id exists nowhere: a caller that asks for it must be told so. */
const known = ({ ids }: Scene) => list(ids.slice(0, -1))

const seedOrders = (status: string) => (scene: Scene) =>
  `
  insert into orders (id, user_id, price, present_price, status, decision, request_id, due_at)
  select id, id, 10, 10, '${status}', nullif('${status}', 'PENDING'), '${scene.tag}',
    case when '${status}' = 'PENDING' then now() end from (values ${known(scene)}) as v(id)`

const seedChanges = (scene: Scene) => `${seedOrders('APPROVED')(scene)};
  insert into order_changes (id, order_id, user_id, email, kind, from_price, to_price, request_id, due_at)
  select id, id, id, 'a@example.com', 'REPRICE', 10, 20, '${scene.tag}', now()
  from (values ${known(scene)}) as v(id)`

const byTag = (table: string) => (scene: Scene) =>
  `select * from ${table} where request_id = '${scene.tag}'`

const orderTables = (scene: Scene) => `
  select to_jsonb(o) as o, (select jsonb_agg(to_jsonb(c) order by c.from_price, c.to_price)
    from order_changes c where c.order_id = o.id) as changes
  from orders o where o.request_id = '${scene.tag}'`

const statements: readonly Statement[] = [
  {
    name: 'insert orders',
    service: 'order',
    stored: byTag('orders'),
    call: ({ order }, scene, item) =>
      order.insertOrder({
        userId: idOf(scene, item),
        price: item.amount,
        description: item.flag ? 'one' : 'another',
        idempotencyKey: keyOf(scene, item),
        requestId: scene.tag,
      }),
  },
  {
    name: 'decide orders',
    service: 'order',
    seed: seedOrders('PENDING'),
    stored: byTag('orders'),
    call: ({ order }, scene, item) =>
      order.decideOrder({
        id: idOf(scene, item),
        status: item.flag ? 'APPROVED' : 'REJECTED',
        reason: item.flag ? null : 'insufficient-funds',
        email: item.key === null ? null : 'a@example.com',
        entry,
      }),
  },
  {
    name: 'open changes',
    service: 'order',
    seed: seedOrders('APPROVED'),
    stored: orderTables,
    call: ({ order }, scene, item) => {
      const key = item.flag ? keyOf(scene, item) : null
      // The owner of each order has its id: so an order meets its owner, an operator and a stranger.
      const other = scene.ids[item.amount % scene.ids.length] as string
      return order.openChange({
        orderId: idOf(scene, item),
        kind: item.flag ? 'REPRICE' : 'CANCEL',
        toPrice: item.flag ? item.amount : null,
        actor: item.amount % 3 === 0 ? idOf(scene, item) : other,
        isOperator: item.amount % 3 === 1,
        idempotencyKey: key,
        actingKey: key === null ? null : `${other} ${key}`,
        requestId: scene.tag,
      })
    },
  },
  {
    name: 'decide changes',
    service: 'order',
    seed: seedChanges,
    stored: orderTables,
    call: ({ order }, scene, item) =>
      order.decideChange({
        id: idOf(scene, item),
        status: item.flag ? 'DONE' : 'REFUSED',
        reason: item.flag ? null : 'insufficient-funds',
        entry,
      }),
  },
  {
    name: 'settle what is due',
    service: 'billing',
    seed: (scene) => `insert into deposit_letters (id, user_id, email, amount, due_at)
      select id, id, '${scene.tag}', 1, now() from (values ${known(scene)}) as v(id)`,
    stored: (scene) => `select * from deposit_letters where email = '${scene.tag}'`,
    call: ({ billing }, scene, item) =>
      billing.depositLetters.settle({ id: idOf(scene, item), entry }),
  },
  {
    name: 'postpone what is due',
    service: 'order',
    seed: seedChanges,
    stored: orderTables,
    call: ({ order }, scene, item) =>
      order.dueChanges.postpone({ id: idOf(scene, item), delayMs: 500, entry }),
  },
  {
    name: 'open accounts',
    service: 'billing',
    stored: (scene) => `select * from accounts where email like '${scene.tag}%'`,
    call: ({ billing }, scene, item) =>
      billing.openAccount({ userId: idOf(scene, item), email: `${scene.tag} ${item.amount}` }),
  },
  {
    name: 'apply operations',
    service: 'billing',
    seed: (scene) => `insert into accounts (user_id, email, balance)
      select id, '${scene.tag}', 5 from (values ${known(scene)}) as v(id)`,
    stored: byTag('operations'),
    call: ({ billing }, scene, item) =>
      billing.apply({
        userId: idOf(scene, item),
        kind: item.flag ? 'WITHDRAW' : 'DEPOSIT',
        amount: item.amount,
        // Callers of one account that come together may take effect in any order. Only those with
        // one key wait for each other, so a key whose first use fails would show the order.
        key: item.amount === 0 ? null : keyOf(scene, item),
        reference: null,
        requestId: scene.tag,
      }),
  },
  {
    name: 'insert users',
    service: 'user',
    stored: byTag('users'),
    call: ({ user }, scene, item) =>
      user.insert({
        username: `${scene.tag} ${item.row % 4}`,
        email: item.amount === 0 ? `bad \u0000 address` : `${scene.tag} ${item.amount}`,
        phone: item.flag ? '1' : null,
        firstName: null,
        lastName: null,
        locale: item.flag ? 'ru' : 'en',
        passwordHash: item.flag ? 'hash' : null,
        passwordSalt: item.flag ? 'salt' : null,
        idempotencyKey: keyOf(scene, item),
        requestId: scene.tag,
      }),
  },
  {
    name: 'insert users',
    service: 'user',
    stored: byTag('users'),
    // Another issuer has given them their ids.
    call: ({ user }, scene, item) =>
      user.insert({
        id: idOf(scene, item),
        username: `${scene.tag} ${item.amount}`,
        email: `${scene.tag} ${item.amount}`,
        phone: null,
        firstName: null,
        lastName: null,
        locale: 'en',
        passwordHash: null,
        passwordSalt: null,
        idempotencyKey: keyOf(scene, item),
        requestId: scene.tag,
      }),
  },
  {
    name: 'note logins',
    service: 'user',
    seed: (scene) => `
      insert into users (id, username, email, request_id, account, due_at, password_hash,
        password_salt)
      select id, id::text, id::text, '${scene.tag}', 'PENDING', now(), 'hash', 'salt'
      from (values ${known(scene)}) as v(id)`,
    stored: byTag('users'),
    call: ({ user }, scene, item) => user.noteLogin({ id: idOf(scene, item), entry }),
  },
  {
    name: 'open users',
    service: 'user',
    seed: (scene) => `
      insert into users (id, username, email, request_id, account, due_at)
      select id, id::text, id::text, '${scene.tag}', 'PENDING', now()
      from (values ${known(scene)}) as v(id)`,
    stored: byTag('users'),
    call: ({ user }, scene, item) => user.markOpen({ id: idOf(scene, item), entry }),
  },
  {
    name: 'insert letters',
    service: 'notification',
    stored: (scene) => `select * from letters where email = '${scene.tag}'`,
    call: ({ notification }, scene, item) =>
      notification.insert({
        key: keyOf(scene, item) ?? `${scene.tag} none`,
        userId: idOf(scene, item),
        email: scene.tag,
        kind: item.flag ? 'ORDER_APPROVED' : 'DEPOSIT',
        orderId: null,
        amount: item.amount,
        subject: 'subject',
        body: 'body',
      }),
  },
]

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g
const moment = /"\d{4}-\d\d-\d\d[T ][^"]+"/g

/**
 * Ids that the stores make and times of day differ between two runs. Ids are numbered as they
 * appear, and a time is only compared as present or not.
 */
const createNormalizer = (scene: Scene) => {
  const numbers = new Map<string, string>()
  const nameOf = (id: string) => {
    if (scene.ids.includes(id)) return id
    const name = numbers.get(id) ?? `id-${numbers.size}`
    numbers.set(id, name)
    return name
  }
  return (value: unknown): string =>
    (JSON.stringify(value) ?? 'undefined').replace(uuid, nameOf).replace(moment, '"some time"')
}

/** Leaves out the place that a caller had in its statement: it is no part of the answer. */
const withoutPlace = (result: unknown) => ({
  ...(result as object),
  ord: undefined,
  place: undefined,
})

const outcomeOf = async (call: Promise<unknown>): Promise<unknown> => {
  try {
    return withoutPlace(await call)
  } catch (error) {
    const { name, code, message } = error as Error & { code?: string }
    return { failed: name, code, message }
  }
}

const itemArbitrary: fc.Arbitrary<Item> = fc.record({
  row: fc.nat({ max: 5 }),
  key: fc.option(fc.nat({ max: 4 })),
  // The tables refuse zero. The largest amounts are more than an account holds.
  amount: fc.constantFrom(1, 2, 3, 4, 7, 0),
  flag: fc.boolean(),
})

const tries = 12

describe.each(statements)('callers who share a statement: $name', (statement) => {
  let together: { stores: Stores; database: TestDatabase }
  let oneByOne: { stores: Stores; database: TestDatabase }
  beforeAll(async () => {
    const open = async () => {
      const database = await createTestDatabase(statement.service)
      return { database, stores: createStores(statement.service, database) }
    }
    together = await open()
    oneByOne = await open()
  })

  const play = async (
    { stores, database }: typeof together,
    scene: Scene,
    run: (calls: (() => Promise<unknown>)[]) => Promise<unknown[]>,
  ) => {
    if (statement.seed) await database.admin.unsafe(statement.seed(scene)).simple()
    return async (items: readonly Item[]) => {
      const calls = items.map((item) => () => outcomeOf(statement.call(stores, scene, item)))
      const normalize = createNormalizer(scene)
      const told = (await run(calls)).map(normalize)
      const rows = await database.admin.unsafe(statement.stored(scene))
      return { told, rows: rows.map(normalize).toSorted() }
    }
  }

  it('are told what they would have been told alone, and leave the same rows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(itemArbitrary, { minLength: 2, maxLength: 40 }), async (items) => {
        const ids = Array.from({ length: 5 }, () => randomUUID().replace(/-4/, '-7'))
        const scene = { tag: `try-${randomUUID().slice(0, 8)}`, ids }
        const atOnce = await play(together, scene, (calls) =>
          Promise.all(calls.map((call) => call())),
        )
        const inTurn = await play(oneByOne, scene, async (calls) => {
          const outcomes: unknown[] = []
          for (const call of calls) outcomes.push(await call())
          return outcomes
        })
        expect(await atOnce(items)).toEqual(await inTurn(items))
      }),
      { numRuns: tries },
    )
  })
})
