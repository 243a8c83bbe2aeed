import type { Operation } from '../../src/services/billing/contract-schemas.ts'
import type { Facts, UserFacts } from './facts.ts'
import type { Exchange, Told } from './history.ts'

/** Builds evidence by hand, for tests that plant a violation in it. */

/** A second of one minute, as answers tell times. */
export const at = (second: number) => new Date(Date.UTC(2026, 10, 20, 9, 0, second)).toISOString()

export const operationOf =
  (userId: string) =>
  (
    id: string,
    kind: Operation['kind'],
    amount: number,
    balanceAfter: number,
    second: number,
    /** The row of the saga that it is for. */
    orderId: string | null = null,
  ): Operation => ({
    id,
    userId,
    kind,
    amount,
    status: 'DONE',
    reason: null,
    balanceAfter,
    orderId,
    createdAt: at(second),
  })

type LetterFacts = UserFacts['letters'][number]

/** A letter names its amount and what it is about, in the words of nobody. */
export const letterTo =
  (userId: string, email: string, about: 'orderId' | 'bookingId' = 'orderId') =>
  (
    id: string,
    kind: LetterFacts['kind'],
    amount: number,
    subject: string | null,
    second = 9,
  ): LetterFacts => ({
    id,
    userId,
    email,
    kind,
    orderId: null,
    bookingId: null,
    [about]: subject,
    amount,
    subject: `${amount / 100}.00`,
    body: `${amount / 100}.00 ${subject}`,
    createdAt: at(second),
  })

export const factsOf = (...users: readonly UserFacts[]): Facts => ({
  users,
  offers: [],
  memberships: [],
})

/** Each exchange is sent after the one before was answered. */
export const createExchanges = (client: string) => {
  let clock = 0
  return (
    method: Exchange['method'],
    path: string,
    sent: Pick<Exchange, 'key' | 'body' | 'as'>,
    answer: Partial<Told> | { readonly kind: 'unknown'; readonly reason: string },
  ): Exchange => {
    clock += 10
    const told = { kind: 'told' as const, status: 200, body: {}, replayed: false, comeBack: false }
    const full = answer.kind === 'unknown' ? answer : { ...told, ...answer }
    return {
      client,
      method,
      path,
      ...sent,
      sentMs: clock,
      answeredMs: clock + 5,
      answer: full as Exchange['answer'],
    }
  }
}
