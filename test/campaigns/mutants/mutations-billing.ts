import { bug } from './mutation.ts'

const statements = 'src/services/billing/sql/apply-operations.sql'
const ledgerTables = 'src/services/billing/migrations/0000_ledger.sql'
const app = 'src/services/billing/answers.ts'
const letters = 'src/services/billing/deposit-letters.ts'

const operations = 'src/services/billing/operations.test.ts'
const races = 'src/services/billing/races.test.ts'
const refunds = 'src/services/billing/refunds.test.ts'
const guards = 'src/services/billing/guards.test.ts'
const model = 'src/services/billing/ledger-model.test.ts'
const outages = 'test/guarantees/no-outage-loses-an-order.test.ts'

export const billingMutations = [
  bug(
    'the key of an operation is not unique',
    [guards],
    [ledgerTables, '\tCONSTRAINT "operations_key" UNIQUE("user_id","key"),\n', ''],
  ),
  bug(
    'a known key of an operation is not looked for',
    [operations],
    [
      statements,
      'on o.user_id = i."userId" and o.key = i.key',
      'on o.user_id = i."userId" and o.key = i.key and false',
    ],
  ),
  bug(
    'idempotency of operations is global, not per account',
    [operations],
    [
      statements,
      'join operations o on o.user_id = i."userId" and o.key = i.key',
      'join operations o on o.key = i.key',
    ],
  ),
  bug(
    'a refund that comes first leaves no tombstone',
    [refunds],
    [
      statements,
      "where q.kind = 'REFUND' and q.named = 0",
      "where q.kind = 'REFUND' and q.named = 0 and false",
    ],
  ),
  bug(
    'a refund has no limit',
    [refunds],
    [
      statements,
      "      when q.kind = 'REFUND' and q.amount > q.refundable then 'refund-exceeds-withdrawal'\n",
      '',
    ],
  ),
  bug(
    'a refund forgets the refunds before it',
    [refunds],
    [
      statements,
      'and (p.key = f.reference or p.reference = f.reference)',
      'and p.key = f.reference',
    ],
  ),
  bug(
    'the balance is not checked, nowhere',
    [operations],
    [
      statements,
      "when q.kind = 'WITHDRAW' and q.amount > w.balance then 'insufficient-funds'",
      "when q.kind = 'WITHDRAW' and false then 'insufficient-funds'",
    ],
    [
      ledgerTables,
      'CHECK ("accounts"."balance" between 0 and 9007199254740991)',
      'CHECK ("accounts"."balance" is not null)',
    ],
    [
      ledgerTables,
      '("operations"."seq" is not null and "operations"."balance_after" >= 0)',
      '("operations"."seq" is not null)',
    ],
  ),
  bug(
    'the last kopeck cannot be spent',
    [operations],
    [
      statements,
      "when q.kind = 'WITHDRAW' and q.amount > w.balance",
      "when q.kind = 'WITHDRAW' and q.amount >= w.balance",
    ],
  ),
  bug(
    'an account that changed meanwhile is written over',
    [races, model],
    [statements, ' and l.version = s.version', ''],
    [ledgerTables, '\tCONSTRAINT "operations_seq" UNIQUE("user_id","seq"),\n', ''],
  ),
  bug(
    'the place in the account is not advanced',
    [operations],
    [statements, 'version = a.version + l.turn', 'version = a.version'],
  ),
  bug(
    'neighbours in one statement do not see each other’s money',
    [races, model],
    [
      statements,
      'select w.user_id, q.turn, w.balance + e.effect, q.ord',
      'select w.user_id, q.turn, q.base + e.effect, q.ord',
    ],
    [
      statements,
      'select f.*, o.email, o.version, o.created_at,',
      'select f.*, o.balance as base, o.email, o.version, o.created_at,',
    ],
  ),
  bug(
    'a refused operation is not stored',
    [operations],
    [
      statements,
      'from walk w join queue q on q.ord = w.ord\n  returning *',
      'from walk w join queue q on q.ord = w.ord where w.reason is null\n  returning *',
    ],
  ),
  bug(
    'a refusal is thought over again when its request is repeated',
    [operations],
    [
      statements,
      'on o.user_id = i."userId" and o.key = i.key\n),',
      'on o.user_id = i."userId" and o.key = i.key and o.status = \'DONE\'\n),',
    ],
    [ledgerTables, '\tCONSTRAINT "operations_key" UNIQUE("user_id","key"),\n', ''],
  ),
  bug(
    'another payload under a used key gets the old answer',
    [operations],
    [
      app,
      'return applied.amount === wanted.amount && applied.reference === wanted.reference',
      'return true',
    ],
  ),
  bug(
    'a replayed withdrawal shows the balance of today',
    [operations],
    [
      statements,
      'select i.ord, true as replayed, {{columns o}}, a.email, a.created_at as account_created_at',
      'select i.ord, true as replayed, o.id, o.user_id, o.seq, o.key, o.kind, o.amount, o.effect, o.status, o.reason, o.reference, a.balance as balance_after, o.request_id, o.created_at, a.email, a.created_at as account_created_at',
    ],
  ),
  bug(
    'a deposit does not owe its letter',
    ['src/services/billing/deposit-letters.test.ts', outages],
    [
      statements,
      "where e.kind = 'DEPOSIT' and e.status = 'DONE'",
      "where e.kind = 'DEPOSIT' and e.status = 'DONE' and false",
    ],
  ),
  bug(
    'the deposit’s letter has a fresh key at each attempt',
    ['src/services/billing/deposit-letters.test.ts', outages],
    [letters, 'key: `${id}:DEPOSIT`,', 'key: `${id}:DEPOSIT:${Math.random()}`,'],
  ),
  bug(
    'the deposit’s letter is settled before it is acknowledged',
    ['src/services/billing/deposit-letters.test.ts', outages],
    [
      letters,
      '    const letter = await traces.step(owed',
      "    await store.depositLetters.settle({ id, entry: timelineEntry(owed, 'letter', { outcome: 'done', ms: 0 }) })\n    const letter = await traces.step(owed",
    ],
  ),
]
