import { describe, expect, it } from 'vitest'
import { lastMinute, slotsOf } from './plot.js'

const endMs = Date.parse('2026-11-20T09:30:00.000Z')
const bucket = (agoMs: number, requests: number, errors = 0, p99Ms = 5, p50Ms = 2) => ({
  at: new Date(endMs - agoMs).toISOString(),
  requests,
  errors,
  p50Ms,
  p99Ms,
})

describe('a small plot', () => {
  it('puts what passed where it belongs, and what is older nowhere', () => {
    const traffic = [
      bucket(16 * 60_000, 9),
      bucket(14.9 * 60_000, 3),
      bucket(10_000, 4),
      bucket(0, 1, 1, 80),
    ]
    const slots = slotsOf(traffic, endMs, 30)
    expect(slots).toHaveLength(30)
    expect(slots[0]).toEqual({ requests: 3, errors: 0, p99Ms: 5 })
    expect(slots[29]).toEqual({ requests: 5, errors: 1, p99Ms: 80 })
    expect(slots[10]).toEqual({ requests: 0, errors: 0, p99Ms: undefined })
  })

  it('tells the last minute in numbers', () => {
    const traffic = [bucket(90_000, 100), bucket(50_000, 90, 2, 40), bucket(10_000, 30)]
    expect(lastMinute(traffic, endMs)).toEqual({ perSecond: 2, errors: 2, p50Ms: 2, p99Ms: 40 })
    expect(lastMinute([], endMs)).toEqual({ perSecond: 0, errors: 0, p50Ms: 0, p99Ms: 0 })
  })

  it('tells the same of a steady minute at each moment, and lets one slow request not speak for all', () => {
    const steady = Array.from({ length: 9 }, (_, index) => bucket(index * 10_000, 100))
    // The slice that has just begun holds nine tenths of its requests.
    steady[0] = bucket(0, 90)
    expect(lastMinute(steady, endMs + 9_000).perSecond).toBe(10)
    const one = [bucket(20_000, 600), bucket(10_000, 1, 0, 2_000, 2_000)]
    expect(lastMinute(one, endMs)).toMatchObject({ p50Ms: 2, p99Ms: 2_000 })
  })
})
