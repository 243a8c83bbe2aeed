import type { Metrics } from '../../src/platform/base/telemetry.ts'
import { metricIn } from './metrics.ts'

/** How many rows recovery took up of a saga, by result; undefined if the counter does not exist. */
export const recoveredIn = async (metrics: Metrics, saga: string) => {
  const count = (outcome: string) => metricIn(metrics, 'recovery_rows_total', { saga, outcome })
  return {
    finished: await count('finished'),
    postponed: await count('postponed'),
    failed: await count('failed'),
  }
}
