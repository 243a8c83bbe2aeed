import type { Board } from '../panels.ts'
import { line, panel, perSecond } from '../asking.ts'

export const postgres: Board = {
  uid: 'orderly-postgres',
  title: 'orderly: Postgres',
  rows: [
    {
      title: 'Does it answer?',
      panels: [
        panel(
          'Answers',
          'short',
          '1 while the database of a service answers.',
          line('max by (service) (database_up)', '{{service}}'),
        ),
        panel(
          'Statements, 99 of 100',
          's',
          'How long statements took, with the time for which they waited.',
          line(
            'histogram_quantile(0.99, sum by (service, le) (rate(database_statement_duration_seconds_bucket[1m])))',
            '{{service}}',
          ),
        ),
        panel(
          'Statements',
          'ops',
          'Statements a second. Many callers may share one.',
          line(perSecond('database_statement_duration_seconds_count', 'service'), '{{service}}'),
        ),
      ],
    },
    {
      title: 'Who waits for it?',
      panels: [
        panel(
          'Waiting on average',
          'short',
          'Statements that wait behind others on their connection. Above 4 it is an alert.',
          line('instance:database_statements_waiting:avg1m', '{{service}} {{instance}}'),
        ),
        panel(
          'Connections in use',
          'percentunit',
          'Of those that the pool may have, at the moment of the scrape.',
          line(
            'database_pool_connections_in_use / database_pool_connections',
            '{{service}} {{instance}}',
          ),
        ),
        panel(
          'Waiting now',
          'short',
          'At the moment of the scrape.',
          line('database_statements_waiting', '{{service}} {{instance}}'),
        ),
        panel(
          'Pools opened anew',
          'short',
          'Each time because a statement was not answered in time.',
          line('sum by (service) (increase(database_pools_replaced_total[5m]))', '{{service}}'),
        ),
        panel(
          'Callers that share a statement',
          'short',
          'On average. It grows with the load, and is what keeps statements few.',
          line(
            'sum by (service, statement) (rate(statement_batch_size_sum[1m])) / (sum by (service, statement) (rate(statement_batch_size_count[1m])) > 0)',
            '{{service}} {{statement}}',
          ),
        ),
      ],
    },
  ],
}
