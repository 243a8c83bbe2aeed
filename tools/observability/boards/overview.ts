import type { Board } from '../panels.ts'
import { line, panel, number, perSecond, oldestUndecided, oldestLetter } from '../asking.ts'

export const overview: Board = {
  uid: 'orderly-overview',
  title: 'orderly: overview',
  rows: [
    {
      title: 'Is anything stuck?',
      panels: [
        oldestUndecided,
        oldestLetter,
        number(
          'Services away',
          'short',
          'Processes that Prometheus does not reach.',
          'count(up{job="orderly"} == 0) or vector(0)',
        ),
      ],
    },
    {
      title: 'Rate, errors, duration',
      panels: [
        panel(
          'Requests',
          'reqps',
          'Requests a second, by service.',
          line('service:http_requests:rate1m', '{{service}}'),
        ),
        panel(
          'Failed',
          'percentunit',
          'The share that was answered with a status from 500 on.',
          line('service:http_requests_failed:ratio1m', '{{service}}'),
        ),
        panel(
          'Duration, 99 of 100',
          's',
          'So long took the slowest of a hundred requests.',
          line('service:http_request_duration_seconds:p99_1m', '{{service}}'),
        ),
        panel(
          'Duration, half',
          's',
          'Half of the requests were faster.',
          line('service:http_request_duration_seconds:p50_1m', '{{service}}'),
        ),
        panel(
          'Calls that got no answer',
          'reqps',
          'Attempts between services whose outcome is unknown. Each is repeated with its key.',
          line(
            'sum by (service, upstream) (rate(upstream_call_duration_seconds_count{outcome="unknown"}[1m]))',
            '{{service}} → {{upstream}}',
          ),
        ),
        panel(
          'Turned away before any handler',
          'reqps',
          'Refused or cut by the server itself, by reason.',
          line(
            perSecond('http_requests_refused_total', 'service, reason'),
            '{{service}} {{reason}}',
          ),
        ),
      ],
    },
    {
      title: 'Who gets in',
      panels: [
        panel(
          'Not let in',
          'reqps',
          '401, 403 and 429, where they were decided. A wrong password now and then is usual.',
          line(perSecond('access_refused_total', 'service, reason'), '{{service}} {{reason}}'),
        ),
        panel(
          'Sessions',
          'short',
          'Begun, refreshed and ended, each second.',
          line(perSecond('sessions_opened_total', 'kind'), 'begun, {{kind}}'),
          line(perSecond('sessions_refreshed_total', 'kind'), 'refreshed, {{kind}}'),
          line(perSecond('sessions_ended_total', 'kind, ending'), 'ended, {{kind}}: {{ending}}'),
        ),
        panel(
          'Memory',
          'bytes',
          'What each process has in memory.',
          line('process_resident_memory_bytes', '{{service}} {{instance}}'),
        ),
      ],
    },
    {
      title: 'The processes',
      panels: [
        panel(
          'Processor',
          'percentunit',
          'Of one core. Node does its work on one.',
          line('rate(process_cpu_seconds_total[1m])', '{{service}} {{instance}}'),
        ),
        panel(
          'Event loop, 99 of 100',
          's',
          'How late the event loop is. Above 0.1 s requests wait for the processor.',
          line('nodejs_eventloop_lag_p99_seconds', '{{service}} {{instance}}'),
        ),
        panel(
          'Open connections',
          'short',
          'Of clients and of other services.',
          line('sum by (service) (http_connections)', '{{service}}'),
        ),
      ],
    },
  ],
}
