/** What is known of a scene's order in the end. */
export interface Facts {
  readonly operations: readonly { readonly kind: string; readonly amount: number }[]
  readonly balance: number
  readonly letters: number
}

export interface Expected {
  readonly paidIn: number
  readonly price: number
  /** How often billing was asked for the money. */
  readonly asked: number
}

/** Amounts are in kopecks. */
export const inMoney = (amount: number) => `${(amount / 100).toFixed(2)}\u00a0₽`

const countOf = (count: number, word: string) => (count === 1 ? `One ${word}` : `${count} ${word}s`)

const timesOf = (count: number) => {
  if (count === 1) return 'once'
  return count === 0 ? 'never' : `${count} times`
}

/** Whether it was paid once, and one letter was written, and the sentence that says so. */
export const judge = ({ operations, balance, letters }: Facts, expected: Expected) => {
  const { paidIn, price, asked } = expected
  const paid = operations.filter(({ kind }) => kind === 'WITHDRAW')
  const isPaidOnce = paid.length === 1 && paid[0]?.amount === price && balance === paidIn - price
  const often = asked > 1 ? `, though billing was asked ${asked} times` : ''
  return {
    result: `Paid ${timesOf(paid.length)}${often}: ${inMoney(balance)} of ${inMoney(paidIn)} are left. ${countOf(letters, 'letter')}.`,
    isAsPromised: isPaidOnce && letters === 1,
  }
}
