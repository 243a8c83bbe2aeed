import { describe, expect, it, vi } from 'vitest'

// One of its own: ids never go back, and another test of this process may have put the clock forward.
vi.resetModules()
const { uuidv7 } = await import('./ids.ts')

const many = (count: number) => Array.from({ length: count }, uuidv7)

describe('an id', () => {
  it('is a UUID of version 7 that tells when it was made', () => {
    const before = Date.now()
    const id = uuidv7()
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const madeAtMs = Number.parseInt(id.replace('-', '').slice(0, 12), 16)
    expect(madeAtMs).toBeGreaterThanOrEqual(before)
    expect(madeAtMs).toBeLessThanOrEqual(Date.now())
  })

  it('is greater than all before it, also when the clock stands still or goes back', () => {
    const clock = vi.spyOn(Date, 'now')
    const start = Date.now()
    const ids: string[] = []
    for (const ms of [start, start, start - 5_000, start + 1, start + 1]) {
      clock.mockReturnValue(ms)
      ids.push(...many(1_000))
    }
    clock.mockRestore()
    expect(ids).toEqual(ids.toSorted())
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('ends with random bits that no other id has', () => {
    const ends = many(10_000).map((id) => id.slice(-10))
    expect(new Set(ends).size).toBe(ends.length)
  })
})
