import type { Mutation } from './mutation.ts'

/** Bugs in how refusals are stored: which of them are final, and who is told of them. */
const workflow = 'src/services/order/workflow.ts'
const decideOrders = 'src/services/order/sql/decide-orders.sql'
const forgetOrders = 'src/services/order/sql/forget-orders.sql'
const forgetTrigger = 'src/services/order/migrations/0003_forget_nobody.sql'
const ledger = 'src/services/billing/sql/apply-operations.sql'

const owed = 'src/services/order/owed-accounts.test.ts'
const nobody = 'src/services/order/nobody.test.ts'
const forgetting = 'src/services/order/forgetting.test.ts'
const changes = 'src/services/order/changes.test.ts'
const operations = 'src/services/billing/operations.test.ts'
const together = 'src/services/billing/shared-withdrawals.test.ts'
const lists = 'test/guarantees/listed-values.test.ts'

export const sagaMutations: readonly Mutation[] = [
  {
    name: 'an account that is owed yet is a refusal for ever',
    edits: [
      {
        file: 'src/clients/billing.ts',
        search: "      return { outcome: 'refused', code }\n",
        replace:
          "      return { outcome: 'refused', code: 'user-not-found', email: null } as never\n",
      },
    ],
    tests: [owed],
  },
  {
    name: 'billing remembers for ever that the saga found no account',
    edits: [
      {
        file: 'src/services/billing/app.ts',
        search: 'accountMayCome: true',
        replace: 'accountMayCome: false',
      },
    ],
    tests: [together, owed],
  },
  {
    name: 'an order of somebody without an account is refused',
    edits: [
      {
        file: workflow,
        search: "if (asked.outcome !== 'refused') {",
        replace: "if (asked.outcome === 'unknown') {",
      },
    ],
    tests: [owed],
  },
  {
    name: 'a user service that does not answer knows nobody',
    edits: [
      {
        file: workflow,
        search: "if (asked.outcome !== 'refused') {",
        replace: "if (asked.outcome === 'done') {",
      },
    ],
    tests: [owed],
  },
  {
    name: 'any 404 says that there is no such user',
    edits: [
      {
        file: 'src/clients/user.ts',
        search: "if (code === 'user-not-found') return",
        replace: 'if (answer.status === 404) return',
      },
    ],
    tests: [owed],
  },
  {
    name: 'an order of nobody is kept although it has no key',
    edits: [
      {
        file: workflow,
        search: 'if (isForgettable(order, verdict)) return forget(order)\n',
        replace: '',
      },
    ],
    tests: [nobody],
  },
  {
    name: 'a client is told where to find an order that is forgotten',
    edits: [
      { file: workflow, search: 'if (!isFromDatabase(error)) throw error', replace: 'throw error' },
    ],
    tests: ['test/guarantees/lost-answers.test.ts'],
  },
  {
    name: 'an order of nobody is forgotten although a 202 told of it',
    edits: [{ file: workflow, search: ' && order.attempts === 0', replace: '' }],
    tests: [nobody],
  },
  {
    name: 'an order of nobody is forgotten although it has a key, and no trigger minds',
    edits: [
      { file: workflow, search: ' && order.idempotencyKey === null', replace: '' },
      {
        file: forgetOrders,
        search: "and o.status = 'PENDING' and o.idempotency_key is null returning o.id",
        replace: "and o.status = 'PENDING' returning o.id",
      },
      { file: forgetTrigger, search: ' OR OLD.idempotency_key IS NOT NULL', replace: '' },
    ],
    tests: [nobody],
  },
  {
    name: 'the database lets an order go that has a key',
    edits: [{ file: forgetTrigger, search: ' OR OLD.idempotency_key IS NOT NULL', replace: '' }],
    tests: [forgetting],
  },
  {
    name: 'an order is forgotten whatever was decided, and no trigger minds',
    edits: [
      {
        file: forgetOrders,
        search: "where o.id = i.id and o.status = 'PENDING' and o.idempotency_key is null",
        replace: 'where o.id = i.id and o.idempotency_key is null',
      },
      { file: forgetTrigger, search: "OLD.status <> 'PENDING' OR ", replace: '' },
    ],
    tests: [forgetting],
  },
  {
    name: 'whoever decides an order that was forgotten never hears of it',
    edits: [
      {
        file: decideOrders,
        search:
          'select i.ord, false as changed, {{columns o}} from input i left join orders o on o.id = i.id\nwhere (',
        replace:
          'select i.ord, false as changed, {{columns o}} from input i join orders o on o.id = i.id\nwhere (',
      },
    ],
    tests: [forgetting],
  },
  {
    name: 'a price that stays as it is has a letter',
    edits: [
      {
        file: 'src/services/order/sql/decide-changes.sql',
        search: '\n      and c.to_price is distinct from c.from_price then',
        replace: ' then',
      },
    ],
    tests: [changes],
  },
  {
    name: 'billing is asked to move nothing',
    edits: [
      {
        file: workflow,
        search: "return isSamePrice(row) ? 'nothing-to-move' : 'money'",
        replace: "return 'money'",
      },
    ],
    tests: [changes],
  },
  {
    name: 'changes that do not fit into one answer are hidden',
    edits: [
      {
        file: 'src/services/order/answers.ts',
        search: 'nextChanges: next,',
        replace: 'nextChanges: null,',
      },
    ],
    tests: [changes],
  },
  {
    name: 'a refusal for want of an account is kept although it has no key',
    edits: [
      {
        file: ledger,
        search: 'f.key is not null and not f."accountMayCome" as is_kept',
        replace: 'not f."accountMayCome" as is_kept',
      },
    ],
    tests: [operations],
  },
  {
    name: 'a re-pricing says that it belongs to itself, not to its order',
    edits: [
      {
        file: 'src/services/billing/answers.ts',
        search: "idOfSagaKey(reference ?? key ?? '')",
        replace: "idOfSagaKey(key ?? '')",
      },
    ],
    tests: [together],
  },
  {
    name: 'a reason that is in no list is told as a lack of money',
    edits: [
      {
        file: 'src/services/order/answers.ts',
        search:
          'const known = listed(refusalReasons, reason, `the reason of a refusal of order ${order.id}`)',
        replace:
          "const known = refusalReasons.find((each) => each === reason) ?? 'insufficient-funds'",
      },
      {
        file: 'src/services/order/answers.ts',
        search: "import { listed } from '../../platform/base/states.ts'\n",
        replace: '',
      },
    ],
    tests: [lists],
  },
  {
    name: 'an operation whose account is missing shows one without an address',
    edits: [
      {
        file: 'src/services/billing/answers.ts',
        search: 'email === null || balance === null || createdAt === null',
        replace: 'balance === null || createdAt === undefined',
      },
      {
        file: 'src/services/billing/answers.ts',
        search: 'toAccount({ userId, email, balance, createdAt })',
        replace:
          "toAccount({ userId, email: email ?? '', balance, createdAt: createdAt ?? applied.createdAt })",
      },
    ],
    tests: [lists],
  },
  {
    name: 'the database of billing holds reasons that no list has',
    edits: [
      {
        file: 'src/services/billing/migrations/0005_known_values.sql',
        search: "'withdrawal-refunded', 'nothing-withdrawn')",
        replace: "'withdrawal-refunded', 'nothing-withdrawn', 'moon-phase')",
      },
    ],
    tests: [lists],
  },
]
