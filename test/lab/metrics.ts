import type { Metrics } from '../../src/platform/base/telemetry.ts'

type Labels = Readonly<Record<string, string>>

/** The value of one series, as a scraper would get it now; undefined if there is no such series. */
export const metricIn = async (
  { registry }: Metrics,
  name: string,
  wanted: Labels = {},
): Promise<number | undefined> => {
  const { values = [] } = (await registry.getSingleMetric(name)?.get()) ?? {}
  const isWanted = ({ labels }: { labels: Partial<Record<string, string | number>> }) =>
    Object.entries(wanted).every(([label, value]) => labels[label] === value)
  return values.find(isWanted)?.value
}
