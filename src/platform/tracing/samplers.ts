import { ROOT_CONTEXT, SpanKind, TraceFlags, trace } from '@opentelemetry/api'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace'
import type { TracingConfig } from '../base/config.ts'
import type { Tracer } from '../base/trace.ts'

const rootSampler = ({ sampler, ratio }: TracingConfig): Sampler => {
  switch (sampler.replace('parentbased_', '')) {
    case 'always_off':
      return new AlwaysOffSampler()
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio)
    default:
      return new AlwaysOnSampler()
  }
}

const samplerOf = (config: TracingConfig): Sampler => {
  const root = rootSampler(config)
  return config.sampler.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root
}

/** Decides once for what a process does for one request. */
export const createSampling = (config: TracingConfig): Tracer['samples'] => {
  const sampler = samplerOf(config)
  return (traceId, parent) => {
    const context =
      parent === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, {
            traceId,
            spanId: parent.spanId,
            traceFlags: parent.isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
            isRemote: true,
          })
    const { decision } = sampler.shouldSample(context, traceId, '', SpanKind.SERVER, {}, [])
    return decision === SamplingDecision.RECORD_AND_SAMPLED
  }
}
