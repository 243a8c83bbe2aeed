import { describe, expect, it } from 'vitest'
import { uuidv7 } from './ids.ts'
import {
  atPlace,
  beginRequest,
  formatTraceparent,
  parseTraceparent,
  placeOfRow,
  spanIdOfRow,
  traceOfRow,
  tracePlace,
  type Tracer,
} from './trace.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const spanId = '00f067aa0ba902b7'
const tracer: Tracer = { samples: () => true, add: () => {}, close: () => Promise.resolve() }

describe('a traceparent', () => {
  it.each([
    [`00-${traceId}-${spanId}-01`, { traceId, spanId, isSampled: true }],
    [`00-${traceId}-${spanId}-00`, { traceId, spanId, isSampled: false }],
    [`00-${traceId}-${spanId}-03`, { traceId, spanId, isSampled: true }],
    // A later version may say more.
    [`01-${traceId}-${spanId}-01-more`, { traceId, spanId, isSampled: true }],
    [`00-${traceId.toUpperCase()}-${spanId}-01`, undefined],
    [`ff-${traceId}-${spanId}-01`, undefined],
    [`00-${'0'.repeat(32)}-${spanId}-01`, undefined],
    [`00-${traceId}-${'0'.repeat(16)}-01`, undefined],
    [`00-${traceId}-${spanId}`, undefined],
    [`00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`, undefined],
    ['', undefined],
  ])('%s is read as the standard says', (text, expected) => {
    expect(parseTraceparent(text)).toEqual(expected)
  })

  it('that is wrong begins a trace of our own', () => {
    const begun = beginRequest(tracer, 'nonsense')
    expect(begun.traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(begun.parentId).toBeUndefined()
  })
})

describe('what a row keeps', () => {
  it('is what called for it, and not the span that a kill would take along', () => {
    const request = beginRequest(tracer, `00-${traceId}-${spanId}-01`)
    const stored = atPlace(request, traceOfRow)
    expect(stored).toBe(`00-${traceId}-${spanId}-01`)
    expect(placeOfRow(stored ?? '', tracer)).toMatchObject({ traceId, spanId, isOfRow: true })
  })

  it('says that nothing is above it when the trace began with its request', () => {
    const request = beginRequest(tracer, undefined)
    const stored = atPlace(request, traceOfRow) ?? ''
    expect(placeOfRow(stored, tracer)).toMatchObject({ traceId: request.traceId, isSampled: true })
    expect(placeOfRow(stored, tracer)?.spanId).toBeUndefined()
  })

  it('is the span of another row when that one made it', () => {
    const place = { traceId, spanId, isSampled: false, isOfRow: true, tracer }
    expect(atPlace(place, traceOfRow)).toBe(formatTraceparent(place))
  })

  it('is nothing when nobody collects traces', () => {
    expect(traceOfRow()).toBeNull()
  })
})

describe('the id of a row’s span', () => {
  it('is the same wherever it is made, and another for each row and step', () => {
    const [one, other] = [uuidv7(), uuidv7()]
    expect(spanIdOfRow(one, 'order')).toBe(spanIdOfRow(one, 'order'))
    const ids = [one, other].flatMap((id) =>
      ['order', 'order withdraw', 'order letter', 'change'].map((name) => spanIdOfRow(id, name)),
    )
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{16}$/)
  })
})

it('leaves a place as it was found', async () => {
  const place = beginRequest(tracer, undefined)
  await atPlace(place, async () => {
    expect(atPlace(undefined, tracePlace)).toBeUndefined()
    await Promise.resolve()
    expect(tracePlace()).toBe(place)
  })
  expect(tracePlace()).toBeUndefined()
})
