import type { Mutation } from './mutation.ts'

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

export const billingMutations: readonly Mutation[] = [
  {
    name: 'the key of an operation is not unique',
    edits: [
      {
        file: ledgerTables,
        search: '\tCONSTRAINT "operations_key" UNIQUE("user_id","key"),\n',
        replace: '',
      },
    ],
    tests: [guards],
  },
  {
    name: 'a known key of an operation is not looked for',
    edits: [
      {
        file: statements,
        search: 'on o.user_id = i."userId" and o.key = i.key',
        replace: 'on o.user_id = i."userId" and o.key = i.key and false',
      },
    ],
    tests: [operations],
  },
  {
    name: 'idempotency of operations is global, not per account',
    edits: [
      {
        file: statements,
        search: 'join operations o on o.user_id = i."userId" and o.key = i.key',
        replace: 'join operations o on o.key = i.key',
      },
    ],
    tests: [operations],
  },
  {
    name: 'a refund that comes first leaves no tombstone',
    edits: [
      {
        file: statements,
        search: "where q.kind = 'REFUND' and q.named = 0",
        replace: "where q.kind = 'REFUND' and q.named = 0 and false",
      },
    ],
    tests: [refunds],
  },
  {
    name: 'a refund has no limit',
    edits: [
      {
        file: statements,
        search:
          "      when q.kind = 'REFUND' and q.amount > q.refundable then 'refund-exceeds-withdrawal'\n",
        replace: '',
      },
    ],
    tests: [refunds],
  },
  {
    name: 'a refund forgets the refunds before it',
    edits: [
      {
        file: statements,
        search: 'and (p.key = f.reference or p.reference = f.reference)',
        replace: 'and p.key = f.reference',
      },
    ],
    tests: [refunds],
  },
  {
    name: 'the balance is not checked, nowhere',
    edits: [
      {
        file: statements,
        search: "when q.kind = 'WITHDRAW' and q.amount > w.balance then 'insufficient-funds'",
        replace: "when q.kind = 'WITHDRAW' and false then 'insufficient-funds'",
      },
      {
        file: ledgerTables,
        search: 'CHECK ("accounts"."balance" between 0 and 9007199254740991)',
        replace: 'CHECK ("accounts"."balance" is not null)',
      },
      {
        file: ledgerTables,
        search: '("operations"."seq" is not null and "operations"."balance_after" >= 0)',
        replace: '("operations"."seq" is not null)',
      },
    ],
    tests: [operations],
  },
  {
    name: 'the last kopeck cannot be spent',
    edits: [
      {
        file: statements,
        search: "when q.kind = 'WITHDRAW' and q.amount > w.balance",
        replace: "when q.kind = 'WITHDRAW' and q.amount >= w.balance",
      },
    ],
    tests: [operations],
  },
  {
    name: 'an account that changed meanwhile is written over',
    edits: [
      { file: statements, search: ' and l.version = s.version', replace: '' },
      {
        file: ledgerTables,
        search: '\tCONSTRAINT "operations_seq" UNIQUE("user_id","seq"),\n',
        replace: '',
      },
    ],
    tests: [races, model],
  },
  {
    name: 'the place in the account is not advanced',
    edits: [
      {
        file: statements,
        search: 'version = a.version + l.turn',
        replace: 'version = a.version',
      },
    ],
    tests: [operations],
  },
  {
    name: 'neighbours in one statement do not see each other’s money',
    edits: [
      {
        file: statements,
        search: 'select w.user_id, q.turn, w.balance + e.effect, q.ord',
        replace: 'select w.user_id, q.turn, q.base + e.effect, q.ord',
      },
      {
        file: statements,
        search: 'select f.*, o.email, o.version, o.created_at,',
        replace: 'select f.*, o.balance as base, o.email, o.version, o.created_at,',
      },
    ],
    tests: [races, model],
  },
  {
    name: 'a refused operation is not stored',
    edits: [
      {
        file: statements,
        search: 'from walk w join queue q on q.ord = w.ord\n  returning *',
        replace: 'from walk w join queue q on q.ord = w.ord where w.reason is null\n  returning *',
      },
    ],
    tests: [operations],
  },
  {
    name: 'a refusal is thought over again when its request is repeated',
    edits: [
      {
        file: statements,
        search: 'on o.user_id = i."userId" and o.key = i.key\n),',
        replace: 'on o.user_id = i."userId" and o.key = i.key and o.status = \'DONE\'\n),',
      },
      {
        file: ledgerTables,
        search: '\tCONSTRAINT "operations_key" UNIQUE("user_id","key"),\n',
        replace: '',
      },
    ],
    tests: [operations],
  },
  {
    name: 'another payload under a used key gets the old answer',
    edits: [
      {
        file: app,
        search: 'return applied.amount === wanted.amount && applied.reference === wanted.reference',
        replace: 'return true',
      },
    ],
    tests: [operations],
  },
  {
    name: 'a replayed withdrawal shows the balance of today',
    edits: [
      {
        file: statements,
        search:
          'select i.ord, true as replayed, {{columns o}}, a.email, a.created_at as account_created_at',
        replace:
          'select i.ord, true as replayed, o.id, o.user_id, o.seq, o.key, o.kind, o.amount, o.effect, o.status, o.reason, o.reference, a.balance as balance_after, o.request_id, o.created_at, a.email, a.created_at as account_created_at',
      },
    ],
    tests: [operations],
  },
  {
    name: 'a deposit does not owe its letter',
    edits: [
      {
        file: statements,
        search: "where e.kind = 'DEPOSIT' and e.status = 'DONE'",
        replace: "where e.kind = 'DEPOSIT' and e.status = 'DONE' and false",
      },
    ],
    tests: ['src/services/billing/deposit-letters.test.ts', outages],
  },
  {
    name: 'the deposit’s letter has a fresh key at each attempt',
    edits: [
      {
        file: letters,
        search: 'key: `${id}:DEPOSIT`,',
        replace: 'key: `${id}:DEPOSIT:${Math.random()}`,',
      },
    ],
    tests: ['src/services/billing/deposit-letters.test.ts', outages],
  },
  {
    name: 'the deposit’s letter is settled before it is acknowledged',
    edits: [
      {
        file: letters,
        search: '    const letter = await notification.sendLetter({\n',
        replace:
          "    await store.depositLetters.settle({ id, entry: timelineEntry(owed, 'letter', { outcome: 'done', ms: 0 }) })\n    const letter = await notification.sendLetter({\n",
      },
    ],
    tests: ['src/services/billing/deposit-letters.test.ts', outages],
  },
]
