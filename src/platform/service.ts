import type { ServiceName } from '../registry.ts'
import { createServiceSigner } from './access/service-tokens.ts'
import type { Config } from './base/config.ts'
import { createAsker } from './calls/client.ts'
import { createTransport } from './calls/transport.ts'
import type { FindRoute } from './http/routes.ts'
import type { Handle } from './http/server.ts'
import type { Loop } from './saga/recovery.ts'
import type { Log, Metrics } from './base/telemetry.ts'
import type { Tracer } from './base/trace.ts'

/** What a process gives to the service that it runs. */
export interface Runtime {
  readonly config: Config
  readonly log: Log
  readonly metrics: Metrics
  /** Undefined: nobody collects traces. */
  readonly tracer?: Tracer | undefined
  /** How this process names itself, so that it can be told from others of its service. */
  readonly instance: string
}

/** What a service returns, so that the process can run it. */
export interface Service {
  readonly handle: Handle
  /** The route of a request, and who may call it. What it does not find, nobody needs a token for. */
  readonly find: FindRoute
  readonly checkReady: () => Promise<unknown>
  /** Rejects with a clear reason when the service cannot start at all. */
  readonly prepare: () => Promise<unknown>
  readonly loops: readonly Loop[]
  /** Ends what would go on for long, before the process waits for open requests. */
  readonly beginStop?: () => void
  readonly close: () => Promise<unknown>
}

export const upstreamUrl = ({ config }: Runtime, name: ServiceName): string => {
  const url = config.upstreams[name]
  if (url === undefined) throw new Error(`${config.service} may not call ${name}: see the registry`)
  return url
}

/** Connects the client of one upstream to it. Each call shows who makes it. */
export const connectUpstream = (runtime: Runtime, upstream: ServiceName) => {
  const { config, log, metrics } = runtime
  const { service: caller, callTimeoutMs, serviceKey } = config
  if (serviceKey === undefined) throw new Error(`${caller} has no key to show who it is`)
  const transport = createTransport({
    caller,
    upstream,
    baseUrl: upstreamUrl(runtime, upstream),
    callTimeoutMs,
    metrics,
    authorization: createServiceSigner(caller, upstream, serviceKey),
  })
  return { ...transport, ask: createAsker({ upstream, log }) }
}
