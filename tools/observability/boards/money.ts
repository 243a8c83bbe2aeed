import type { Board } from '../panels.ts'
import { line, panel, number, oldestLetter } from '../asking.ts'

export const money: Board = {
  uid: 'orderly-money',
  title: 'orderly: money and letters',
  rows: [
    {
      title: 'The books',
      panels: [
        number(
          'Violations',
          'short',
          'What the last audit found. Anything but 0 needs a person.',
          'max(books_violations)',
        ),
        number(
          'Age of the last audit',
          's',
          'How long nobody has looked.',
          'time() - max(books_last_audit_timestamp_seconds)',
        ),
        oldestLetter,
      ],
    },
    {
      title: 'Money',
      panels: [
        panel(
          'Requests to billing',
          'reqps',
          'By route and status. 402 and 409 are refusals, which are definite answers.',
          line(
            'sum by (route, status) (rate(http_request_duration_seconds_count{service="billing"}[1m]))',
            '{{route}} {{status}}',
          ),
        ),
        panel(
          'Calls to billing',
          's',
          'How long 99 of 100 attempts took, by who called and what came of them.',
          line(
            'histogram_quantile(0.99, sum by (service, outcome, le) (rate(upstream_call_duration_seconds_bucket{upstream="billing"}[1m])))',
            '{{service}}, {{outcome}}',
          ),
        ),
        panel(
          'Refused for want of money',
          'ops',
          'Orders, changes and bookings that billing refused.',
          line(
            'sum by (saga) (rate(saga_decisions_total{reason="insufficient-funds"}[1m]))',
            '{{saga}}',
          ),
        ),
      ],
    },
    {
      title: 'Letters',
      panels: [
        panel(
          'Letters owed',
          'short',
          'Rows whose decision stands, and whose letter does not.',
          line('saga:open_rows:max{saga=~"booking_letters|deposit_letters"}', '{{saga}} {{state}}'),
          line(
            'saga:open_rows:max{saga=~"orders|order_changes",state!="PENDING"}',
            '{{saga}} {{state}}',
          ),
        ),
        panel(
          'Calls to notification',
          's',
          'How long 99 of 100 attempts took, by who called and what came of them.',
          line(
            'histogram_quantile(0.99, sum by (service, outcome, le) (rate(upstream_call_duration_seconds_bucket{upstream="notification"}[1m])))',
            '{{service}}, {{outcome}}',
          ),
        ),
      ],
    },
  ],
}
