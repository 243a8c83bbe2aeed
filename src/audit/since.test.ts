import { describe, expect, it } from 'vitest'
import { readSince } from './since.ts'

const now = new Date('2026-11-28T12:00:00.000Z')

describe('since when', () => {
  it.each([
    ['90m', '2026-11-28T10:30:00.000Z'],
    ['24h', '2026-11-27T12:00:00.000Z'],
    ['7d', '2026-11-21T12:00:00.000Z'],
    ['2026-11-20', '2026-11-20T00:00:00.000Z'],
    ['2026-11-28T13:00:00+03:00', '2026-11-28T10:00:00.000Z'],
  ])('is understood: %s', (text, moment) => {
    expect(readSince(text, now).toISOString()).toBe(moment)
  })

  it.each(['yesterday', '', '1y', '-1h', '2026-13-01', '2026-11-28T10:00:00'])(
    'is refused when it is not clear: %j',
    (text) => {
      expect(() => readSince(text, now)).toThrow(/--since must be/)
    },
  )
})
