import { describe, expect, it } from 'vitest'
import type { OrderDetails } from '../../src/services/order/contract.ts'
import type { Facts } from './facts.ts'
import type { Exchange, Told } from './history.ts'
import { describeViolations, findViolations } from './invariants.ts'
import { at, createExchanges, factsOf, letterTo, operationOf } from './sound.ts'

/** Each kind of fault is planted once, and the judge must name it: else it proves nothing. */
const userId = 'user-1'
const email = 'masha@example.org'
const operation = operationOf(userId)
const letter = letterTo(userId, email)
const exchange = createExchanges('masha')
type Change = OrderDetails['changes'][number]

const change = (id: string, from: number, to: number | null, second: number): Change => ({
  id,
  kind: to === null ? 'CANCEL' : 'REPRICE',
  fromPrice: from,
  toPrice: to,
  status: 'DONE',
  createdAt: at(second),
  timeline: [],
  owes: false,
})

const base = { userId, description: null, timeline: [], owes: false, nextChanges: null }

/** One order was paid and re-priced, one was refused, and one was cancelled. */
const soundFacts = () => ({
  userId,
  user: {
    id: userId,
    username: 'masha',
    email,
    phone: null,
    firstName: null,
    lastName: null,
    locale: 'en' as const,
    account: 'OPEN' as 'OPEN' | 'PENDING',
    createdAt: at(0),
  },
  account: { userId, email, balance: 9_000, createdAt: at(0) },
  operations: [
    operation('op-1', 'DEPOSIT', 10_000, 10_000, 1),
    operation('op-2', 'WITHDRAW', 3_000, 7_000, 2, 'order-1'),
    operation('op-3', 'REFUND', 2_000, 9_000, 3, 'order-1'),
    operation('op-4', 'WITHDRAW', 500, 8_500, 4, 'order-3'),
    operation('op-5', 'REFUND', 500, 9_000, 5, 'order-3'),
  ],
  orders: [
    {
      ...base,
      id: 'order-1',
      price: 1_000,
      status: 'APPROVED' as OrderDetails['status'],
      reason: null,
      createdAt: at(2),
      changes: [change('change-1', 3_000, 1_000, 3)],
    },
    {
      ...base,
      id: 'order-2',
      price: 90_000,
      status: 'REJECTED' as OrderDetails['status'],
      reason: 'insufficient-funds',
      createdAt: at(3),
      changes: [],
    },
    {
      ...base,
      id: 'order-3',
      price: 500,
      status: 'CANCELLED' as OrderDetails['status'],
      reason: null,
      createdAt: at(4),
      changes: [change('change-2', 500, null, 5)],
    },
  ],
  bookings: [],
  letters: [
    letter('letter-1', 'DEPOSIT', 10_000, null),
    letter('letter-2', 'ORDER_APPROVED', 3_000, 'order-1'),
    letter('letter-3', 'ORDER_REPRICED', 1_000, 'order-1'),
    letter('letter-4', 'ORDER_REJECTED', 90_000, 'order-2'),
    letter('letter-5', 'ORDER_APPROVED', 500, 'order-3'),
    letter('letter-6', 'ORDER_CANCELLED', 500, 'order-3'),
  ],
})

const depositPath = `/billing/accounts/${userId}/deposit`

/** Copies what was told, so that later changes to the facts do not change it. */
const soundExchanges = (now: ReturnType<typeof soundFacts>): Exchange[] => {
  const facts = structuredClone(now)
  const placed = { ...facts.orders[0]!, price: 3_000, status: 'APPROVED' }
  const [paidIn] = facts.operations
  const result = { operation: paidIn, account: { ...facts.account, balance: 10_000 } }
  const order = { userId, price: 3_000 }
  return [
    exchange('POST', depositPath, { key: 'd', body: { amount: 10_000 } }, { body: result }),
    exchange('POST', '/orders', { key: 'o', body: order }, { status: 201, body: placed }),
    exchange(
      'POST',
      '/orders',
      { key: 'o', body: order },
      { status: 201, body: placed, replayed: true },
    ),
    exchange('PATCH', '/orders/order-1', { key: 'p', body: { price: 1_000 } }, { body: {} }),
    exchange('DELETE', '/orders/order-3', {}, { body: facts.orders[2] }),
  ]
}

type Sound = { facts: ReturnType<typeof soundFacts>; exchanges: Exchange[] }

const judge = (spoil: (sound: Sound) => void, isQuiet = true) => {
  const facts = soundFacts()
  const sound = { facts, exchanges: soundExchanges(facts) }
  spoil(sound)
  return findViolations({ facts: factsOf(sound.facts), exchanges: sound.exchanges, isQuiet })
}

const drop = (items: { id: string }[], id: string) => {
  items.splice(
    items.findIndex((item) => item.id === id),
    1,
  )
}

const repeatOrder = (answer: Partial<Told>) =>
  exchange('POST', '/orders', { key: 'o', body: { userId, price: 3_000 } }, answer)

const spoiled: [string, number, (sound: Sound) => void][] = [
  ['a balance that is not the sum', 1, ({ facts }) => (facts.account.balance += 1)],
  ['a balance that was negative', 1, ({ facts }) => facts.operations.splice(0, 1)],
  ['a lost refund', 1, ({ facts }) => facts.operations.splice(2, 1)],
  [
    'an order that was paid twice',
    2,
    ({ facts }) => {
      facts.operations.push(operation('op-6', 'WITHDRAW', 3_000, 6_000, 6, 'order-1'))
      facts.account.balance = 6_000
    },
  ],
  [
    'an approved order that nobody paid',
    2,
    ({ facts }) => {
      facts.operations.push(operation('op-6', 'REFUND', 3_000, 12_000, 6, 'order-1'))
      facts.account.balance = 12_000
    },
  ],
  [
    'money that was taken for another order',
    2,
    ({ facts }) => Object.assign(facts.operations[1]!, { orderId: 'order-2' }),
  ],
  [
    'a re-pricing that is not in the price',
    2,
    ({ facts }) => Object.assign(facts.orders[0]!, { price: 3_000 }),
  ],
  [
    'a cancelled order without a cancellation',
    2,
    ({ facts }) => facts.orders[2]!.changes.splice(0, 1),
  ],
  ['a told order that is gone', 3, ({ facts }) => drop(facts.orders, 'order-1')],
  [
    'a told order that flipped',
    3,
    ({ facts }) => Object.assign(facts.orders[0]!, { status: 'REJECTED' }),
  ],
  [
    'a told order that lost what a field of it said',
    3,
    ({ exchanges }) =>
      Object.assign((exchanges[1]!.answer as Told).body as object, { giftNote: 'For Masha' }),
  ],
  [
    'a told deposit that is gone',
    3,
    ({ facts }) => Object.assign(facts.operations[0]!, { id: 'another' }),
  ],
  [
    'a repeat with another answer',
    3,
    ({ facts, exchanges }) =>
      exchanges.push(
        repeatOrder({ status: 402, body: { order: facts.orders[0] }, replayed: true }),
      ),
  ],
  [
    'a repeat that was done anew',
    3,
    ({ exchanges }) => exchanges.push(repeatOrder({ ...(exchanges[1]!.answer as Told) })),
  ],
  [
    'a final answer that became undecided again',
    3,
    ({ exchanges }) => exchanges.push(repeatOrder({ status: 202, comeBack: true })),
  ],
  [
    'a told cancellation that did not stay',
    3,
    ({ facts }) => Object.assign(facts.orders[2]!, { status: 'APPROVED' }),
  ],
  [
    'a told re-pricing that never was',
    3,
    ({ exchanges }) =>
      exchanges.push(exchange('PATCH', '/orders/order-1', { key: 'q', body: { price: 77 } }, {})),
  ],
  [
    'an unknown deposit that was done twice',
    4,
    ({ facts, exchanges }) => {
      const unknown = { kind: 'unknown' as const, reason: 'reset' }
      exchanges.push(exchange('POST', depositPath, { key: 'e', body: { amount: 100 } }, unknown))
      facts.operations.push(operation('op-6', 'DEPOSIT', 100, 9_100, 6))
      facts.operations.push(operation('op-7', 'DEPOSIT', 100, 9_200, 7))
      facts.account.balance = 9_200
    },
  ],
  ['a lost letter', 5, ({ facts }) => drop(facts.letters, 'letter-4')],
  [
    'a letter that came twice',
    5,
    ({ facts }) => facts.letters.push(letter('letter-7', 'ORDER_REPRICED', 1_000, 'order-1')),
  ],
  [
    'a letter to somebody else',
    5,
    ({ facts }) => Object.assign(facts.letters[0]!, { email: 'other@example.org' }),
  ],
  ['a letter without its amount', 5, ({ facts }) => Object.assign(facts.letters[1]!, { body: '' })],
  [
    'money that moved before its order was stored',
    6,
    ({ facts }) => Object.assign(facts.orders[0]!, { createdAt: at(8) }),
  ],
  [
    'an order that is never decided',
    7,
    ({ facts }) => Object.assign(facts.orders[1]!, { status: 'PENDING' }),
  ],
  ['an account that never opens', 7, ({ facts }) => (facts.user.account = 'PENDING')],
  [
    'an order that was seen to go back',
    8,
    ({ facts, exchanges }) => {
      const seen = { ...facts.orders[0]!, status: 'CANCELLED' }
      exchanges.push(exchange('GET', '/orders/order-1', {}, { body: seen }))
    },
  ],
]

describe('the judge of the invariants', () => {
  it('finds nothing wrong in a history without faults', () => {
    expect(judge(() => {})).toEqual([])
    expect(judge(() => {}, false)).toEqual([])
  })

  it('accepts an unknown deposit that was done once, or never', () => {
    const unknown = { kind: 'unknown' as const, reason: 'reset' }
    const ask = ({ exchanges }: Sound) =>
      exchanges.push(exchange('POST', depositPath, { key: 'e', body: { amount: 100 } }, unknown))
    expect(judge(ask)).toEqual([])
    const done = judge((sound) => {
      ask(sound)
      sound.facts.operations.push(operation('op-6', 'DEPOSIT', 100, 9_100, 6))
      sound.facts.letters.push(letter('letter-7', 'DEPOSIT', 100, null))
      sound.facts.account.balance = 9_100
    })
    expect(done).toEqual([])
  })

  it.each(spoiled)('names %s', (_name, invariant, spoil) => {
    expect(judge(spoil).map((violation) => violation.invariant)).toContain(invariant)
  })

  it('tells the first violation with what was sent and told about it', () => {
    const facts = soundFacts()
    const exchanges = soundExchanges(facts)
    facts.orders[0]!.status = 'REJECTED'
    const evidence = { facts: factsOf(facts) satisfies Facts, exchanges, isQuiet: true }
    const [first, ...others] = findViolations(evidence)
    const marks = [{ atMs: exchanges[1]!.sentMs + 1, text: 'order killed' }]
    const text = describeViolations([first!, ...others], evidence.facts, { exchanges, marks })
    expect(text).toMatch(/^invariant \d \(.+\): .*order-1/)
    expect(text).toContain('POST /orders key o {"userId":"user-1","price":3000} -> 201')
    expect(text).toContain('=== order killed')
  })
})
