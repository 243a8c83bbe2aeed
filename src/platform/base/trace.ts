import { AsyncLocalStorage } from 'node:async_hooks'
import { randomFillSync } from 'node:crypto'

/**
 * Where in a trace the present work belongs: what it does is a span below this one. Nothing here
 * exists while nobody collects traces; then all that is left of it is one look for a place that is
 * not there.
 */
export interface TracePlace {
  readonly traceId: string
  /** Undefined where a trace begins with what is done next. */
  readonly spanId: string | undefined
  /** The span above its own, which a caller has named. */
  readonly parentId?: string | undefined
  readonly isSampled: boolean
  /**
   * Its span is made from a row, whoever finishes that: it is told even if this process dies. So what
   * other services do for it may name it as their parent.
   */
  readonly isOfRow?: boolean
  /** Those whose work is done here together, by a shared request. */
  readonly shared?: readonly TracePlace[]
  /** Places in other traces that its span tells of when it ends. */
  readonly links?: TracePlace[]
  /** When each step was taken here that this row's saga needed. */
  readonly steps?: Map<string, StepTimes>
  readonly tracer: Tracer
}

export interface StepTimes {
  readonly startMs: number
  readonly endMs: number
}

/** Only values that are no personal data: who reads traces may not know whom they are about. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

export type SpanKind = 'server' | 'client' | 'internal'

export interface SpanEvent {
  readonly name: string
  readonly atMs: number
  readonly attributes: SpanAttributes
}

/** Something that was done. Times are milliseconds since 1970, with their fractions. */
export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentId: string | undefined
  readonly name: string
  readonly kind: SpanKind
  readonly startMs: number
  readonly endMs: number
  readonly attributes: SpanAttributes
  readonly links?: readonly TracePlace[]
  readonly events?: readonly SpanEvent[]
  /** Why it failed, if it did. */
  readonly failure?: string | undefined
}

export interface Tracer {
  /** Whether a trace that begins here, or comes from elsewhere, is told. */
  readonly samples: (traceId: string, parent: Parent | undefined) => boolean
  /** Takes a span that has ended, and never fails or waits. */
  readonly add: (span: Span) => void
  /** Hands over what is left, for a moment at most. */
  readonly close: () => Promise<void>
}

/** What a `traceparent` says. */
export interface Parent {
  readonly traceId: string
  readonly spanId: string
  readonly isSampled: boolean
}

const places = new AsyncLocalStorage<TracePlace | undefined>()

/** Where the present work belongs, if traces are collected. */
export const tracePlace = (): TracePlace | undefined => places.getStore()

/** Runs some work, and all that it begins, at a place, or at none. */
export const atPlace = <Result>(place: TracePlace | undefined, work: () => Result): Result =>
  place === places.getStore() ? work() : places.run(place, work)

/** Now, as spans have it. */
export const spanTimeMs = (): number => performance.timeOrigin + performance.now()

// --- the header -----------------------------------------------------------------

const noSpan = '0'.repeat(16)
const noTrace = '0'.repeat(32)
const header = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/

/** Reads a `traceparent` of W3C. One that is wrong counts as none. */
export const parseTraceparent = (text: string): Parent | undefined => {
  const [, traceId, spanId, flags] = header.exec(text) ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  if (traceId === noTrace || spanId === noSpan) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** What `traceOfRow` has stored. A span of zeros means that nothing is above the row. */
export const placeOfRow = (stored: string, tracer: Tracer): TracePlace | undefined => {
  const [, traceId, spanId, flags] = header.exec(stored) ?? []
  if (traceId === undefined || flags === undefined) return undefined
  return {
    traceId,
    spanId: spanId === noSpan ? undefined : spanId,
    isSampled: flags === '01',
    isOfRow: true,
    tracer,
  }
}

/** Whether spans are told of a row, by what it keeps. To look costs less than to read it all. */
export const isToldTrace = (stored: string | null): stored is string =>
  stored?.endsWith('-01') === true

/** Whether a place is in the trace that a row keeps. */
export const isOfTrace = (stored: string, place: TracePlace | undefined): boolean =>
  place !== undefined && stored.startsWith(place.traceId, 3)

export const formatTraceparent = ({
  traceId,
  spanId = noSpan,
  isSampled,
}: Pick<TracePlace, 'traceId' | 'spanId' | 'isSampled'>): string =>
  `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`

/**
 * What a row keeps of the present place, so that whoever goes on with it is in the same trace. The
 * row's spans are below what called for it, not below what this process does now: that would be
 * missing if the process died before it could tell.
 */
export const traceOfRow = (): string | null => {
  const place = places.getStore()
  if (place === undefined) return null
  if (place.isOfRow === true) return formatTraceparent(place)
  return formatTraceparent({ ...place, spanId: place.parentId })
}

// --- ids ------------------------------------------------------------------------

const spanIdBytes = 8
/** Randomness for many ids: to ask for it costs more than all the rest of an id. */
const store = Buffer.alloc(256 * spanIdBytes)
let used = store.length

const takeHex = (bytes: number): string => {
  if (used + bytes > store.length) {
    randomFillSync(store)
    used = 0
  }
  used += bytes
  return store.toString('hex', used - bytes, used)
}

export const newSpanId = (): string => takeHex(spanIdBytes)
export const newTraceId = (): string => takeHex(2 * spanIdBytes)

/** FNV-1a, twice 32 bits. */
const hashOf = (text: string): readonly [number, number] => {
  let high = 0x811c9dc5
  let low = 0x01000193
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    high = Math.imul(high ^ code, 0x01000193)
    low = Math.imul(low ^ code, 0x85ebca6b)
  }
  return [high >>> 0, low >>> 0]
}

const hexOf = (number: number) => (number >>> 0).toString(16).padStart(8, '0')

/**
 * The same id whichever process makes it: from the random half of a row's id, and the name of what
 * is done for the row.
 */
export const spanIdOfRow = (rowId: string, name: string): string => {
  const [high, low] = hashOf(name)
  const half = rowId.slice(19, 23) + rowId.slice(24)
  return (
    hexOf(Number.parseInt(half.slice(0, 8), 16) ^ high) +
    hexOf(Number.parseInt(half.slice(8), 16) ^ low)
  )
}

// --- places ---------------------------------------------------------------------

/** A place with a span of its own below another, or below nothing. */
export interface OpenSpan extends TracePlace {
  readonly spanId: string
  readonly parentId: string | undefined
  readonly startMs: number
}

/** Begins what a request asks for: in the caller's trace, if it names one. */
export const beginRequest = (
  tracer: Tracer,
  traceparent: string | readonly string[] | undefined,
): OpenSpan => {
  const parent = typeof traceparent === 'string' ? parseTraceparent(traceparent) : undefined
  const traceId = parent?.traceId ?? newTraceId()
  const isSampled = tracer.samples(traceId, parent)
  return {
    traceId,
    // Where nothing is told, nobody needs an id of his own.
    spanId: isSampled ? newSpanId() : (parent?.spanId ?? newSpanId()),
    parentId: parent?.spanId,
    isSampled,
    ...(isSampled ? { links: [] } : {}),
    startMs: spanTimeMs(),
    tracer,
  }
}

/** Begins a span below a place, if that is told. */
export const beginSpan = (place = places.getStore()): OpenSpan | undefined => {
  if (place === undefined || !place.isSampled) return undefined
  return {
    traceId: place.traceId,
    spanId: newSpanId(),
    parentId: place.spanId,
    isSampled: true,
    startMs: spanTimeMs(),
    tracer: place.tracer,
  }
}

export type SpanEnd = Pick<Span, 'name' | 'kind' | 'attributes' | 'failure' | 'links' | 'events'>

/** Tells of a span that ends now. */
export const endSpan = (span: OpenSpan, end: SpanEnd): void => {
  const { traceId, spanId, parentId, startMs, tracer } = span
  tracer.add({ traceId, spanId, parentId, startMs, endMs: spanTimeMs(), ...end })
}

/** What a span may say of an error: messages may quote values. */
export const failureOf = (error: unknown): string => {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown }
  if (typeof code === 'string') return code
  return typeof name === 'string' ? name : 'failed'
}
