import { Pool } from 'undici'

/** Below the 65 s of our servers: they must never close a connection that we are about to use. */
const keepAliveTimeoutMs = 4_000
/** Addresses lead to many replicas, and a connection to one: new ones get work only by new connections. */
const connectionLifetimeMs = 5_000

/** Opens the connections to one service, alike for all who need some. */
export const openPool = (baseUrl: string, connections: number, connectTimeoutMs: number) =>
  new Pool(baseUrl, {
    connections,
    pipelining: 1,
    keepAliveTimeout: keepAliveTimeoutMs,
    // Whatever longer time the server offers: it closes idle connections when it has drained.
    keepAliveMaxTimeout: keepAliveTimeoutMs,
    clientTtl: connectionLifetimeMs,
    connect: { timeout: connectTimeoutMs },
    // A timer of the caller's own watches the whole: undici's fire up to a second late.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
