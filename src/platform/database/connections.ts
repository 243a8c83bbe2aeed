import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import type { DatabaseConfig } from '../base/config.ts'
import { ProblemError } from '../base/errors.ts'
import type { Log } from '../base/telemetry.ts'
import type { PoolMetrics } from './pool-metrics.ts'

/** After these failures Postgres has undone everything, so the statement may run again. */
const retryableCodes = new Set(['40001', '40P01', '23505'])

/** Classes of SQLSTATE that a caller's data can cause: 22 data, 23 constraint, P0 raised by a trigger. */
export const isAboutData = (error: unknown) =>
  error instanceof postgres.PostgresError && /^(22|23|P0)/.test(error.code)

export const isRetryable = (error: unknown) =>
  error instanceof postgres.PostgresError && retryableCodes.has(error.code)

const deadlineMarginMs = 500

const connect = (config: DatabaseConfig) =>
  postgres(config.url, {
    max: 1,
    idle_timeout: 60,
    connect_timeout: 5,
    prepare: config.prepare,
    onnotice: () => {},
    // There are no arrays here. The driver would look them up on each new connection, and if that
    // connection broke at that moment, the unhandled rejection would end the process.
    fetch_types: false,
    // Each connection is closed after a while, and then it is opened again at once.
    backoff: (attempt: number) => (attempt === 0 ? 0 : Math.min(0.05 * 2 ** attempt, 1)),
    // Only what every pooler passes on: the other settings belong to the role (see migrate.ts).
    connection: { application_name: 'orderly' },
    transform: { column: { from: postgres.toCamel } },
    // Every bigint here is money or a counter below 2^53, and the tables check that.
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
  })

/**
 * The same connections for drizzle's reads, which would otherwise be parsed and planned each time.
 * Drizzle replaces the parsers of dates in the options that it is given. It gets a copy of them:
 * the rows of statements must have dates as well, and drizzle takes a date as it is.
 */
const toReader = (client: ReturnType<typeof connect>, prepare: boolean) => {
  const { parsers, serializers } = client.options
  const options = { parsers: { ...parsers }, serializers: { ...serializers } }
  const unsafe = (text: string, parameters: never[]) => client.unsafe(text, parameters, { prepare })
  const forDrizzle: Partial<Record<PropertyKey, unknown>> = { options, unsafe }
  return drizzle(
    new Proxy(client, {
      get: (target, property) => forDrizzle[property] ?? Reflect.get(target, property),
    }),
  )
}

interface Connection {
  readonly client: ReturnType<typeof connect>
  readonly reader: ReturnType<typeof toReader>
  running: number
  /** When it was last done with a statement. It takes one after the other. */
  doneAtMs: number
}

const open = (config: DatabaseConfig): Connection[] =>
  Array.from({ length: config.poolSize }, () => {
    const client = connect(config)
    return { client, reader: toReader(client, config.prepare), running: 0, doneAtMs: 0 }
  })

/**
 * The first of those with the fewest statements. The driver's own pool uses its
 * connections in turn, so each statement would wake the process of Postgres that
 * has slept longest: a single order would cost a twelfth more CPU.
 */
const warmest = (connections: readonly Connection[]): Connection =>
  connections.reduce((best, each) => (each.running < best.running ? each : best))

const unavailable = (cause: unknown) =>
  new ProblemError('unavailable', 'The database cannot do it now; nothing was done. Try again.', {
    headers: { 'retry-after': '1' },
    cause,
  })

/** toProblem adds what the client may do now, because that depends on the request. */
const outcomeUnknown = (cause: unknown) =>
  new ProblemError('outcome-unknown', 'The database did not answer', { cause })

type Statement<Result> = PromiseLike<Result> & {
  readonly cancel: () => void
  /** Not in the driver's types: it is null until the driver gives the statement to a connection. */
  readonly state?: unknown
}

const wasGiven = (statement: Statement<unknown>) => statement.state !== null

/**
 * An ERROR undoes the statement. A FATAL may come after the commit, and class 08 means that a
 * pooler has lost its own connection: after both, the outcome is unknown.
 */
const isUndone = (error: unknown) =>
  error instanceof postgres.PostgresError &&
  error.severity === 'ERROR' &&
  !error.code.startsWith('08')

/** What to do when work fails. */
interface Ending<Work> {
  readonly onDeadline: (work: Work) => void
  readonly toProblem: (error: unknown, work: Work) => ProblemError
}

/**
 * A pool in which no caller waits for ever. The driver has no time-out, and a
 * connection that never answers would stay in the pool. So the pool is replaced
 * when a statement exceeds its deadline.
 */
export const createConnections = (config: DatabaseConfig, log: Log, metrics: PoolMetrics) => {
  const deadlineMs = config.statementTimeoutMs + deadlineMarginMs
  let current = open(config)
  metrics.watch(() => current.map(({ running }) => running))

  const close = (connections: readonly Connection[], timeout: number) =>
    Promise.all(connections.map(({ client }) => client.end({ timeout })))

  const replace = (used: readonly Connection[]) => {
    if (current !== used) return
    current = open(config)
    metrics.replaced()
    log.warn('opened new connections to the database')
    close(used, 0).catch((error: unknown) => {
      log.debug({ err: error }, 'old connections did not close')
    })
  }

  /** A statement behind others waited until the one before it was done, or for nothing. */
  const note = (connection: Connection, startedAtMs: number, waits: boolean, isDone: boolean) => {
    const now = performance.now()
    metrics.took(now - startedAtMs)
    if (waits) metrics.waited(Math.max(0, (isDone ? connection.doneAtMs : now) - startedAtMs))
    connection.doneAtMs = now
  }

  /** Runs some work on the pool within the deadline. */
  const run = async <Work extends PromiseLike<unknown>>(
    begin: (connection: Connection) => Work,
    { onDeadline, toProblem }: Ending<Work>,
  ): Promise<Awaited<Work>> => {
    const used = current
    const connection = warmest(used)
    const startedAtMs = performance.now()
    const waits = connection.running > 0
    let isDone = false
    const work = begin(connection)
    connection.running += 1
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        onDeadline(work)
        replace(used)
        reject(new Error(`the database did not answer within ${deadlineMs} ms`))
      }, deadlineMs)
    })
    try {
      const result = await Promise.race([work, deadline])
      isDone = true
      return result
    } catch (error) {
      if (isAboutData(error) || isRetryable(error)) throw error
      log.warn({ err: error }, 'a statement ended without an answer')
      throw toProblem(error, work)
    } finally {
      clearTimeout(timer)
      connection.running -= 1
      note(connection, startedAtMs, waits, isDone)
    }
  }

  /** A read changes nothing, so every failure of it is `unavailable`. */
  const read = <Result>(begin: (connection: Connection) => PromiseLike<Result>) =>
    run(begin, { onDeadline: () => {}, toProblem: unavailable })

  /** Its errors are about the data, or say that nothing was done or that the outcome is unknown. */
  const write = <Result>(begin: (client: Connection['client']) => Statement<Result>) =>
    run(({ client }) => begin(client), {
      // The caller is told that nothing was done, so the statement must not run later.
      onDeadline: (statement) => {
        if (!wasGiven(statement)) statement.cancel()
      },
      toProblem: (error, statement) =>
        wasGiven(statement) && !isUndone(error) ? outcomeUnknown(error) : unavailable(error),
    })

  return { read, write, close: () => close(current, 2) }
}

export type Reader = Connection['reader']
