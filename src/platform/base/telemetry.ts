import { pino, type Logger } from 'pino'
import {
  Counter,
  Gauge,
  Histogram,
  Registry,
  collectDefaultMetrics,
  type Metric,
} from 'prom-client'
import type { ServiceName } from '../../registry.ts'
import { hidePersonal } from './redaction.ts'
import { tracePlace } from './trace.ts'

export type Log = Logger

/**
 * Some fifty lines in one write. With 4 KB a busy gateway spends three times as
 * long on writing; pino itself writes 16 KB at once at most.
 */
const logChunkBytes = 12 * 1024

/** By these a line is found that belongs to a trace. */
const traceFields = () => {
  const { traceId, spanId } = tracePlace() ?? {}
  return { traceId, spanId }
}

/** Logs are JSON lines on stdout without personal data, written off the hot path in chunks. */
export const createLog = (service: ServiceName, level: string, isTraced = false): Log =>
  pino(
    {
      level,
      ...(isTraced ? { mixin: traceFields } : {}),
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { log: hidePersonal },
      // Errors are plain objects by then, which the usual serializer would take for errors.
      serializers: { err: (error: unknown) => error },
    },
    pino.destination({ dest: 1, sync: false, minLength: logChunkBytes, periodicFlush: 200 }),
  )

export interface Metrics {
  readonly registry: Registry
  readonly requestSeconds: Histogram<'method' | 'route' | 'status'>
  readonly refusedRequests: Counter<'reason'>
  readonly callSeconds: Histogram<'upstream' | 'outcome'>
  readonly batchSize: Histogram<'statement'>
}

/** The value is counted when the metrics are read, so that requests pay nothing for it. */
export const addGauge = (
  { registry }: Metrics,
  name: string,
  help: string,
  count: () => number,
): Gauge =>
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(count())
    },
  })

/** The metric of this name. The first part of a service that needs it makes it, the others share it. */
export const sharedMetric = <Shared extends Metric>(
  { registry }: Metrics,
  name: string,
  make: (name: string) => Shared,
): Shared => (registry.getSingleMetric(name) as Shared | undefined) ?? make(name)

/** Gauges whose names say that they are counters, which Prometheus' own check refuses. */
const misnamed = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

/** With `isService` false nobody reads them, and the process is not watched for them. */
export const createMetrics = (service: ServiceName, isService = true): Metrics => {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  if (isService) collectDefaultMetrics({ register: registry })
  for (const name of misnamed) registry.removeSingleMetric(name)
  const registers = [registry]
  const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]
  return {
    registry,
    requestSeconds: new Histogram({
      name: 'http_request_duration_seconds',
      help: 'How long requests took',
      labelNames: ['method', 'route', 'status'],
      buckets,
      registers,
    }),
    refusedRequests: new Counter({
      name: 'http_requests_refused_total',
      help: 'Requests refused, and connections cut, before a handler had a say',
      labelNames: ['reason'],
      registers,
    }),
    callSeconds: new Histogram({
      name: 'upstream_call_duration_seconds',
      help: 'How long attempts of calls to other services took, by outcome',
      labelNames: ['upstream', 'outcome'],
      buckets,
      registers,
    }),
    batchSize: new Histogram({
      name: 'statement_batch_size',
      help: 'How many callers shared one statement',
      labelNames: ['statement'],
      buckets: [1, 2, 4, 8, 16, 32, 64, 128],
      registers,
    }),
  }
}

/** The timers of the calls to one upstream. Both outcomes exist from the start, at zero. */
export const callTimers = ({ callSeconds }: Metrics, upstream: ServiceName) => {
  const timerOf = (outcome: 'answered' | 'unknown') => {
    callSeconds.zero({ upstream, outcome })
    return callSeconds.labels(upstream, outcome)
  }
  return { answered: timerOf('answered'), unknown: timerOf('unknown') }
}
