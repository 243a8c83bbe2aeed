import { bug } from './mutation.ts'

const audit = 'src/audit/audit.ts'
const digests = 'src/audit/digests.ts'
const databases = 'src/audit/databases.ts'
const payments = 'src/audit/sql/confirm-payments.sql'
const accounts = 'src/audit/sql/accounts-add-up.sql'
const offers = 'src/audit/sql/offers-fit.sql'
const commandLine = 'src/command-line.ts'

const booksTest = 'test/guarantees/books.test.ts'

export const booksMutations = [
  bug(
    'the audit excuses an account that is wrong because somebody works on it',
    [booksTest],
    ['src/audit/audit.ts', 'return check.steps.length === 1', 'return check.steps.length === 0'],
  ),
  bug(
    'a look at a part of the books ends the alarm about the whole',
    ['src/services/billing/books.test.ts'],
    [
      'src/services/billing/store-books.ts',
      'or(isNull(booksVerdicts.since), gt(booksVerdicts.violations, 0)),',
      'or(isNull(booksVerdicts.id), gt(booksVerdicts.violations, -1)),',
    ],
  ),
  bug(
    'the audit looks at nobody row by row',
    [booksTest],
    [digests, 'filter(([, sum]) => sum !== 0n)', 'filter(() => false)'],
  ),
  bug(
    'the audit does not mind what an order has taken',
    [booksTest],
    [payments, ' or t.taken <> e.taken', ''],
  ),
  bug(
    'the audit believes each operation its balance',
    [booksTest],
    [accounts, ' or e.balance_after is distinct from e.expected', ''],
  ),
  bug(
    'the audit lets several bookings have an offer',
    [booksTest],
    [offers, "when h.count > 1 then 'several bookings have it'\n    ", ''],
  ),
  bug(
    'the audit tells addresses',
    [booksTest],
    [
      audit,
      'return { invariant: name, problem, row }',
      'return { invariant: name, problem, row: { ...row, told: _ } }',
    ],
  ),
  bug(
    'the audit ends well when the books are wrong',
    [booksTest],
    [commandLine, 'if (!isFine) process.exitCode = 1', 'void isFine'],
  ),
  bug(
    'the audit may write',
    [booksTest],
    [databases, 'default_transaction_read_only: true', 'default_transaction_read_only: false'],
  ),
]
