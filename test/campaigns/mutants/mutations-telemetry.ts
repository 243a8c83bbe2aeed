import type { Mutation } from './mutation.ts'

const recovery = 'src/platform/saga/recovery.ts'
const redaction = 'src/platform/base/redaction.ts'
const orderWorkflow = 'src/services/order/workflow.ts'
const depositLetters = 'src/services/billing/deposit-letters.ts'

const recoveryTest = 'src/platform/saga/recovery.test.ts'
const redactionTest = 'src/platform/base/redaction.test.ts'

export const telemetryMutations: readonly Mutation[] = [
  {
    name: 'recovery counts every row that it took up as finished',
    edits: [
      { file: recovery, search: 'counters[outcome].inc()', replace: 'counters.finished.inc()' },
    ],
    tests: [recoveryTest],
  },
  {
    name: "recovery's counters appear with their first event",
    edits: [{ file: recovery, search: 'counter.inc(0)', replace: 'counter.labels()' }],
    tests: [recoveryTest],
  },
  {
    name: 'an order without an answer is counted as finished',
    edits: [
      {
        file: orderWorkflow,
        search:
          "await postpone(saga.rows, row, saga.step, money)\n            return { row, outcome: 'postponed' }",
        replace:
          "await postpone(saga.rows, row, saga.step, money)\n            return { row, outcome: 'finished' }",
      },
    ],
    tests: ['src/services/order/recovery.test.ts'],
  },
  {
    name: "a deposit's letter without an answer is counted as finished",
    edits: [{ file: depositLetters, search: "return 'postponed'", replace: "return 'finished'" }],
    tests: ['src/services/billing/deposit-letters.test.ts'],
  },
  {
    name: 'fields with personal data are written to the log',
    edits: [
      {
        file: redaction,
        search: 'if (isPersonal(name)) shown[name] = hidden',
        replace: 'if (isPersonal(name) && value === hidden) shown[name] = hidden',
      },
    ],
    tests: [redactionTest],
  },
  {
    name: 'what came from elsewhere is written to the log whole',
    edits: [
      {
        file: redaction,
        search: 'hideInside(inner, plainInside.test(name), depth + 1)',
        replace: 'hideInside(inner, plainInside.test(name) || true, depth + 1)',
      },
    ],
    tests: [redactionTest],
  },
  {
    name: 'an error of the database is told with the row that it is about',
    edits: [
      {
        file: redaction,
        search: 'column_name constraint_name',
        replace: 'column_name constraint_name detail',
      },
    ],
    tests: [redactionTest],
  },
  {
    name: 'the services are stopped from the inside outwards',
    edits: [
      {
        file: 'src/local/launcher/stop-order.ts',
        search: 'return stages',
        replace: 'return stages.toReversed()',
      },
    ],
    tests: ['src/local/launcher/stop-order.test.ts'],
  },
  {
    name: 'a log file is put aside in the middle of a line',
    edits: [
      {
        file: 'src/local/launcher/log-files.ts',
        search: 'chunk.lastIndexOf(newLine) + 1',
        replace: 'chunk.length',
      },
    ],
    tests: ['src/local/launcher/log-files.test.ts'],
  },
]
