import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { marksOf } from './offer-marks.ts'

const isIn = (some: string, all: string) => (BigInt(some) & BigInt(all)) === BigInt(some)

describe('the marks of terms', () => {
  it('have those of each of them, whatever the terms are', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (some, more) => {
        expect(isIn(marksOf(some), marksOf([...more, ...some]))).toBe(true)
      }),
    )
  })

  it('are one whole number of 64 bits with a sign', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (terms) => {
        const marks = BigInt(marksOf(terms))
        expect(BigInt.asIntN(64, marks)).toBe(marks)
      }),
    )
    expect(marksOf([])).toBe('0')
  })

  it('stay what they are: rows were stored with them', () => {
    expect(marksOf(['word:haircut'])).toBe('8592031744')
    expect(marksOf(['word:стрижка', 'word:анна'])).toBe('6830166231744512')
  })

  it('of few terms seldom have those of another one', () => {
    let found = 0
    for (let index = 0; index < 1_000; index += 1) {
      const ten = Array.from({ length: 10 }, (_, at) => `word:${index} ${at}`)
      if (isIn(marksOf([`word:other${index}`]), marksOf(ten))) found += 1
    }
    expect(found).toBeGreaterThan(20)
    expect(found).toBeLessThan(130)
  })
})
