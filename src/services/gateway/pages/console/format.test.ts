import { describe, expect, it } from 'vitest'
import { formatDuration, formatMoney, formatSpan, minorIn, plainAmount } from './format.js'

describe('money', () => {
  it('is read as people type it', () => {
    expect(['150', '150.5', '1 500,05', '0.01', '12.30 ₽'].map(minorIn)).toEqual([
      15_000, 15_050, 150_005, 1, 1_230,
    ])
  })

  it('is not read from what is no amount', () => {
    const texts = ['', '0', '0.00', '-5', '1.234', '1e3', 'ten', '9999999999999']
    expect(texts.map(minorIn)).toEqual(texts.map(() => undefined))
  })

  it('is written so that it is read as the same again', () => {
    for (const minor of [1, 99, 100, 12_345, 123_456_789]) {
      expect(minorIn(plainAmount(minor))).toBe(minor)
    }
    expect(formatMoney(100_000)).toBe('1,000.00\u00a0₽')
  })
})

describe('time', () => {
  it('is as exact as somebody needs it', () => {
    const told = [4, 999, 1_500, 42_400, 61_000, 7_200_000, 900_000_000].map(formatDuration)
    const plain = told.map((text) => text.replaceAll('\u00a0', ' '))
    expect(plain).toEqual(['4 ms', '999 ms', '1.5 s', '42 s', '1 min 1 s', '2 h 0 min', '10 days'])
  })

  it('is never sixty seconds or a thousand milliseconds', () => {
    const told = [999.6, 9_960, 59_700, 119_600, 3_599_700].map(formatDuration)
    const plain = told.map((text) => text.replaceAll('\u00a0', ' '))
    expect(plain).toEqual(['1.0 s', '10 s', '1 min 0 s', '2 min 0 s', '1 h 0 min'])
  })

  it('of a booking is by the clock of its place', () => {
    const startsAt = '2027-05-01T10:00:00Z'
    const span = { startsAt, endsAt: '2027-05-01T11:00:00Z', timeZone: 'Asia/Tokyo' }
    expect(formatSpan(span)).toMatch(/19:00.*20:00/)
  })
})
