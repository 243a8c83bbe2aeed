import { ROOT_CONTEXT, SpanKind } from '@opentelemetry/api'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  type Sampler,
} from '@opentelemetry/sdk-trace'
import type { TracingConfig } from '../base/config.ts'
import type { Tracer } from '../base/trace.ts'

const parentBased = 'parentbased_'

const samplerOf = ({ sampler, ratio }: TracingConfig): Sampler => {
  switch (sampler.replace(parentBased, '')) {
    case 'always_off':
      return new AlwaysOffSampler()
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(ratio)
    default:
      return new AlwaysOnSampler()
  }
}

/**
 * Decides once for what a process does for one request. Whoever has a parent does as it does, without
 * the library's sampler for that: it wants a context of its own for each question.
 */
export const createSampling = (config: TracingConfig): Tracer['samples'] => {
  const sampler = samplerOf(config)
  const followsParent = config.sampler.startsWith(parentBased)
  return (traceId, parent) => {
    if (followsParent && parent !== undefined) return parent.isSampled
    const { decision } = sampler.shouldSample(ROOT_CONTEXT, traceId, '', SpanKind.SERVER, {}, [])
    return decision === SamplingDecision.RECORD_AND_SAMPLED
  }
}
