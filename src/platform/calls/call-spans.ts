import {
  beginSpan,
  endSpan,
  formatTraceparent,
  tracePlace,
  type OpenSpan,
  type TracePlace,
} from '../base/trace.ts'

/** What a call needs to know of the trace that it belongs to. */
export interface CallTrace {
  readonly traceparent: string
  readonly answered: (status: number) => void
  readonly failed: (reason: string) => void
}

const nothing = () => {}

const attributesOf = (upstream: string, status?: number) => ({
  'peer.service': upstream,
  ...(status === undefined ? {} : { 'http.response.status_code': status }),
})

const tellCall = (
  span: OpenSpan,
  upstream: string,
  name: string,
  links?: readonly TracePlace[],
) => {
  const call = { name, kind: 'client', links } as const
  return {
    answered: (status: number) =>
      endSpan(span, { ...call, attributes: attributesOf(upstream, status) }),
    failed: (failure: string) =>
      endSpan(span, { ...call, attributes: attributesOf(upstream), failure }),
  }
}

/**
 * Begins a call at the present place. Undefined: nobody collects traces.
 *
 * A call for a row names the step's span as its parent, which is told in the end whatever dies. So
 * what is told of the call itself is only what the step does not say: that it failed, or that others
 * shared it.
 */
export const beginCall = (upstream: string, name: string): CallTrace | undefined => {
  const place = tracePlace()
  if (place === undefined) return undefined
  const span = beginSpan(place)
  const traceparent = formatTraceparent(place)
  if (span === undefined) return { traceparent, answered: nothing, failed: nothing }
  const tell = tellCall(span, upstream, name, place.shared)
  if (place.isOfRow !== true) return { traceparent: formatTraceparent(span), ...tell }
  return { traceparent, ...tell, ...(place.shared === undefined ? { answered: nothing } : {}) }
}

/** The place of a request that several share: that of the first of them whose trace is told. */
export const sharedPlace = (
  callers: readonly (TracePlace | undefined)[],
): TracePlace | undefined => {
  const told = callers.filter((caller) => caller?.isSampled === true) as TracePlace[]
  const [first] = told
  return first === undefined ? callers[0] : { ...first, shared: told }
}
