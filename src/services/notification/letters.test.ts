import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatMoney, renderLetter } from './letters.ts'
import { letterKinds } from './states.ts'

const orderId = '019aa0b6-52a5-7c11-8f6e-2d3c4b5a6978'

describe('money in a letter', () => {
  it.each([
    [1, '0.01 ₽'],
    [10, '0.10 ₽'],
    [99, '0.99 ₽'],
    [100, '1.00 ₽'],
    [99_999, '999.99 ₽'],
    [100_000, '1 000.00 ₽'],
    [123_456_789, '1 234 567.89 ₽'],
    [Number.MAX_SAFE_INTEGER, '90 071 992 547 409.91 ₽'],
  ])('%i minor units are %s', (amount, text) => {
    expect(formatMoney(amount)).toBe(text)
  })

  it('is exact for every amount', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (amount) => {
        expect(Number(formatMoney(amount).replace(/[ .₽]/g, ''))).toBe(amount)
      }),
    )
  })
})

describe('a letter', () => {
  const moods: Record<(typeof letterKinds)[number], RegExp> = {
    ORDER_APPROVED: /hooray/i,
    ORDER_REJECTED: /sorry/i,
    ORDER_CANCELLED: /cancelled/i,
    ORDER_REPRICED: /now costs/i,
    DEPOSIT: /arrived/i,
  }

  it.each(letterKinds)('of kind %s names the amount in subject and text, and its mood', (kind) => {
    const { subject, body } = renderLetter({ kind, amount: 1_234_50, orderId })
    expect(subject).toContain('1 234.50 ₽')
    expect(body).toContain('1 234.50 ₽')
    expect(subject).toMatch(moods[kind])
  })

  it.each(letterKinds.filter((kind) => kind !== 'DEPOSIT'))(
    'of kind %s names the order in its text',
    (kind) => {
      expect(renderLetter({ kind, amount: 5, orderId }).body).toContain(orderId)
    },
  )

  it('of each kind has words of its own', () => {
    const letters = letterKinds.map((kind) => renderLetter({ kind, amount: 5, orderId }))
    expect(new Set(letters.map((letter) => letter.subject)).size).toBe(letterKinds.length)
    expect(new Set(letters.map((letter) => letter.body)).size).toBe(letterKinds.length)
  })
})
