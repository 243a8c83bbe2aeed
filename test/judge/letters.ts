import type { Operation } from '../../src/services/billing/contract-schemas.ts'
import type { Letter } from '../../src/services/notification/contract.ts'
import { forEachUser, type Evidence, type Violation } from './evidence.ts'
import type { Facts, UserFacts } from './facts.ts'
import type { Owed } from './saga-rules.ts'
import { sagas } from './sagas.ts'

/** Invariants 5 and 7: each decision has its letter, once, and nothing stays unfinished. */

type Named = Pick<Letter, 'kind' | 'orderId' | 'bookingId' | 'amount'>

/** The id of what a letter is about. */
const subjectOf = ({ orderId, bookingId }: Pick<Named, 'orderId' | 'bookingId'>) =>
  orderId ?? bookingId

const nameOf = (letter: Named) => {
  const subject = subjectOf(letter)
  return `${letter.kind} ${letter.amount}${subject === null ? '' : ` about ${subject}`}`
}

const depositLetter = ({ amount }: Pick<Operation, 'amount'>): Owed => {
  const aboutNothing = { orderId: null, bookingId: null }
  return { kind: 'DEPOSIT', ...aboutNothing, amount, isOptional: false }
}

const lettersOwedTo = (user: UserFacts, facts: Facts): Owed[] => [
  ...sagas.flatMap((saga) => saga.letters(user, facts)),
  ...user.operations.filter(({ kind }) => kind === 'DEPOSIT').map(depositLetter),
]

const countBy = <Item>(items: readonly Item[], name: (item: Item) => string) => {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(name(item), (counts.get(name(item)) ?? 0) + 1)
  return counts
}

/** Returns the letters that are owed and have not arrived yet. */
export const missingLetters = (user: UserFacts, facts: Facts): Owed[] => {
  const arrived = countBy(user.letters, nameOf)
  const required = lettersOwedTo(user, facts).filter(({ isOptional }) => !isOptional)
  return required.filter((owed) => {
    const left = arrived.get(nameOf(owed)) ?? 0
    arrived.set(nameOf(owed), left - 1)
    return left <= 0
  })
}

const surplusLetters = (user: UserFacts, facts: Facts): Letter[] => {
  const owed = countBy(lettersOwedTo(user, facts), nameOf)
  return user.letters.filter((letter) => {
    const left = owed.get(nameOf(letter)) ?? 0
    owed.set(nameOf(letter), left - 1)
    return left <= 0
  })
}

const onceWords = new Map(sagas.flatMap(({ once }) => Object.entries(once)))

/** What of some kinds comes twice is wrong at any moment. */
const repeatedLetters = ({ letters }: UserFacts): Letter[] => {
  const seen = new Set<string>()
  return letters.filter((letter) => {
    const word = onceWords.get(letter.kind)
    const name = `${word} ${subjectOf(letter)}`
    const isRepeated = word !== undefined && seen.has(name)
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
    const { id, amount, subject, body, email } = letter
    const about = subjectOf(letter)
    const wrong = (message: string): Violation[] => [
      { invariant: 5, about: [id, ...(about === null ? [] : [about])], message },
    ]
    if (user !== undefined && email !== user.email) {
      return wrong(`letter ${id} went to ${email}, but the user reads ${user.email}`)
    }
    const money = moneyPattern(amount)
    if (!money.test(subject) || !money.test(body)) {
      return wrong(`letter ${id} does not name the amount ${amount}: ${subject} / ${body}`)
    }
    if (about !== null && !body.includes(about)) {
      return wrong(`letter ${id} does not name what it is about: ${body}`)
    }
    return []
  })

const aboutLetter = (userId: string, letter: Named) => {
  const about = subjectOf(letter)
  return about === null ? [userId] : [about, userId]
}

export const letterViolations = (evidence: Evidence): Violation[] =>
  forEachUser(evidence, (user) => {
    const { userId } = user
    const repeated = evidence.isQuiet ? surplusLetters(user, evidence.facts) : repeatedLetters(user)
    return [
      ...repeated.map((letter): Violation => {
        const message = `${userId} got the letter ${nameOf(letter)} (${letter.id}) without a reason, or once more`
        return { invariant: 5, about: [...aboutLetter(userId, letter), letter.id], message }
      }),
      ...wordingViolations(user),
      ...(evidence.isQuiet ? missingLetters(user, evidence.facts) : []).map((owed): Violation => {
        const message = `${userId} never got the letter ${nameOf(owed)}`
        return { invariant: 5, about: aboutLetter(userId, owed), message }
      }),
    ]
  })

/** Describes what is still undecided. */
export const unfinishedIn = (user: UserFacts): Violation[] => {
  const { userId } = user
  const account = { what: `the account of ${userId} is still PENDING`, id: userId }
  const unfinished = [
    ...(user.user?.account === 'PENDING' ? [account] : []),
    ...sagas.flatMap((saga) => saga.unfinished(user)),
  ]
  return unfinished.map(({ what, id }) => ({ invariant: 7, about: [id, userId], message: what }))
}

export const unfinishedViolations = (evidence: Evidence): Violation[] =>
  evidence.isQuiet ? forEachUser(evidence, unfinishedIn) : []
