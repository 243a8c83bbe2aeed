import { bug } from './mutation.ts'

const reading = 'src/platform/base/reading.ts'
const backlog = 'src/platform/saga/backlog.ts'
const backlogSql = 'src/platform/saga/sql/backlog.sql'
const sagaMetrics = 'src/platform/saga/saga-metrics.ts'
const connections = 'src/platform/database/connections.ts'
const observer = 'src/platform/http/access-refusals.ts'

const readingTest = 'src/platform/base/reading.test.ts'
const ordersTest = 'src/services/order/metrics.test.ts'
const plansTest = 'test/guarantees/plans.test.ts'

export const metricsMutations = [
  bug(
    'each scraper asks the database anew',
    [readingTest],
    [reading, 'if (running === undefined && performance.now() < servesUntilMs) return last', ''],
  ),
  bug(
    'a scrape waits for as long as the database takes',
    [readingTest],
    [reading, 'return await Promise.race([running, late])', 'return await running'],
  ),
  bug(
    'a figure that is dear to get is asked for as often as others',
    [readingTest],
    [reading, 'Math.min(restPerWork, 1) : restPerWork', 'Math.min(restPerWork, 1) : 0'],
  ),
  bug(
    'a figure that could not be read stays unknown for long',
    [readingTest],
    [reading, 'last === undefined ? Math.min(restPerWork, 1) : restPerWork', 'restPerWork'],
  ),
  bug(
    'nobody says that a table cannot be read',
    [ordersTest],
    [sagaMetrics, '=== undefined ? 0 : 1', '=== undefined ? 1 : 1'],
  ),
  bug(
    'the metrics read whole tables',
    [plansTest],
    [backlogSql, "where t.due_at > '-infinity'", "where t.due_at::text > ''"],
  ),
  bug(
    'an undecided row counts as one that owes a letter',
    [ordersTest],
    [
      backlog,
      'byState(columns, () => never, owedSince)',
      'byState(columns, () => owedSince, owedSince)',
    ],
    [backlog, 'byState(columns, (column) => `t.${column}`, never)', 'never'],
  ),
  bug(
    'figures stay as they were while the database is away',
    [ordersTest],
    [sagaMetrics, '        this.reset()\n', ''],
  ),
  bug(
    'a decision is counted only from the first one on',
    [ordersTest],
    [sagaMetrics, 'for (const ending of endings) counter.inc(labelsOf(saga, ending), 0)\n', ''],
  ),
  bug(
    'nobody is seen to wait for a connection',
    [ordersTest],
    [connections, 'const waits = connection.running > 0', 'const waits = false'],
  ),
  bug(
    'a refusal is counted at each service that it passes',
    ['test/guarantees/gateway-failures.test.ts'],
    [
      observer,
      'problemCode === undefined || isOthersProblem === true',
      'problemCode === undefined',
    ],
  ),
  bug(
    'a hold that ended is counted as a decision only',
    ['src/services/booking/recovery.test.ts'],
    [
      'src/services/booking/decisions.ts',
      "if (state !== 'RELEASING') count(",
      "if (state !== 'PENDING') count(",
    ],
  ),
  bug(
    'who comes second is counted as well',
    ['src/services/user/decisions.test.ts'],
    ['src/services/user/decisions.ts', 'if (user.changed) count(', 'if (user.id) count('],
  ),
]
