import type { Metrics } from '../../src/platform/base/telemetry.ts'

/** How many rows a recovery loop took up, by result; undefined if the counter does not exist. */
export const recoveredIn = async ({ recoveredRows }: Metrics, loop: string) => {
  const { values } = await recoveredRows.get()
  const count = (outcome: string) =>
    values.find(({ labels }) => labels.loop === loop && labels.outcome === outcome)?.value
  return {
    finished: count('finished'),
    postponed: count('postponed'),
    failed: count('failed'),
  }
}
