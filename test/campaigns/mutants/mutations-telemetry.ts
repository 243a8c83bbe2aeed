import { bug } from './mutation.ts'

const recovery = 'src/platform/saga/recovery.ts'
const recoveryMetrics = 'src/platform/saga/recovery-metrics.ts'
const redaction = 'src/platform/base/redaction.ts'
const orderWorkflow = 'src/services/order/workflow.ts'
const depositLetters = 'src/services/billing/deposit-letters.ts'

const recoveryTest = 'src/platform/saga/recovery.test.ts'
const redactionTest = 'src/platform/base/redaction.test.ts'

export const telemetryMutations = [
  bug(
    'recovery counts every row that it took up as finished',
    [recoveryTest],
    [recovery, 'counters.rows[outcome].inc()', 'counters.rows.finished.inc()'],
  ),
  bug(
    "recovery's counters appear with their first event",
    [recoveryTest],
    [recoveryMetrics, 'counter.inc({ saga, outcome }, 0)\n', ''],
  ),
  bug(
    'an order without an answer is counted as finished',
    ['src/services/order/recovery.test.ts'],
    [
      orderWorkflow,
      "await postpone(saga.rows, row, saga.step, money)\n            return { row, outcome: 'postponed' }",
      "await postpone(saga.rows, row, saga.step, money)\n            return { row, outcome: 'finished' }",
    ],
  ),
  bug(
    "a deposit's letter without an answer is counted as finished",
    ['src/services/billing/deposit-letters.test.ts'],
    [depositLetters, "return 'postponed'", "return 'finished'"],
  ),
  bug(
    'fields with personal data are written to the log',
    [redactionTest],
    [
      redaction,
      'if (isPersonal(name)) shown[name] = hidden',
      'if (isPersonal(name) && value === hidden) shown[name] = hidden',
    ],
  ),
  bug(
    'what came from elsewhere is written to the log whole',
    [redactionTest],
    [
      redaction,
      'hideInside(inner, isPlainInside(name, inner), depth + 1)',
      'hideInside(inner, isPlainInside(name, inner) || true, depth + 1)',
    ],
  ),
  bug(
    'an error of the database is told with the row that it is about',
    [redactionTest],
    [redaction, 'column_name constraint_name', 'column_name constraint_name detail'],
  ),
  bug(
    'the services are stopped from the inside outwards',
    ['src/local/launcher/stop-order.test.ts'],
    ['src/local/launcher/stop-order.ts', 'return stages', 'return stages.toReversed()'],
  ),
  bug(
    'a log file is put aside in the middle of a line',
    ['src/local/launcher/log-files.test.ts'],
    ['src/local/launcher/log-files.ts', 'chunk.lastIndexOf(newLine) + 1', 'chunk.length'],
  ),
  bug(
    'ids of one millisecond do not grow',
    ['src/platform/base/ids.test.ts'],
    ['src/platform/base/ids.ts', 'inMs = (inMs + 1) | 0', 'inMs = (inMs - 1) | 0'],
  ),
  bug(
    'ids share their random bytes',
    ['src/platform/base/ids.test.ts'],
    ['src/platform/base/ids.ts', '  used += bytesPerId\n', '  used = bytesPerId\n'],
  ),
]
