import { exchange } from './exchange.ts'
import { openPool } from './pool.ts'

/** Asks a service whether it is ready, on its own connection: calls must not delay this. */
export const createReadinessProbe = (baseUrl: string, timeoutMs: number) => {
  const pool = openPool(baseUrl, 1, timeoutMs)
  const isReady = async (): Promise<boolean> => {
    try {
      const { status } = await exchange(pool, {
        method: 'GET',
        path: '/readyz',
        headers: {},
        body: null,
        timeoutMs,
      })
      return status === 200
    } catch {
      return false
    }
  }
  return { isReady, close: () => pool.destroy() }
}
