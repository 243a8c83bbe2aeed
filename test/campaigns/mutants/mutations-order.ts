import { bug } from './mutation.ts'

const insertOrders = 'src/services/order/sql/insert-orders.sql'
const decideOrders = 'src/services/order/sql/decide-orders.sql'
const decideChanges = 'src/services/order/sql/decide-changes.sql'
const openChanges = 'src/services/order/sql/open-changes.sql'
const tables = 'src/services/order/migrations/0000_orders.sql'
const triggers = 'src/services/order/migrations/0001_guards.sql'
const workflow = 'src/services/order/workflow.ts'
const payment = 'src/services/order/payment.ts'
const billing = 'src/clients/billing.ts'
const answers = 'src/services/order/answers.ts'
const app = 'src/services/order/app.ts'
const store = 'src/services/order/store.ts'

const placing = 'src/services/order/placing.test.ts'
const changes = 'src/services/order/changes.test.ts'
const recovery = 'src/services/order/recovery.test.ts'
const guards = 'src/services/order/guards.test.ts'
const outages = 'test/guarantees/no-outage-loses-an-order.test.ts'

export const orderMutations = [
  bug(
    'the key of an order is not unique',
    [guards, placing],
    [tables, '\tCONSTRAINT "orders_key" UNIQUE("user_id","idempotency_key"),\n', ''],
  ),
  bug(
    'idempotency of orders is global, not per user',
    [placing],
    [
      insertOrders,
      'on o.user_id = i."userId" and o.idempotency_key = i."idempotencyKey"',
      'on o.idempotency_key = i."idempotencyKey"',
    ],
    [
      tables,
      'CONSTRAINT "orders_key" UNIQUE("user_id","idempotency_key")',
      'CONSTRAINT "orders_key" UNIQUE("idempotency_key")',
    ],
  ),
  bug(
    'the order is stored after the money moved',
    [placing, recovery],
    [
      store,
      'insertOrder({ ...order, id: uuidv7(), leaseMs, trace: traceOfRow() })',
      'insertOrder({ id: uuidv7(), ...order, leaseMs, trace: traceOfRow() })',
    ],
    [
      workflow,
      '    advanceOrder: async',
      '    payFirst: payment.pay,\n    newId: uuidv7,\n    advanceOrder: async',
    ],
    [
      workflow,
      "import type { Log } from '../../platform/base/telemetry.ts'",
      "import type { Log } from '../../platform/base/telemetry.ts'\nimport { uuidv7 } from '../../platform/base/ids.ts'",
    ],
    [
      app,
      'const stored = await store.insertOrder(wanted)',
      'const early = { ...wanted, id: workflow.newId() }\n    await workflow.payFirst(early as never)\n    const stored = await store.insertOrder(early)',
    ],
  ),
  bug(
    'a new order has no lease: recovery takes it from its live request',
    ['test/guarantees/replicas-do-not-trip.test.ts'],
    [
      insertOrders,
      `"requestId",
    trace, {{from-now "leaseMs"}}
  from input on conflict do nothing returning *`,
      `"requestId", trace, now() + 0 * "leaseMs" * interval '1 s'
  from input on conflict do nothing returning *`,
    ],
  ),
  bug(
    'an order is decided whatever it is, and no trigger minds',
    [guards, recovery],
    [
      decideOrders,
      "from input i where o.id = i.id and o.status = 'PENDING' returning o.*",
      'from input i where o.id = i.id returning o.*',
    ],
    [
      triggers,
      'CREATE TRIGGER orders_edge BEFORE UPDATE OF status ON orders',
      'CREATE TRIGGER orders_edge BEFORE UPDATE OF user_id ON orders',
    ],
    [
      triggers,
      'CREATE TRIGGER orders_answers_are_final BEFORE UPDATE ON orders',
      'CREATE TRIGGER orders_answers_are_final BEFORE UPDATE OF user_id ON orders',
    ],
  ),
  bug(
    'an order is decided twice',
    ['src/services/order/late-decisions.test.ts'],
    [
      decideOrders,
      "from input i where o.id = i.id and o.status = 'PENDING' returning o.*",
      'from input i where o.id = i.id returning o.*',
    ],
  ),
  bug(
    'a change is decided twice',
    ['src/services/order/late-decisions.test.ts', recovery],
    [
      decideChanges,
      "where c.id = i.id and t.id = c.order_id and c.status = 'PENDING'\n  returning c.*",
      'where c.id = i.id and t.id = c.order_id\n  returning c.*',
    ],
  ),
  bug(
    'a time-out of billing is a refusal',
    [recovery],
    [
      workflow,
      'const money = await traces.step(row, saga.step, () => saga.moveMoney(row))\n',
      "const heard = await saga.moveMoney(row)\n          const refused = { outcome: 'refused', code: 'insufficient-funds', email: null } as const\n          const money = heard.outcome === 'unknown' ? { ...heard, ...refused } : heard\n",
    ],
  ),
  bug(
    'an answer that nobody knows is a refusal',
    [recovery],
    [
      billing,
      '    default:\n      return undefined',
      "    default:\n      return { outcome: 'refused', code: 'insufficient-funds', email: null }",
    ],
  ),
  bug(
    'a refusal by whoever answers is billing’s',
    [recovery],
    [
      billing,
      '    default:\n      return undefined',
      "    default:\n      return code && { outcome: 'refused', code: code as 'balance-limit', email: null }",
    ],
  ),
  bug(
    'each attempt at a payment has a fresh key',
    [placing, recovery],
    [
      billing,
      'sendWithdrawal(withdrawal, attempt)',
      'sendWithdrawal({ ...withdrawal, key: crypto.randomUUID() }, attempt)',
    ],
  ),
  bug(
    'each attempt at a refund has a fresh key',
    [recovery, changes],
    [
      billing,
      'send(refund(userId, { withdrawal, amount }), attempt)',
      'send(refund(userId, { withdrawal, amount }), { ...attempt, key: crypto.randomUUID() })',
    ],
  ),
  bug(
    'the payment of every order of a user has the same key',
    [placing],
    [
      payment,
      'key: sagaKey(id), requestId, amount: price',
      'key: sagaKey(userId), requestId, amount: price',
    ],
  ),
  bug(
    'a refund names the change, not the order, as its withdrawal',
    [changes],
    [payment, 'withdrawal: payment, amount', 'withdrawal: call.key, amount'],
  ),
  bug(
    'a dearer price is not linked to its order',
    [changes],
    [payment, ', reference: payment }', ' }'],
  ),
  bug(
    'every letter about an order has the same key',
    [changes],
    [workflow, 'key: `${row.id}:${about.kind}`', 'key: `${about.orderId}`'],
  ),
  bug(
    'a decision does not owe its letter',
    [recovery, outages],
    [
      decideOrders,
      `due_at = case when i.email is not null then {{from-now i."leaseMs"}} end
  from input i where o.id`,
      `due_at = null::timestamptz + i."leaseMs" * interval '1 s'
  from input i where o.id`,
    ],
  ),
  bug(
    'a finished change does not owe its letter',
    [recovery, outages],
    [
      decideChanges,
      "due_at = case when i.status = 'DONE' and c.email is not null\n",
      "due_at = case when i.status = 'DONE' and false\n",
    ],
  ),
  bug(
    '“due” is cleared before the letter is acknowledged',
    [recovery, outages],
    [
      workflow,
      '    const letter = await traces.step(row, step, () => sendLetter(row))\n',
      "    await rows.settle({ id: row.id, entry: timelineEntry(row, step, { outcome: 'done', ms: 0 }) })\n    const letter = await sendLetter(row)\n",
    ],
  ),
  bug(
    'the answer is given before the decision is committed',
    [placing, changes, recovery, 'test/guarantees/scenario.test.ts'],
    [
      workflow,
      '          decided = await saga.decide(row, money, timelineEntry(row, saga.step, money))\n',
      `          void saga.decide(row, money, timelineEntry(row, saga.step, money)).catch(() => {})
          const yes = money.outcome === 'done'
          const status = saga.step === 'withdraw' ? (yes ? 'APPROVED' : 'REJECTED') : yes ? 'DONE' : 'REFUSED'
          const reason = money.outcome === 'refused' ? money.code : null
          const email = money.email
          decided = { ...row, status, decision: status, reason, email, dueAt: email && new Date(), changed: true } as never as Decided<typeof row>
`,
    ],
  ),
  bug(
    'answers to repeats show the order of today',
    [placing],
    [
      answers,
      "toOrder(row, { price: row.price, status: row.decision ?? 'PENDING' })",
      'toOrder(row, { price: row.presentPrice, status: row.status })',
    ],
  ),
  bug(
    'another payload under an order’s key gets the old order',
    [placing],
    [
      app,
      '    if (stored.price !== price || stored.description !== description) throw keyReused()\n',
      '',
    ],
  ),
  bug(
    'a re-pricing starts from the first price',
    [changes],
    [openChanges, 'f.kind, t.present_price, f."toPrice"', 'f.kind, t.price, f."toPrice"'],
  ),
  bug(
    'two changes of one order may be open at once',
    [guards, changes],
    [
      tables,
      'CREATE UNIQUE INDEX "order_changes_one_open" ON "order_changes" USING btree ("order_id") WHERE "order_changes"."status" = \'PENDING\'',
      'CREATE INDEX "order_changes_one_open" ON "order_changes" USING btree ("order_id")',
    ],
  ),
  bug(
    'a refused change counts as done',
    [changes],
    [
      workflow,
      "status: verdict.outcome === 'done' ? 'DONE' : 'REFUSED'",
      "status: verdict.outcome === 'done' || verdict.outcome === 'refused' ? 'DONE' : 'REFUSED'",
    ],
  ),
]
