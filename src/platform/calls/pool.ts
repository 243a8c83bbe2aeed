import { createRequire } from 'node:module'
import type { Pool } from 'undici'

/**
 * Only the pool. All of undici is a hundred files, among them a second `fetch`, caches and mocks:
 * 2.5 MB in each process, which it would also have to read at each start.
 */
const load = createRequire(import.meta.url)
const PoolOfUndici = load('undici/lib/dispatcher/pool.js') as typeof Pool

/** Less than the 65 s of our servers: else they could close a connection that we begin to use. */
const keepAliveTimeoutMs = 4_000
/** One address has many replicas, and a connection leads to one: new replicas need new connections. */
const connectionLifetimeMs = 5_000

/** Opens connections to one service, with the same settings for every caller. */
export const openPool = (baseUrl: string, connections: number, connectTimeoutMs: number) =>
  new PoolOfUndici(baseUrl, {
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
