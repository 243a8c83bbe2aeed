import { describe, expect, it } from 'vitest'
import { atPlace, beginRequest, type Span, type Tracer } from '../base/trace.ts'
import { createStatementSpans } from './statement-spans.ts'

const collect = () => {
  const told: Span[] = []
  const tracer: Tracer = {
    samples: (_, parent) => parent?.isSampled ?? true,
    add: (span) => void told.push(span),
    close: () => Promise.resolve(),
  }
  return { told, tracer }
}

const untold = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00'

describe('a shared statement', () => {
  it('is told with a link to each caller whose trace is told', async () => {
    const { told, tracer } = collect()
    const spans = createStatementSpans('insert rows')
    const items = [{}, {}, {}]
    const { promise, resolve } = Promise.withResolvers<void>()
    const asking = items.map((item, index) =>
      atPlace(beginRequest(tracer, index === 2 ? untold : undefined), () =>
        spans.ask(item, () => promise),
      ),
    )
    await spans.run(items, async () => {})
    resolve()
    await Promise.all(asking)
    const [shared] = told
    expect(shared?.attributes).toMatchObject({ 'db.operation.batch.size': 3 })
    expect(shared?.links).toHaveLength(2)
    expect(told).toHaveLength(3)
  })

  it('of callers whose traces are not told is not told in the trace of somebody else', async () => {
    const { told, tracer } = collect()
    const spans = createStatementSpans('insert rows')
    const stranger = beginRequest(tracer, undefined)
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiting = atPlace(stranger, () => spans.ask({}, () => promise))
    await atPlace(stranger, () => spans.run([{}, {}], async () => {}))
    expect(told).toEqual([])
    resolve()
    await waiting
    expect(told).toHaveLength(1)
  })
})
