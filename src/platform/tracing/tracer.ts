import { ExportResultCode } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type ReadableSpan, type SpanExporter } from '@opentelemetry/sdk-trace'
import { Counter } from 'prom-client'
import type { ServiceName } from '../../registry.ts'
import type { TracingConfig } from '../base/config.ts'
import { uuidv7 } from '../base/ids.ts'
import type { Log, Metrics } from '../base/telemetry.ts'
import type { Tracer } from '../base/trace.ts'
import { toReadableSpan } from './readable-span.ts'
import { createSampling } from './samplers.ts'

export interface TracerDeps {
  readonly service: ServiceName
  readonly config: TracingConfig
  readonly log: Log
  readonly metrics: Metrics
}

/** What waits for the collector, and what is on its way to it. About 3 MB when it is full. */
const maxWaiting = 2_048
const batchSize = 512
/** What a process has not handed over when it is killed is lost, so it does not keep it for long. */
const handOverMs = 1_000
const deliveryTimeoutMs = 5_000
/** How long a process that stops waits for the collector. */
const closeMs = 500

/** Spans by what came of them. */
const createCounts = ({ registry }: Metrics) => {
  const delivered = new Counter({
    name: 'trace_spans_delivered_total',
    help: 'Spans that the collector took',
    registers: [registry],
  })
  const dropped = new Counter({
    name: 'trace_spans_dropped_total',
    help: 'Spans that were given up, because too many waited or the collector did not take them',
    labelNames: ['reason'],
    registers: [registry],
  })
  // A counter must exist before its first event: else a rate over it misses that event.
  for (const reason of ['queue-full', 'not-taken', 'stopped']) dropped.inc({ reason }, 0)
  return { delivered, dropped }
}

/** Says once that the collector fails, and once that it works again. */
const createComplaint = (log: Log, endpoint: string) => {
  let isBroken = false
  return (error: Error | undefined) => {
    if (error !== undefined && !isBroken) {
      log.warn({ err: error, endpoint }, 'the collector does not take our spans; they are dropped')
    }
    if (error === undefined && isBroken) log.warn({ endpoint }, 'the collector takes spans again')
    isBroken = error !== undefined
  }
}

const soon = (ms: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref()
  })

/**
 * Hands spans to a collector by OTLP, in batches and beside the work. A collector that is slow or
 * away costs a bounded queue, and what does not fit into it.
 */
export const createTracer = ({ service, config, log, metrics }: TracerDeps): Tracer => {
  const { delivered, dropped } = createCounts(metrics)
  const complain = createComplaint(log, config.endpoint)
  const resource = resourceFromAttributes({
    'service.name': service,
    'service.namespace': 'orderly',
    'service.instance.id': uuidv7(),
  })
  const exporter = new OTLPTraceExporter({
    url: config.endpoint,
    timeoutMillis: deliveryTimeoutMs,
    // A process that stops hands over all that it has at once.
    concurrencyLimit: maxWaiting / batchSize,
  })
  let waiting = 0

  const counted: SpanExporter = {
    export: (spans: ReadableSpan[], onResult) =>
      exporter.export(spans, (result) => {
        const isTaken = result.code === ExportResultCode.SUCCESS
        waiting -= spans.length
        if (isTaken) delivered.inc(spans.length)
        else dropped.inc({ reason: 'not-taken' }, spans.length)
        complain(isTaken ? undefined : (result.error ?? new Error('it was not taken')))
        onResult(result)
      }),
    shutdown: () => exporter.shutdown(),
  }
  const processor = new BatchSpanProcessor({
    exporter: counted,
    maxQueueSize: maxWaiting,
    maxExportBatchSize: batchSize,
    scheduledDelayMillis: handOverMs,
    // The exporter ends sooner, and its answer is what we count.
    exportTimeoutMillis: 2 * deliveryTimeoutMs,
  })

  return {
    samples: createSampling(config),
    add: (span) => {
      if (waiting >= maxWaiting) {
        dropped.inc({ reason: 'queue-full' })
        return
      }
      waiting += 1
      processor.onEnd(toReadableSpan(span, resource))
    },
    close: async () => {
      const ended = processor.shutdown().catch(() => {})
      await Promise.race([ended, soon(closeMs)])
      if (waiting > 0) dropped.inc({ reason: 'stopped' }, waiting)
    },
  }
}
