import postgres from 'postgres'
import { ConfigError } from '../platform/base/config.ts'
import { servicesWithDatabase, type ServiceName } from '../registry.ts'

/**
 * One connection for each database, on which nothing can be written. It must lead to Postgres itself:
 * a pooler would not pass these settings on.
 */
export interface Books {
  /** Undefined for a service that does not run: another issuer has the logins. */
  readonly ask: <Row extends object>(
    service: ServiceName,
    text: string,
    parameters?: readonly (string | null)[],
  ) => Promise<Row[]>
  readonly has: (service: ServiceName) => boolean
  readonly close: () => Promise<void>
}

export type BooksUrls = Readonly<Partial<Record<ServiceName, string>>>

/** A page takes a few milliseconds. Only an account with millions of operations takes longer. */
const statementTimeoutMs = 60_000
const answerMarginMs = 5_000

const open = (url: string) =>
  postgres(url, {
    max: 1,
    connect_timeout: 5,
    fetch_types: false,
    onnotice: () => {},
    connection: {
      application_name: 'orderly books',
      default_transaction_read_only: true,
      statement_timeout: statementTimeoutMs,
      // Each statement reads a page by its keys: a plan for it must not be one for any size, and
      // helpers or a compiler would cost more than they bring.
      plan_cache_mode: 'force_custom_plan',
      max_parallel_workers_per_gather: 0,
      jit: 'off',
    },
  })

/** The driver waits for ever when a connection does not answer any more. */
const within = async <Result>(work: PromiseLike<Result>, service: ServiceName): Promise<Result> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the database of ${service} did not answer`)),
      statementTimeoutMs + answerMarginMs,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Errors of statements quote them, and may quote rows. Their message says enough. */
const explained = (error: unknown, service: ServiceName) =>
  new Error(`the database of ${service} cannot be read`, {
    cause: error instanceof postgres.PostgresError ? new Error(error.message) : error,
  })

export const openBooks = (urls: BooksUrls): Books => {
  const missing = servicesWithDatabase.filter(
    (service) => service !== 'identity' && urls[service] === undefined,
  )
  if (missing.length > 0) {
    throw new ConfigError(`nobody said where the databases are of ${missing.join(', ')}`)
  }
  const connections = new Map(
    servicesWithDatabase.flatMap((service) => {
      const url = urls[service]
      return url === undefined ? [] : [[service, open(url)] as const]
    }),
  )
  return {
    ask: async <Row extends object>(
      service: ServiceName,
      text: string,
      parameters: readonly (string | null)[] = [],
    ) => {
      const connection = connections.get(service)
      if (connection === undefined) throw new Error(`${service} has no database here`)
      const work = connection.unsafe<Row[]>(text, [...parameters], { prepare: true })
      return within(work, service).catch((error: unknown) => {
        throw explained(error, service)
      })
    },
    has: (service) => connections.has(service),
    close: async () => {
      await Promise.all(
        [...connections.values()].map((connection) => connection.end({ timeout: 1 })),
      )
    },
  }
}
