import { describe, expect, it } from 'vitest'
import { judge } from './judgement.ts'

const expected = { paidIn: 10_000, price: 3_000, asked: 1 }
const paidOnce = {
  operations: [
    { kind: 'DEPOSIT', amount: 10_000 },
    { kind: 'WITHDRAW', amount: 3_000 },
  ],
  balance: 7_000,
  letters: 1,
}

describe('how a scene ended', () => {
  it('is as promised when it was paid once, and one letter was written', () => {
    expect(judge(paidOnce, { ...expected, asked: 2 })).toEqual({
      result:
        'Paid once, though billing was asked 2 times: 70.00\u00a0₽ of 100.00\u00a0₽ are left. One letter.',
      isAsPromised: true,
    })
  })

  it.each([
    ['paid twice', { operations: [...paidOnce.operations, { kind: 'WITHDRAW', amount: 3_000 }] }],
    ['never paid', { operations: [], balance: 10_000 }],
    ['another price', { operations: [{ kind: 'WITHDRAW', amount: 2_000 }] }],
    ['another balance', { balance: 4_000 }],
    ['no letter', { letters: 0 }],
    ['two letters', { letters: 2 }],
  ])('is not as promised: %s', (_, facts) => {
    expect(judge({ ...paidOnce, ...facts }, expected).isAsPromised).toBe(false)
  })
})
