import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { createBatch } from './batch.ts'
import { betweenCheckpoints } from './checkpoints.ts'
import type { DatabaseConfig } from './config.ts'
import { ProblemError } from './errors.ts'
import type { Log, Metrics } from './telemetry.ts'

export interface DatabaseDeps {
  readonly config: DatabaseConfig
  readonly log: Log
  readonly metrics: Metrics
}

/** Lock conflicts of which Postgres undid everything: the statement may simply run again. */
const retryableCodes = new Set(['40001', '40P01', '23505'])

/** Classes of SQLSTATE that a caller's data can cause: 22 data, 23 constraint, P0 raised by a trigger. */
const isAboutData = (error: unknown) =>
  error instanceof postgres.PostgresError && /^(22|23|P0)/.test(error.code)

const isRetryable = (error: unknown) =>
  error instanceof postgres.PostgresError && retryableCodes.has(error.code)

const deadlineMarginMs = 500

const connect = (config: DatabaseConfig) =>
  postgres(config.url, {
    max: config.poolSize,
    idle_timeout: 60,
    connect_timeout: 5,
    prepare: config.prepare,
    onnotice: () => {},
    backoff: (attempt: number) => Math.min(0.05 * 2 ** attempt, 1),
    // Behind a pooler in transaction mode start-up parameters are not passed on; the
    // role's own settings (see migrate.ts) hold there as well.
    connection: { application_name: 'orderly' },
    transform: { column: { from: postgres.toCamel } },
    // Every bigint here is money or a counter below 2^53, and the tables check that.
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
  })

/**
 * One service's connection to its database. There is no transaction in it on
 * purpose: every state change is one statement (see docs on guarantees).
 */
export const createDatabase = ({ config, log, metrics }: DatabaseDeps) => {
  let client = connect(config)
  const deadlineMs = config.statementTimeoutMs + deadlineMarginMs

  /** A connection that swallows statements would keep its place in the pool: start a new pool. */
  const replacePool = () => {
    const old = client
    client = connect(config)
    readers = openReaders()
    log.warn('database did not answer in time: opened new connections')
    void old.end({ timeout: 0 }).catch(() => {})
  }

  const withDeadline = async <Result>(work: Promise<Result>): Promise<Result> => {
    const used = client
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        if (client === used) replacePool()
        reject(new Error(`the database did not answer within ${deadlineMs} ms`))
      }, deadlineMs)
    })
    try {
      return await Promise.race([work, deadline])
    } catch (error) {
      if (isAboutData(error) || isRetryable(error)) throw error
      throw new ProblemError('unavailable', 'The database did not answer; try again.', {
        headers: { 'retry-after': '1' },
        cause: error,
      })
    } finally {
      clearTimeout(timer)
    }
  }

  /** Runs one statement with one JSON document of rows as its only parameter. */
  const execute = <Result extends object>(
    name: string,
    text: string,
    items: unknown,
  ): Promise<Result[]> =>
    betweenCheckpoints('statement', name, () => {
      const options = { prepare: config.prepare }
      return withDeadline<Result[]>(client.unsafe<Result[]>(text, [JSON.stringify(items)], options))
    })

  /**
   * A coalesced statement. The rows it gets carry `ord`, their place in the
   * batch, and each row it returns says with `ord` whose result it is; no row
   * means that the item lost a race and is to run again on a fresh snapshot.
   */
  const statement = <Item extends object, Result extends object>(
    name: string,
    text: string,
    distinctBy?: (item: Item) => readonly string[],
  ) => {
    const size = metrics.batchSize.labels(name)
    return createBatch<Item, Result>({
      execute: async (items) => {
        const input = items.map((item, ord) => ({ ord, ...item }))
        const results: (Result | undefined)[] = items.map(() => undefined)
        for (const row of await execute<Result & { ord: number }>(name, text, input)) {
          results[row.ord] = row
        }
        return results
      },
      isRetryable,
      isUnknown: (error) => !isAboutData(error),
      onBatch: (count) => size.observe(count),
      ...(distinctBy ? { distinctBy } : {}),
    })
  }

  const openReaders = () => {
    const readerClient = client
    const prepared = new Proxy(readerClient, {
      // Drizzle does not ask for prepared statements; reads are hot enough to want them.
      get: (target, property) =>
        property === 'unsafe'
          ? (text: string, parameters: never[]) =>
              target.unsafe(text, parameters, { prepare: config.prepare })
          : Reflect.get(target, property),
    })
    return drizzle(prepared)
  }
  let readers = openReaders()

  /** Runs a read built with drizzle, within the same deadline as every statement. */
  const read = <Result>(
    name: string,
    build: (reader: typeof readers) => PromiseLike<Result>,
  ): Promise<Result> =>
    betweenCheckpoints('statement', name, () => withDeadline(Promise.resolve(build(readers))))

  return {
    execute,
    statement,
    read,
    ping: async () => {
      await execute('ping', 'select $1::text', 0)
    },
    close: () => client.end({ timeout: 2 }),
  }
}

export type Database = ReturnType<typeof createDatabase>
