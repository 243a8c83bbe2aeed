import type { Letter } from '../../src/services/notification/contract.ts'
import type { OrderDetails } from '../../src/services/order/contract.ts'
import { firstPriceOf } from './money.ts'
import { forEachUser, type Evidence, type Violation } from './evidence.ts'
import type { UserFacts } from './facts.ts'

/** Invariants 5 and 7: each decision has its letter, once, and nothing stays unfinished. */

type Owed = Pick<Letter, 'kind' | 'orderId' | 'amount'>

const nameOf = ({ kind, orderId, amount }: Owed) =>
  `${kind} ${amount}${orderId === null ? '' : ` about order ${orderId}`}`

/** An order of a user who does not exist has no letters. */
const hasReader = (order: OrderDetails) => order.reason !== 'user-not-found'

const lettersOfOrder = (order: OrderDetails): Owed[] => {
  const { id: orderId, status, changes } = order
  if (status === 'PENDING' || !hasReader(order)) return []
  const kind = status === 'REJECTED' ? 'ORDER_REJECTED' : 'ORDER_APPROVED'
  // A change to the same price has no letter.
  const finished = changes.filter(
    ({ status: became, fromPrice, toPrice }) => became === 'DONE' && toPrice !== fromPrice,
  )
  return [
    { kind, orderId, amount: firstPriceOf(order) },
    ...finished.map(({ kind: change, fromPrice, toPrice }): Owed => {
      if (change === 'CANCEL') return { kind: 'ORDER_CANCELLED', orderId, amount: fromPrice }
      return { kind: 'ORDER_REPRICED', orderId, amount: toPrice! }
    }),
  ]
}

const lettersOwedTo = ({ orders, operations }: UserFacts): Owed[] => [
  ...orders.flatMap(lettersOfOrder),
  ...operations
    .filter(({ kind }) => kind === 'DEPOSIT')
    .map(({ amount }): Owed => ({ kind: 'DEPOSIT', orderId: null, amount })),
]

const countBy = <Item>(items: readonly Item[], name: (item: Item) => string) => {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(name(item), (counts.get(name(item)) ?? 0) + 1)
  return counts
}

/** Returns the letters that are owed and have not arrived yet. */
export const missingLetters = (user: UserFacts): Owed[] => {
  const arrived = countBy(user.letters, nameOf)
  return lettersOwedTo(user).filter((owed) => {
    const left = arrived.get(nameOf(owed)) ?? 0
    arrived.set(nameOf(owed), left - 1)
    return left <= 0
  })
}

const surplusLetters = (user: UserFacts): Letter[] => {
  const owed = countBy(lettersOwedTo(user), nameOf)
  return user.letters.filter((letter) => {
    const left = owed.get(nameOf(letter)) ?? 0
    owed.set(nameOf(letter), left - 1)
    return left <= 0
  })
}

/** An order has at most one letter of each of these kinds, at any moment. */
const onceKinds = new Set<Letter['kind']>(['ORDER_APPROVED', 'ORDER_REJECTED', 'ORDER_CANCELLED'])

const repeatedLetters = ({ letters }: UserFacts): Letter[] => {
  const seen = new Set<string>()
  return letters.filter(({ kind, orderId }) => {
    const name = `${kind === 'ORDER_REJECTED' ? 'ORDER_APPROVED' : kind} ${orderId}`
    const isRepeated = onceKinds.has(kind) && seen.has(name)
    seen.add(name)
    return isRepeated
  })
}

/** Finds an amount in minor units in the text of a letter, whatever separates the thousands. */
const moneyPattern = (amount: number) => {
  const roubles = String(Math.floor(amount / 100))
    .split('')
    .join('\\D?')
  return new RegExp(`${roubles}[.,]${String(amount % 100).padStart(2, '0')}`)
}

const wordingViolations = ({ user, letters }: UserFacts): Violation[] =>
  letters.flatMap((letter): Violation[] => {
    const { id, orderId, amount, subject, body, email } = letter
    const wrong = (message: string): Violation[] => [
      { invariant: 5, about: [id, ...(orderId === null ? [] : [orderId])], message },
    ]
    if (user !== undefined && email !== user.email) {
      return wrong(`letter ${id} went to ${email}, but the user reads ${user.email}`)
    }
    const money = moneyPattern(amount)
    if (!money.test(subject) || !money.test(body)) {
      return wrong(`letter ${id} does not name the amount ${amount}: ${subject} / ${body}`)
    }
    if (orderId !== null && !body.includes(orderId)) {
      return wrong(`letter ${id} does not name its order: ${body}`)
    }
    return []
  })

const aboutLetter = (userId: string, { orderId }: Owed) =>
  orderId === null ? [userId] : [orderId, userId]

export const letterViolations = (evidence: Evidence): Violation[] =>
  forEachUser(evidence, (user) => {
    const { userId } = user
    const repeated = evidence.isQuiet ? surplusLetters(user) : repeatedLetters(user)
    return [
      ...repeated.map((letter): Violation => {
        const message = `${userId} got the letter ${nameOf(letter)} (${letter.id}) without a reason, or once more`
        return { invariant: 5, about: [...aboutLetter(userId, letter), letter.id], message }
      }),
      ...wordingViolations(user),
      ...(evidence.isQuiet ? missingLetters(user) : []).map((owed): Violation => {
        const message = `${userId} never got the letter ${nameOf(owed)}`
        return { invariant: 5, about: aboutLetter(userId, owed), message }
      }),
    ]
  })

/** Describes what is still undecided. */
export const unfinishedIn = ({ userId, user, orders }: UserFacts): Violation[] => {
  const unfinished = (what: string, id: string): Violation => ({
    invariant: 7,
    about: [id, userId],
    message: `${what} is still PENDING`,
  })
  const violations: Violation[] = []
  if (user?.account === 'PENDING') violations.push(unfinished(`the account of ${userId}`, userId))
  for (const order of orders) {
    if (order.status === 'PENDING') violations.push(unfinished(`order ${order.id}`, order.id))
    for (const { id, kind, status } of order.changes) {
      if (status !== 'PENDING') continue
      violations.push(unfinished(`${kind} (${id}) of order ${order.id}`, order.id))
    }
  }
  return violations
}

export const unfinishedViolations = (evidence: Evidence): Violation[] =>
  evidence.isQuiet ? forEachUser(evidence, unfinishedIn) : []
