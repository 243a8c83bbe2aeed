import type { ServiceName } from '../../registry.ts'
import {
  atPlace,
  isOfTrace,
  isToldTrace,
  placeOfRow,
  spanIdOfRow,
  spanTimeMs,
  tracePlace,
  type Span,
  type SpanEvent,
  type StepTimes,
  type TracePlace,
  type Tracer,
} from '../base/trace.ts'
import type { TimelineEntry } from './due-rows.ts'

/**
 * The spans of a saga are made from its row, by whoever finishes it: one for the saga, and below it
 * one for each step, however often and by whomever that was tried. Their ids come from the row's, so
 * other services can name them as parents before they are told, and a process that dies takes none of
 * them along.
 */
export interface TracedRow {
  readonly id: string
  /** Null: nobody collected traces when it was stored. */
  readonly trace: string | null
}

export interface SagaTracesOptions {
  readonly tracer: Tracer | undefined
  /** What the span of the whole is called. */
  readonly saga: string
  /** Whom each step calls. */
  readonly calls: Readonly<Record<string, ServiceName>>
}

/** What became of a saga. */
export interface SagaEnd {
  readonly since: Date
  readonly state: string
  readonly timeline: readonly TimelineEntry[]
}

const eventOf = ({ at, step, attempt, outcome, ms }: TimelineEntry): SpanEvent => ({
  name: `${step}: ${outcome}`,
  atMs: Date.parse(at),
  attributes: { 'orderly.attempt': attempt, 'orderly.ms': ms },
})

/** From the first attempt to the last: what is on the row, and what was taken here. */
const timesOf = (attempts: readonly TimelineEntry[], here: StepTimes | undefined): StepTimes => {
  const [first, last] = [attempts[0], attempts.at(-1)]
  if (here !== undefined && attempts.length < 2) return here
  if (first === undefined || last === undefined) throw new Error('a step was never taken')
  const startMs = Date.parse(first.at) - first.ms
  return { startMs, endMs: Math.max(Date.parse(last.at), here?.endMs ?? startMs) }
}

/** In the trace of a request that goes on with a row of an earlier trace, its span points there. */
const linkFromRequest = (place: TracePlace) => {
  const present = tracePlace()
  if (present !== undefined && present.traceId !== place.traceId) present.links?.push(place)
}

const noteStep = (step: string, startMs: number) => {
  const steps = tracePlace()?.steps
  const before = steps?.get(step)
  steps?.set(step, { startMs: before?.startMs ?? startMs, endMs: spanTimeMs() })
}

/** Most traces are not told. All they need is their id, for the log and for those who are called. */
const inUntoldTrace = <Result>(trace: string, tracer: Tracer, work: () => Result): Result =>
  isOfTrace(trace, tracePlace()) ? work() : atPlace(placeOfRow(trace, tracer), work)

export const createSagaTraces = ({ tracer, saga, calls }: SagaTracesOptions) => {
  /** Where the spans of a row belong whose trace is told. */
  const placesOf = ({ id, trace }: TracedRow) => {
    if (tracer === undefined || !isToldTrace(trace)) return undefined
    const above = placeOfRow(trace, tracer)
    return above && { above, own: { ...above, spanId: spanIdOfRow(id, saga) } }
  }

  const placeOfStep = (row: TracedRow, own: TracePlace, step: string) => ({
    ...own,
    spanId: spanIdOfRow(row.id, `${saga} ${step}`),
  })

  /** The spans of the steps that call somebody. */
  const spansOfSteps = (row: TracedRow, own: TracePlace, timeline: SagaEnd['timeline']): Span[] => {
    const stored = Map.groupBy(timeline, ({ step }) => step)
    const here = tracePlace()?.steps
    const names = new Set([...stored.keys(), ...(here?.keys() ?? [])])
    return [...names].flatMap((step) => {
      const service = calls[step]
      if (service === undefined) return []
      const attempts = stored.get(step) ?? []
      return {
        traceId: own.traceId,
        spanId: placeOfStep(row, own, step).spanId,
        parentId: own.spanId,
        name: step,
        kind: 'client' as const,
        ...timesOf(attempts, here?.get(step)),
        attributes: { 'peer.service': service, 'orderly.attempts': Math.max(attempts.length, 1) },
        events: attempts.length > 1 ? attempts.map(eventOf) : [],
      }
    })
  }

  return {
    /** Goes on with a row in its own trace, whichever request or process does so. */
    walk: <Result>(row: TracedRow, work: () => Result): Result => {
      if (tracer === undefined || row.trace === null) return work()
      const own = placesOf(row)?.own
      if (own === undefined) return inUntoldTrace(row.trace, tracer, work)
      linkFromRequest(own)
      return atPlace({ ...own, steps: new Map<string, StepTimes>() }, work)
    },
    /** Takes a step that calls another service. */
    step: async <Result>(
      row: TracedRow,
      step: string,
      work: () => Promise<Result>,
    ): Promise<Result> => {
      const own = placesOf(row)?.own
      if (own === undefined) return work()
      const startMs = spanTimeMs()
      const result = await atPlace(placeOfStep(row, own, step), work)
      noteStep(step, startMs)
      return result
    },
    /** Tells of the whole saga when nothing is owed any more. */
    ended: (row: TracedRow, { since, state, timeline }: SagaEnd): void => {
      const places = placesOf(row)
      if (places === undefined) return
      const { above, own } = places
      const spans = spansOfSteps(row, own, timeline)
      for (const span of spans) own.tracer.add(span)
      own.tracer.add({
        traceId: own.traceId,
        spanId: own.spanId,
        parentId: above.spanId,
        name: saga,
        kind: 'internal',
        startMs: Math.min(since.getTime(), ...spans.map(({ startMs }) => startMs)),
        endMs: spanTimeMs(),
        attributes: { 'orderly.id': row.id, 'orderly.state': state },
        events: timeline.filter(({ step }) => calls[step] === undefined).map(eventOf),
      })
    },
  }
}

export type SagaTraces = ReturnType<typeof createSagaTraces>
