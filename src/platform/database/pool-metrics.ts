import { Counter, Gauge, Histogram } from 'prom-client'
import { createReading } from '../base/reading.ts'
import type { Metrics } from '../base/telemetry.ts'

/** How busy a pool is, in statements on each of its connections. */
export type Load = () => readonly number[]

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

/** What the pool itself notes: two readings of the clock for a statement, and nothing else. */
export const createPoolMetrics = ({ registry }: Metrics) => {
  const registers = [registry]
  const duration = new Histogram({
    name: 'database_statement_duration_seconds',
    help: 'How long statements took, with the time for which they waited',
    buckets: seconds,
    registers,
  })
  const wait = new Histogram({
    name: 'database_statement_wait_seconds',
    help: 'How long statements waited behind others on their connection; without those that did not',
    buckets: seconds,
    registers,
  })
  const replaced = new Counter({
    name: 'database_pools_replaced_total',
    help: 'How often all connections were opened anew, because the database did not answer in time',
    registers,
  })
  return {
    /** Adds what is counted when the metrics are read. */
    watch: (load: Load) => {
      const add = (name: string, help: string, count: (running: readonly number[]) => number) =>
        new Gauge({
          name,
          help,
          registers,
          collect() {
            this.set(count(load()))
          },
        })
      add('database_pool_connections', 'Connections that the pool may have', (all) => all.length)
      add(
        'database_pool_connections_in_use',
        'Connections with a statement on them',
        (all) => all.filter((running) => running > 0).length,
      )
      add('database_statements_waiting', 'Statements that wait behind others', (all) =>
        all.reduce((sum, running) => sum + Math.max(0, running - 1), 0),
      )
    },
    took: (ms: number) => duration.observe(ms / 1e3),
    waited: (ms: number) => wait.observe(ms / 1e3),
    replaced: () => replaced.inc(),
  }
}

export type PoolMetrics = ReturnType<typeof createPoolMetrics>

/** Asks the database when the metrics are read. It being away must not keep them from being read. */
export const watchDatabase = ({ registry }: Metrics, ping: () => Promise<void>) => {
  const isUp = createReading(async () => {
    await ping()
    return true
  })
  return new Gauge({
    name: 'database_up',
    help: 'Whether the database answers: 1, or 0 when it does not within a second and a half',
    registers: [registry],
    async collect() {
      this.set((await isUp()) === true ? 1 : 0)
    },
  })
}
