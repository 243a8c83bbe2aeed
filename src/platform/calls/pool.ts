import { Pool } from 'undici'

/** Less than the 65 s of our servers: else they could close a connection that we begin to use. */
const keepAliveTimeoutMs = 4_000
/** One address has many replicas, and a connection leads to one: new replicas need new connections. */
const connectionLifetimeMs = 5_000

/** Opens connections to one service, with the same settings for every caller. */
export const openPool = (baseUrl: string, connections: number, connectTimeoutMs: number) =>
  new Pool(baseUrl, {
    connections,
    pipelining: 1,
    keepAliveTimeout: keepAliveTimeoutMs,
    // Ignores a longer time that the server offers: it closes idle connections after its drain.
    keepAliveMaxTimeout: keepAliveTimeoutMs,
    clientTtl: connectionLifetimeMs,
    connect: { timeout: connectTimeoutMs },
    // The caller has its own timer for the whole: undici's timers fire up to a second late.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
