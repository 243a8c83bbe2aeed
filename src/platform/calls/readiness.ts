import { openPool } from './pool.ts'

/** Asks a service whether it is ready, on its own connection: calls must not delay this. */
export const createReadinessProbe = (baseUrl: string, timeoutMs: number) => {
  const pool = openPool(baseUrl, 1, timeoutMs)
  const isReady = async (): Promise<boolean> => {
    try {
      const { statusCode, body } = await pool.request({
        path: '/readyz',
        method: 'GET',
        signal: AbortSignal.timeout(timeoutMs),
      })
      await body.dump()
      return statusCode === 200
    } catch {
      return false
    }
  }
  return { isReady, close: () => pool.destroy() }
}
