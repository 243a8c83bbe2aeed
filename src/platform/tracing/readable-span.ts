import {
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type HrTime,
  type SpanContext,
} from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { Span, TracePlace } from '../base/trace.ts'

const kinds = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
} as const

const hrTime = (ms: number): HrTime => {
  const seconds = Math.floor(ms / 1e3)
  return [seconds, Math.round((ms - seconds * 1e3) * 1e6)]
}

const contextOf = (traceId: string, spanId: string, isRemote = false): SpanContext => ({
  traceId,
  spanId,
  traceFlags: TraceFlags.SAMPLED,
  isRemote,
})

const linkTo = ({ traceId, spanId }: TracePlace) =>
  spanId === undefined ? [] : [{ context: contextOf(traceId, spanId) }]

const scope = { name: 'orderly' }

/**
 * A span as the library exports it. The library's own way makes a span when it begins, with an id of
 * its own choice; ours are told when they are over, and some have the id of a row.
 */
export const toReadableSpan = (span: Span, resource: Resource): ReadableSpan => {
  const context = contextOf(span.traceId, span.spanId)
  const endMs = Math.max(span.startMs, span.endMs)
  return {
    name: span.name,
    kind: kinds[span.kind],
    spanContext: () => context,
    ...(span.parentId === undefined
      ? {}
      : { parentSpanContext: contextOf(span.traceId, span.parentId) }),
    startTime: hrTime(span.startMs),
    endTime: hrTime(endMs),
    duration: hrTime(endMs - span.startMs),
    status:
      span.failure === undefined
        ? { code: SpanStatusCode.UNSET }
        : { code: SpanStatusCode.ERROR, message: span.failure },
    attributes: span.attributes,
    links: (span.links ?? []).flatMap(linkTo),
    events: (span.events ?? []).map(({ name, atMs, attributes }) => ({
      name,
      time: hrTime(atMs),
      attributes,
    })),
    ended: true,
    resource,
    instrumentationScope: scope,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  }
}
