import { describe, expect, it } from 'vitest'
import { createTraffic } from './traffic.ts'

const start = (seconds = 0) => {
  let nowMs = 1_800_000_000_000 + seconds * 1_000
  const traffic = createTraffic(['order', 'user'], () => nowMs)
  return {
    traffic,
    pass: (ms: number, status = 200, count = 1) => {
      for (let index = 0; index < count; index += 1) traffic.record('order', ms, status)
    },
    wait: (more: number) => {
      nowMs += more * 1_000
    },
  }
}

describe('the traffic of a service', () => {
  it('is counted in slices of ten seconds, with what failed', () => {
    const { traffic, pass, wait } = start()
    pass(5)
    pass(5, 404)
    pass(5, 503)
    wait(10)
    pass(5)
    const counts = traffic.list('order').map(({ requests, errors }) => [requests, errors])
    expect(counts).toEqual([
      [3, 1],
      [1, 0],
    ])
    const [first, second] = traffic.list('order')
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBe(10_000)
    expect(traffic.list('user')).toEqual([])
  })

  it.each([0.4, 3, 42, 999, 20_000])('tells %d ms to a tenth of it', (ms) => {
    const { traffic, pass } = start()
    pass(ms, 200, 100)
    const [slice] = traffic.list('order')
    for (const told of [slice?.p50Ms, slice?.p99Ms]) {
      expect(Math.abs((told ?? 0) - ms) / ms).toBeLessThan(0.1)
    }
  })

  it('tells the time of half and of nearly all of them apart', () => {
    const { traffic, pass } = start()
    pass(2, 200, 97)
    pass(500, 200, 3)
    const [slice] = traffic.list('order')
    expect(slice?.p50Ms).toBeLessThan(3)
    expect(slice?.p99Ms).toBeGreaterThan(400)
  })

  it('is forgotten after 15 minutes, and a quiet quarter of an hour leaves nothing', () => {
    const { traffic, pass, wait } = start()
    pass(5)
    wait(890)
    expect(traffic.list('order')).toHaveLength(1)
    pass(5)
    expect(traffic.list('order')).toHaveLength(2)
    wait(10)
    expect(traffic.list('order')).toHaveLength(1)
    wait(900)
    expect(traffic.list('order')).toEqual([])
    pass(5)
    expect(traffic.list('order').map(({ requests }) => requests)).toEqual([1])
  })
})
