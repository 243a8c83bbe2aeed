import type { Pool } from 'undici'
import { exchange } from './exchange.ts'
import { openPool } from './pool.ts'

const maxBytes = 256 * 1024

/** Reads JSON documents of others by their addresses. It follows no redirect. */
export const createDocumentReader = (timeoutMs: number) => {
  const pools = new Map<string, Pool>()
  const poolOf = (origin: string) => {
    const pool = pools.get(origin) ?? openPool(origin, 1, timeoutMs)
    pools.set(origin, pool)
    return pool
  }

  const read = async (address: string): Promise<unknown> => {
    const { origin, pathname, search } = new URL(address)
    const { status, body } = await exchange(poolOf(origin), {
      method: 'GET',
      path: `${pathname}${search}`,
      headers: { accept: 'application/json' },
      body: null,
      timeoutMs,
      maxBytes,
    })
    if (status !== 200) throw new Error(`${address} was answered ${status}`)
    return JSON.parse(body)
  }

  return {
    read,
    close: async () => {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
    },
  }
}
