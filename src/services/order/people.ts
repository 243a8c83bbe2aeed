import type { UserClient } from '../../clients/user.ts'
import type { Caller, Outcome } from '../../platform/calls/client.ts'
import type { OrderRow } from './schema.ts'

export interface PeopleDeps {
  readonly users: UserClient
  readonly callUser: Caller
  readonly budgetMs: number
}

type UserAnswer = Awaited<ReturnType<UserClient['getUser']>>

/** The whole of what user's contract says, not the status alone: a 404 of something in between is none. */
const isNobody = (answer: UserAnswer): boolean => {
  if (answer.status !== 404) return false
  const data: Partial<typeof answer.data> | undefined = answer.data
  return (
    data?.code === 'user-not-found' &&
    data.status === 404 &&
    data.type === 'urn:orderly:problem:user-not-found'
  )
}

const isSomebody = (answer: UserAnswer, userId: string): boolean => {
  if (answer.status !== 200) return false
  const data: Partial<typeof answer.data> | undefined = answer.data
  return data?.id === userId
}

/**
 * Asks user whether somebody is there. The ids are made by user itself, and told
 * to nobody before the row is stored: who is nobody now will never be a user.
 */
export const createPeople =
  ({ users, callUser, budgetMs }: PeopleDeps) =>
  async ({
    userId,
    requestId,
  }: Pick<OrderRow, 'userId' | 'requestId'>): Promise<Outcome<'somebody' | 'nobody'>> => {
    const headers = { 'x-request-id': requestId }
    const outcome = await callUser(budgetMs, (timeoutMs) =>
      users.getUser(userId, { headers, timeoutMs }),
    )
    if (outcome.kind === 'unknown') return outcome
    const { answer, attempts, ms } = outcome
    if (isNobody(answer)) return { kind: 'answered', answer: 'nobody', attempts, ms }
    if (isSomebody(answer, userId)) return { kind: 'answered', answer: 'somebody', attempts, ms }
    return { kind: 'unknown', reason: `user answered ${answer.status}`, attempts, ms }
  }

export type People = ReturnType<typeof createPeople>
