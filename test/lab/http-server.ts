import { onTestFinished } from 'vitest'
import { nobody } from '../../src/platform/base/caller.ts'
import { readConfig, type Config } from '../../src/platform/base/config.ts'
import { createLog, createMetrics } from '../../src/platform/base/telemetry.ts'
import { handleByFetch } from '../../src/platform/http/fetch.ts'
import { createHttpServer, type HttpServerDeps } from '../../src/platform/http/server.ts'

export type Handler = (request: Request) => Response | Promise<Response>

/** The services' own server with one handler. It ends with the test that started it. */
export const startHttpServer = async (
  handler: Handler,
  settings: Partial<Config> & Pick<HttpServerDeps, 'requestTimeoutMs'> = {},
  log = createLog('user', 'silent'),
) => {
  const { requestTimeoutMs, ...config } = settings
  const metrics = createMetrics('user')
  const server = createHttpServer({
    config: { ...readConfig('gateway', {}), ...config },
    ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
    log,
    metrics,
    handle: handleByFetch(handler),
    find: () => ({ template: 'any', access: 'anyone' }),
    callerOf: () => nobody,
    checkReady: () => Promise.resolve(),
    instance: 'test',
    exposesMetrics: false,
  })
  onTestFinished(() => server.drain(0))
  return { port: await server.listen(0), metrics, drain: server.drain }
}
