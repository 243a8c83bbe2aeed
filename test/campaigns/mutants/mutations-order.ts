import type { Mutation } from './mutation.ts'

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

export const orderMutations: readonly Mutation[] = [
  {
    name: 'the key of an order is not unique',
    edits: [
      {
        file: tables,
        search: '\tCONSTRAINT "orders_key" UNIQUE("user_id","idempotency_key"),\n',
        replace: '',
      },
    ],
    tests: [guards, placing],
  },
  {
    name: 'idempotency of orders is global, not per user',
    edits: [
      {
        file: insertOrders,
        search: 'on o.user_id = i."userId" and o.idempotency_key = i."idempotencyKey"',
        replace: 'on o.idempotency_key = i."idempotencyKey"',
      },
      {
        file: tables,
        search: 'CONSTRAINT "orders_key" UNIQUE("user_id","idempotency_key")',
        replace: 'CONSTRAINT "orders_key" UNIQUE("idempotency_key")',
      },
    ],
    tests: [placing],
  },
  {
    name: 'the order is stored after the money moved',
    edits: [
      {
        file: store,
        search: 'insertOrder({ ...order, id: uuidv7(), leaseMs })',
        replace: 'insertOrder({ id: uuidv7(), ...order, leaseMs })',
      },
      {
        file: workflow,
        search: '    advanceOrder: async',
        replace: '    payFirst: payment.pay,\n    newId: uuidv7,\n    advanceOrder: async',
      },
      {
        file: workflow,
        search: "import type { Log } from '../../platform/base/telemetry.ts'",
        replace:
          "import type { Log } from '../../platform/base/telemetry.ts'\nimport { uuidv7 } from '../../platform/base/ids.ts'",
      },
      {
        file: app,
        search: 'const stored = await store.insertOrder(wanted)',
        replace:
          'const early = { ...wanted, id: workflow.newId() }\n    await workflow.payFirst(early as never)\n    const stored = await store.insertOrder(early)',
      },
    ],
    tests: [placing, recovery],
  },
  {
    name: 'a new order has no lease: recovery takes it from its live request',
    edits: [
      {
        file: insertOrders,
        search: `"requestId",
    {{from-now "leaseMs"}}
  from input on conflict do nothing returning *`,
        replace: `"requestId", now() + 0 * "leaseMs" * interval '1 s'
  from input on conflict do nothing returning *`,
      },
    ],
    tests: ['test/guarantees/replicas-do-not-trip.test.ts'],
  },
  {
    name: 'an order is decided whatever it is, and no trigger minds',
    edits: [
      {
        file: decideOrders,
        search: "from input i where o.id = i.id and o.status = 'PENDING' returning o.*",
        replace: 'from input i where o.id = i.id returning o.*',
      },
      {
        file: triggers,
        search: 'CREATE TRIGGER orders_edge BEFORE UPDATE OF status ON orders',
        replace: 'CREATE TRIGGER orders_edge BEFORE UPDATE OF user_id ON orders',
      },
      {
        file: triggers,
        search: 'CREATE TRIGGER orders_answers_are_final BEFORE UPDATE ON orders',
        replace: 'CREATE TRIGGER orders_answers_are_final BEFORE UPDATE OF user_id ON orders',
      },
    ],
    tests: [guards, recovery],
  },
  {
    name: 'an order is decided twice',
    edits: [
      {
        file: decideOrders,
        search: "from input i where o.id = i.id and o.status = 'PENDING' returning o.*",
        replace: 'from input i where o.id = i.id returning o.*',
      },
    ],
    tests: ['src/services/order/late-decisions.test.ts'],
  },
  {
    name: 'a change is decided twice',
    edits: [
      {
        file: decideChanges,
        search: "where c.id = i.id and t.id = c.order_id and c.status = 'PENDING'\n  returning c.*",
        replace: 'where c.id = i.id and t.id = c.order_id\n  returning c.*',
      },
    ],
    tests: ['src/services/order/late-decisions.test.ts', recovery],
  },
  {
    name: 'a time-out of billing is a refusal',
    edits: [
      {
        file: workflow,
        search: 'const money = await saga.moveMoney(row)\n',
        replace:
          "const heard = await saga.moveMoney(row)\n          const refused = { outcome: 'refused', code: 'insufficient-funds', email: null } as const\n          const money = heard.outcome === 'unknown' ? { ...heard, ...refused } : heard\n",
      },
    ],
    tests: [recovery],
  },
  {
    name: 'an answer that nobody knows is a refusal',
    edits: [
      {
        file: billing,
        search: '    default:\n      return undefined',
        replace:
          "    default:\n      return { outcome: 'refused', code: 'insufficient-funds', email: null }",
      },
    ],
    tests: [recovery],
  },
  {
    name: 'a refusal by whoever answers is billing’s',
    edits: [
      {
        file: billing,
        search: '    default:\n      return undefined',
        replace:
          "    default:\n      return code && { outcome: 'refused', code: code as 'balance-limit', email: null }",
      },
    ],
    tests: [recovery],
  },
  {
    name: 'each attempt at a payment has a fresh key',
    edits: [
      {
        file: billing,
        search: 'sendWithdrawal(withdrawal, attempt)',
        replace: 'sendWithdrawal({ ...withdrawal, key: crypto.randomUUID() }, attempt)',
      },
    ],
    tests: [placing, recovery],
  },
  {
    name: 'each attempt at a refund has a fresh key',
    edits: [
      {
        file: billing,
        search: 'send(refund(userId, { withdrawal, amount }), attempt)',
        replace:
          'send(refund(userId, { withdrawal, amount }), { ...attempt, key: crypto.randomUUID() })',
      },
    ],
    tests: [recovery, changes],
  },
  {
    name: 'the payment of every order of a user has the same key',
    edits: [
      {
        file: payment,
        search: 'key: sagaKey(id), requestId, amount: price',
        replace: 'key: sagaKey(userId), requestId, amount: price',
      },
    ],
    tests: [placing],
  },
  {
    name: 'a refund names the change, not the order, as its withdrawal',
    edits: [
      {
        file: payment,
        search: 'withdrawal: payment, amount',
        replace: 'withdrawal: call.key, amount',
      },
    ],
    tests: [changes],
  },
  {
    name: 'a dearer price is not linked to its order',
    edits: [
      {
        file: payment,
        search: ', reference: payment }',
        replace: ' }',
      },
    ],
    tests: [changes],
  },
  {
    name: 'every letter about an order has the same key',
    edits: [
      {
        file: workflow,
        search: 'key: `${row.id}:${about.kind}`',
        replace: 'key: `${about.orderId}`',
      },
    ],
    tests: [changes],
  },
  {
    name: 'a decision does not owe its letter',
    edits: [
      {
        file: decideOrders,
        search: `due_at = case when i.email is not null then {{from-now i."leaseMs"}} end
  from input i where o.id`,
        replace: `due_at = null::timestamptz + i."leaseMs" * interval '1 s'
  from input i where o.id`,
      },
    ],
    tests: [recovery, outages],
  },
  {
    name: 'a finished change does not owe its letter',
    edits: [
      {
        file: decideChanges,
        search: "due_at = case when i.status = 'DONE' and c.email is not null\n",
        replace: "due_at = case when i.status = 'DONE' and false\n",
      },
    ],
    tests: [recovery, outages],
  },
  {
    name: '“due” is cleared before the letter is acknowledged',
    edits: [
      {
        file: workflow,
        search: '          const letter = await saga.sendLetter(row)\n',
        replace:
          "          await saga.rows.settle({ id: row.id, entry: timelineEntry(row, 'letter', { outcome: 'done', ms: 0 }) })\n          const letter = await saga.sendLetter(row)\n",
      },
    ],
    tests: [recovery, outages],
  },
  {
    name: 'the answer is given before the decision is committed',
    edits: [
      {
        file: workflow,
        search:
          '          decided = await saga.decide(row, money, timelineEntry(row, saga.step, money))\n',
        replace: `          void saga.decide(row, money, timelineEntry(row, saga.step, money)).catch(() => {})
          const yes = money.outcome === 'done'
          const status = saga.step === 'withdraw' ? (yes ? 'APPROVED' : 'REJECTED') : yes ? 'DONE' : 'REFUSED'
          const reason = money.outcome === 'refused' ? money.code : null
          const email = money.email
          decided = { ...row, status, decision: status, reason, email, dueAt: email && new Date(), changed: true } as never as Decided<typeof row>
`,
      },
    ],
    tests: [placing, changes, recovery, 'test/guarantees/scenario.test.ts'],
  },
  {
    name: 'answers to repeats show the order of today',
    edits: [
      {
        file: answers,
        search: "toOrder(row, { price: row.price, status: row.decision ?? 'PENDING' })",
        replace: 'toOrder(row, { price: row.presentPrice, status: row.status })',
      },
    ],
    tests: [placing],
  },
  {
    name: 'another payload under an order’s key gets the old order',
    edits: [
      {
        file: app,
        search:
          '    if (stored.price !== price || stored.description !== description) throw keyReused()\n',
        replace: '',
      },
    ],
    tests: [placing],
  },
  {
    name: 'a re-pricing starts from the first price',
    edits: [
      {
        file: openChanges,
        search: 'f.kind, t.present_price, f."toPrice"',
        replace: 'f.kind, t.price, f."toPrice"',
      },
    ],
    tests: [changes],
  },
  {
    name: 'two changes of one order may be open at once',
    edits: [
      {
        file: tables,
        search:
          'CREATE UNIQUE INDEX "order_changes_one_open" ON "order_changes" USING btree ("order_id") WHERE "order_changes"."status" = \'PENDING\'',
        replace:
          'CREATE INDEX "order_changes_one_open" ON "order_changes" USING btree ("order_id")',
      },
    ],
    tests: [guards, changes],
  },
  {
    name: 'a refused change counts as done',
    edits: [
      {
        file: workflow,
        search: "status: verdict.outcome === 'done' ? 'DONE' : 'REFUSED'",
        replace:
          "status: verdict.outcome === 'done' || verdict.outcome === 'refused' ? 'DONE' : 'REFUSED'",
      },
    ],
    tests: [changes],
  },
]
