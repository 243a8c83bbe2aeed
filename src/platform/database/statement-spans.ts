import {
  beginSpan,
  endSpan,
  failureOf,
  type OpenSpan,
  type SpanEnd,
  type TracePlace,
} from '../base/trace.ts'

const endOf = (name: string, more: Partial<SpanEnd> = {}): SpanEnd => ({
  name,
  kind: 'client',
  ...more,
  attributes: { 'db.system.name': 'postgresql', 'db.operation.name': name, ...more.attributes },
})

/** Runs work to its end, and tells of it then. */
const untilOver = async <Result>(
  work: () => Promise<Result>,
  tell: (failure?: string) => void,
): Promise<Result> => {
  try {
    const result = await work()
    tell()
    return result
  } catch (error) {
    tell(failureOf(error))
    throw error
  }
}

/** A statement that one caller runs for itself is a span of that caller. */
export const inStatementSpan = <Result>(
  name: string,
  work: () => Promise<Result>,
): Promise<Result> => {
  const span = beginSpan()
  if (span === undefined) return work()
  return untilOver(work, (failure) => endSpan(span, endOf(name, { failure })))
}

interface Asked {
  readonly span: OpenSpan
  /** The statement that it shared with others. */
  shared?: TracePlace
}

/**
 * A statement that callers share: each has a span, from asking to its answer. If there were several,
 * the statement itself is one more, below that of the first; it and they are linked.
 */
export const createStatementSpans = (name: string) => {
  const asked = new WeakMap<object, Asked>()
  let open = 0

  const runShared = <Result>(
    callers: readonly Asked[],
    rows: number,
    work: () => Promise<Result>,
  ): Promise<Result> => {
    // Nothing is told of those whose traces are not told, and not in the place that happens to be here.
    if (callers.length === 0) return work()
    const span = beginSpan(callers[0]?.span)
    if (span === undefined) return work()
    for (const caller of callers) caller.shared = span
    return untilOver(work, (failure) =>
      endSpan(
        span,
        endOf(name, {
          attributes: { 'db.operation.batch.size': rows },
          links: callers.map((caller) => caller.span),
          failure,
        }),
      ),
    )
  }

  return {
    /** The wait of one caller. */
    ask: <Item extends object, Result>(
      item: Item,
      run: (item: Item) => Promise<Result>,
    ): Promise<Result> => {
      const span = beginSpan()
      if (span === undefined) return run(item)
      const mine: Asked = { span }
      asked.set(item, mine)
      open += 1
      return untilOver(
        () => run(item),
        (failure) => {
          open -= 1
          const links = mine.shared === undefined ? [] : [mine.shared]
          endSpan(span, endOf(name, { links, failure }))
        },
      )
    },
    /** The statement for all of them. */
    run: <Result>(items: readonly object[], work: () => Promise<Result>): Promise<Result> => {
      if (open === 0 || items.length < 2) return work()
      const callers = items.flatMap((item) => asked.get(item) ?? [])
      return runShared(callers, items.length, work)
    },
  }
}
