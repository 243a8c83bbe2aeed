import type { Pool } from 'undici'
import { exchange, type Received } from './exchange.ts'
import { openPool } from './pool.ts'

export interface ReadsDeps {
  readonly baseUrl: string
  readonly connections: number
  readonly timeoutMs: number
}

/** Asks a service for what it shows to somebody, now and then. Nothing is open before the first time. */
export const createReads = ({ baseUrl, connections, timeoutMs }: ReadsDeps) => {
  let pool: Pool | undefined
  return {
    /** Throws when there is no answer in time. */
    read: (path: string, headers: Record<string, string>): Promise<Received> => {
      pool ??= openPool(baseUrl, connections, timeoutMs)
      return exchange(pool, { method: 'GET', path, headers, body: null, timeoutMs })
    },
    close: async () => {
      await pool?.destroy()
    },
  }
}

export type Reads = ReturnType<typeof createReads>
