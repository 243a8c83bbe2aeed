import type { Board } from '../panels.ts'
import { line, panel, perSecond } from '../asking.ts'

export const sagas: Board = {
  uid: 'orderly-sagas',
  title: 'orderly: sagas',
  rows: [
    {
      title: 'What is open',
      panels: [
        panel(
          'Open rows',
          'short',
          'Rows that wait for a decision or owe a letter, by state.',
          line('saga:open_rows:max', '{{saga}} {{state}}'),
        ),
        panel(
          'Oldest undecided',
          's',
          'For how long the oldest undecided row has waited.',
          line('saga:oldest_undecided_seconds:max', '{{saga}}'),
        ),
        panel(
          'Oldest owed letter',
          's',
          'For how long the oldest letter has been owed.',
          line('saga:oldest_owed_letter_seconds:max', '{{saga}}'),
        ),
      ],
    },
    {
      title: 'Recovery',
      panels: [
        panel(
          'Lag',
          's',
          'How long the row that is due longest has waited for recovery.',
          line('saga:recovery_lag_seconds:max', '{{saga}}'),
        ),
        panel(
          'Rounds',
          'ops',
          'Looks for due rows, each second. Each replica looks twice a second.',
          line(perSecond('recovery_rounds_total', 'saga, outcome'), '{{saga}} {{outcome}}'),
        ),
        panel(
          'Rows taken up',
          'ops',
          'What came of rows that recovery took: finished, or postponed to a later attempt.',
          line(perSecond('recovery_rows_total', 'saga, outcome'), '{{saga}} {{outcome}}'),
        ),
        panel(
          'Waited for recovery, 99 of 100',
          's',
          'How long rows had been due when they were taken.',
          line(
            'histogram_quantile(0.99, sum by (saga, le) (rate(recovery_claim_delay_seconds_bucket[1m])))',
            '{{saga}}',
          ),
        ),
      ],
    },
    {
      title: 'Decisions',
      panels: [
        panel(
          'Decisions',
          'ops',
          'By the state that the row took, and why.',
          line(
            perSecond('saga_decisions_total', 'saga, state, reason'),
            '{{saga}} {{state}} {{reason}}',
          ),
        ),
        panel(
          'Holds that ended',
          'ops',
          'Bookings that lost their time before they were paid.',
          line(perSecond('booking_holds_ended_total', 'reason'), '{{reason}}'),
        ),
      ],
    },
  ],
}
