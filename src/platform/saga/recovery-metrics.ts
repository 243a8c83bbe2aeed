import { Counter, Histogram } from 'prom-client'
import { sharedMetric, type Metrics } from '../base/telemetry.ts'

/** What one recovery loop counts. Each counter is there from the start, at zero. */
export const watchRecovery = (metrics: Metrics, saga: string) => {
  const registers = [metrics.registry]
  const rows = sharedMetric(
    metrics,
    'recovery_rows_total',
    (name) =>
      new Counter({
        name,
        help: 'Rows that recovery took up, by what came of it',
        labelNames: ['saga', 'outcome'],
        registers,
      }),
  )
  const rounds = sharedMetric(
    metrics,
    'recovery_rounds_total',
    (name) =>
      new Counter({
        name,
        help: 'How often recovery looked for due rows, and whether it could finish what it found',
        labelNames: ['saga', 'outcome'],
        registers,
      }),
  )
  const claimDelay = sharedMetric(
    metrics,
    'recovery_claim_delay_seconds',
    (name) =>
      new Histogram({
        name,
        help: 'For how long rows had been due when recovery took them',
        labelNames: ['saga'],
        buckets: [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800],
        registers,
      }),
  )
  const counted = (counter: Counter, outcome: string) => {
    counter.inc({ saga, outcome }, 0)
    return counter.labels({ saga, outcome })
  }
  claimDelay.zero({ saga })
  return {
    rows: {
      finished: counted(rows, 'finished'),
      postponed: counted(rows, 'postponed'),
      failed: counted(rows, 'failed'),
    },
    rounds: { finished: counted(rounds, 'finished'), failed: counted(rounds, 'failed') },
    claimDelay: claimDelay.labels({ saga }),
  }
}
