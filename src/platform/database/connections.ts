import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import type { DatabaseConfig } from '../base/config.ts'
import { ProblemError } from '../base/errors.ts'
import type { Log } from '../base/telemetry.ts'

/** Failures of which Postgres undid everything: the statement may simply run again. */
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
    // The driver would look arrays up on each new connection, and a connection that breaks at that
    // moment would end the process: nobody handles that rejection. There are no arrays here.
    fetch_types: false,
    // A connection that ended in good order, as each does after a while, is opened again at once.
    backoff: (attempt: number) => (attempt === 0 ? 0 : Math.min(0.05 * 2 ** attempt, 1)),
    // Only what every pooler passes on; the rest are settings of the role (see migrate.ts).
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
}

const open = (config: DatabaseConfig): Connection[] =>
  Array.from({ length: config.poolSize }, () => {
    const client = connect(config)
    return { client, reader: toReader(client, config.prepare), running: 0 }
  })

/**
 * The first of those with the fewest statements. The driver's own pool goes
 * round all its connections, and each statement would wake the process of
 * Postgres that has slept longest: a twelfth more CPU for an order that comes
 * alone.
 */
const warmest = (connections: readonly Connection[]): Connection =>
  connections.reduce((best, each) => (each.running < best.running ? each : best))

const unavailable = (cause: unknown) =>
  new ProblemError('unavailable', 'The database cannot do it now; nothing was done. Try again.', {
    headers: { 'retry-after': '1' },
    cause,
  })

/** What its client may do now depends on its request: see toProblem, which completes this. */
const outcomeUnknown = (cause: unknown) =>
  new ProblemError('outcome-unknown', 'The database did not answer', { cause })

type Statement<Result> = PromiseLike<Result> & {
  readonly cancel: () => void
  /** The driver's own note, in none of its types: null until the statement is given to a connection. */
  readonly state?: unknown
}

const wasGiven = (statement: Statement<unknown>) => statement.state !== null

/**
 * An ERROR undoes the statement. A FATAL may come after the commit, and class 08 is a pooler that
 * has lost its own connection: both leave it open.
 */
const isUndone = (error: unknown) =>
  error instanceof postgres.PostgresError &&
  error.severity === 'ERROR' &&
  !error.code.startsWith('08')

/** How work ends that did not end well. */
interface Ending<Work> {
  readonly onDeadline: (work: Work) => void
  readonly toProblem: (error: unknown, work: Work) => ProblemError
}

/**
 * A pool that never makes a caller wait for ever. The driver has no time-out of
 * its own: a connection that swallows statements would keep its place in the
 * pool, so a statement over its deadline means a new pool.
 */
export const createConnections = (config: DatabaseConfig, log: Log) => {
  const deadlineMs = config.statementTimeoutMs + deadlineMarginMs
  let current = open(config)

  const close = (connections: readonly Connection[], timeout: number) =>
    Promise.all(connections.map(({ client }) => client.end({ timeout })))

  const replace = (used: readonly Connection[]) => {
    if (current !== used) return
    current = open(config)
    log.warn('opened new connections to the database')
    close(used, 0).catch((error: unknown) => {
      log.debug({ err: error }, 'old connections did not close')
    })
  }

  /** Runs some work on the pool within the deadline. */
  const run = async <Work extends PromiseLike<unknown>>(
    begin: (connection: Connection) => Work,
    { onDeadline, toProblem }: Ending<Work>,
  ): Promise<Awaited<Work>> => {
    const used = current
    const connection = warmest(used)
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
      return await Promise.race([work, deadline])
    } catch (error) {
      if (isAboutData(error) || isRetryable(error)) throw error
      log.warn({ err: error }, 'a statement ended without an answer')
      throw toProblem(error, work)
    } finally {
      clearTimeout(timer)
      connection.running -= 1
    }
  }

  /** A read changes nothing, whatever became of it. */
  const read = <Result>(begin: (connection: Connection) => PromiseLike<Result>) =>
    run(begin, { onDeadline: () => {}, toProblem: unavailable })

  /** What it throws is about the data, or says that nothing was done, or that nobody knows. */
  const write = <Result>(begin: (client: Connection['client']) => Statement<Result>) =>
    run(({ client }) => begin(client), {
      // Who is told that nothing was done must not be wrong a moment later.
      onDeadline: (statement) => {
        if (!wasGiven(statement)) statement.cancel()
      },
      toProblem: (error, statement) =>
        wasGiven(statement) && !isUndone(error) ? outcomeUnknown(error) : unavailable(error),
    })

  return { read, write, close: () => close(current, 2) }
}

export type Reader = Connection['reader']
