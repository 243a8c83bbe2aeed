import { createBatch } from './batch.ts'
import { betweenCheckpoints } from '../base/checkpoints.ts'
import type { DatabaseConfig } from '../base/config.ts'
import { createConnections, isAboutData, isRetryable, type Reader } from './connections.ts'
import { createStatementSpans, inStatementSpan } from './statement-spans.ts'
import { createPoolMetrics } from './pool-metrics.ts'
import type { Statement } from './statement.ts'
import type { Log, Metrics } from '../base/telemetry.ts'

export interface DatabaseDeps {
  readonly config: DatabaseConfig
  readonly log: Log
  readonly metrics: Metrics
}

/**
 * One service's database. It has no transactions on purpose: every change of state
 * is one statement, which is atomic by itself.
 */
export const createDatabase = ({ config, log, metrics }: DatabaseDeps) => {
  const connections = createConnections(config, log, createPoolMetrics(metrics))
  const { prepare } = config

  /** Runs a statement once, with one JSON document of rows as its only parameter. */
  const runOnce = <Item extends object, Result extends object>(
    { name, text }: Statement<Item, Result>,
    items: readonly Item[],
  ): Promise<Result[]> =>
    betweenCheckpoints('statement', name, () =>
      connections.write((client) =>
        client.unsafe<Result[]>(text, [JSON.stringify(items)], { prepare }),
      ),
    )

  const execute: typeof runOnce = (statement, items) =>
    inStatementSpan(statement.name, () => runOnce(statement, items))

  /**
   * A coalesced statement. Each row of its input has `ord`, its position in the
   * batch, and each row that it returns names its item by `ord`. If there is no row,
   * the item lost a race and must run again on a new snapshot.
   */
  const statement = <Item extends object, Result extends object>({
    name,
    text,
    distinctBy,
  }: Statement<Item, Result>): ((item: Item) => Promise<Result>) => {
    const size = metrics.batchSize.labels(name)
    metrics.batchSize.zero({ statement: name })
    const spans = createStatementSpans(name)
    const batch = createBatch<Item, Result>({
      execute: async (items) => {
        const input = items.map((item, ord) => ({ ord, ...item }))
        const results: (Result | undefined)[] = items.map(() => undefined)
        const rows = await spans.run(items, () =>
          runOnce<Item, Result & { ord: number }>({ name, text }, input),
        )
        for (const row of rows) results[row.ord] = row
        return results
      },
      isRetryable,
      isUnknown: (error) => !isAboutData(error),
      onBatch: (count) => size.observe(count),
      ...(distinctBy ? { distinctBy } : {}),
    })
    return (item) => spans.ask(item, batch)
  }

  /** Runs a read that drizzle has built, with the same deadline as every statement. */
  const read = <Result>(name: string, build: (reader: Reader) => PromiseLike<Result>) =>
    inStatementSpan(name, () =>
      betweenCheckpoints('statement', name, () => connections.read(({ reader }) => build(reader))),
    )

  /** Runs a statement that changes nothing, so that every failure of it is `unavailable`. */
  const lookUp = <Item extends object, Result extends object>(
    { name, text }: Statement<Item, Result>,
    item: Item,
  ): Promise<Result[]> =>
    inStatementSpan(name, () =>
      betweenCheckpoints('statement', name, () =>
        connections.read(({ client }) =>
          client.unsafe<Result[]>(text, [JSON.stringify([item])], { prepare }),
        ),
      ),
    )

  return {
    execute,
    statement,
    lookUp,
    read,
    ping: async () => {
      await betweenCheckpoints('statement', 'ping', () =>
        connections.read(({ client }) => client.unsafe('select $1::text', [0], { prepare })),
      )
    },
    close: connections.close,
  }
}

export type Database = ReturnType<typeof createDatabase>
