import { bug } from './mutation.ts'

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

export const sagaMutations = [
  bug(
    'an account that is owed yet is a refusal for ever',
    [owed],
    [
      'src/clients/billing.ts',
      "      return { outcome: 'refused', code }\n",
      "      return { outcome: 'refused', code: 'user-not-found', email: null } as never\n",
    ],
  ),
  bug(
    'billing remembers for ever that the saga found no account',
    [together, owed],
    ['src/services/billing/app.ts', 'accountMayCome = !final', 'accountMayCome = false'],
  ),
  bug(
    'an order of somebody without an account is refused',
    [owed],
    [workflow, "if (asked.outcome !== 'refused') {", "if (asked.outcome === 'unknown') {"],
  ),
  bug(
    'a user service that does not answer knows nobody',
    [owed],
    [workflow, "if (asked.outcome !== 'refused') {", "if (asked.outcome === 'done') {"],
  ),
  bug(
    'any 404 says that there is no such user',
    [owed],
    [
      'src/clients/user.ts',
      "if (code === 'user-not-found') return { outcome: 'refused', code } as const\n  const shown: Partial<UserAccount>",
      "if (answer.status === 404) return { outcome: 'refused', code: 'user-not-found' } as const\n  const shown: Partial<UserAccount>",
    ],
  ),
  bug(
    'an order of nobody is kept although it has no key',
    [nobody],
    [workflow, 'if (isForgettable(order, verdict)) return forget(order)\n', ''],
  ),
  bug(
    'a client is told where to find an order that is forgotten',
    ['test/guarantees/lost-answers.test.ts'],
    [workflow, 'if (!isFromDatabase(error)) throw error', 'throw error'],
  ),
  bug(
    'an order of nobody is forgotten although a 202 told of it',
    [nobody],
    [workflow, ' && order.attempts === 0', ''],
  ),
  bug(
    'an order of nobody is forgotten although it has a key, and no trigger minds',
    [nobody],
    [workflow, ' && order.idempotencyKey === null', ''],
    [
      forgetOrders,
      "and o.status = 'PENDING' and o.idempotency_key is null returning o.id",
      "and o.status = 'PENDING' returning o.id",
    ],
    [forgetTrigger, ' OR OLD.idempotency_key IS NOT NULL', ''],
  ),
  bug(
    'the database lets an order go that has a key',
    [forgetting],
    [forgetTrigger, ' OR OLD.idempotency_key IS NOT NULL', ''],
  ),
  bug(
    'an order is forgotten whatever was decided, and no trigger minds',
    [forgetting],
    [
      forgetOrders,
      "where o.id = i.id and o.status = 'PENDING' and o.idempotency_key is null",
      'where o.id = i.id and o.idempotency_key is null',
    ],
    [forgetTrigger, "OLD.status <> 'PENDING' OR ", ''],
  ),
  bug(
    'whoever decides an order that was forgotten never hears of it',
    [forgetting],
    [
      decideOrders,
      'select i.ord, false as changed, {{columns o}} from input i left join orders o on o.id = i.id\nwhere (',
      'select i.ord, false as changed, {{columns o}} from input i join orders o on o.id = i.id\nwhere (',
    ],
  ),
  bug(
    'a price that stays as it is has a letter',
    [changes],
    [
      'src/services/order/sql/decide-changes.sql',
      '\n      and c.to_price is distinct from c.from_price then',
      ' then',
    ],
  ),
  bug(
    'billing is asked to move nothing',
    [changes],
    [workflow, "return isSamePrice(row) ? 'nothing-to-move' : 'money'", "return 'money'"],
  ),
  bug(
    'changes that do not fit into one answer are hidden',
    [changes],
    ['src/services/order/answers.ts', 'nextChanges: next,', 'nextChanges: null,'],
  ),
  bug(
    'a refusal for want of an account is kept although it has no key',
    [operations],
    [
      ledger,
      'f.key is not null and not f."accountMayCome" as is_kept',
      'not f."accountMayCome" as is_kept',
    ],
  ),
  bug(
    'a re-pricing says that it belongs to itself, not to its order',
    [together],
    [
      'src/services/billing/answers.ts',
      "idOfSagaKey(reference ?? key ?? '')",
      "idOfSagaKey(key ?? '')",
    ],
  ),
  bug(
    'a reason that is in no list is told as a lack of money',
    [lists],
    [
      'src/services/order/answers.ts',
      'const known = listed(refusalReasons, reason, `the reason of a refusal of order ${order.id}`)',
      "const known = refusalReasons.find((each) => each === reason) ?? 'insufficient-funds'",
    ],
    [
      'src/services/order/answers.ts',
      "import { listed } from '../../platform/base/states.ts'\n",
      '',
    ],
  ),
  bug(
    'an operation whose account is missing shows one without an address',
    [lists],
    [
      'src/services/billing/answers.ts',
      'email === null || balance === null || createdAt === null',
      'balance === null || createdAt === undefined',
    ],
    [
      'src/services/billing/answers.ts',
      'toAccount({ userId, email, balance, createdAt })',
      "toAccount({ userId, email: email ?? '', balance, createdAt: createdAt ?? applied.createdAt })",
    ],
  ),
  bug(
    'the database of billing holds reasons that no list has',
    [lists],
    [
      'src/services/billing/migrations/0005_known_values.sql',
      "'withdrawal-refunded', 'nothing-withdrawn')",
      "'withdrawal-refunded', 'nothing-withdrawn', 'moon-phase')",
    ],
  ),
]
