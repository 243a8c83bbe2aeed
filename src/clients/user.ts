import { refusalIn, type CallOptions, type Upstream } from '../platform/calls/client.ts'
import { getUser, type User, type getUserResponse } from './generated/user.ts'

/** Reads from the answer of user whether this user exists. */
const readUser = (answer: getUserResponse, userId: string) => {
  const code = refusalIn(answer)
  if (code === 'user-not-found') return { outcome: 'refused', code } as const
  const shown: Partial<User> | undefined = answer.status === 200 ? answer.data : undefined
  return shown?.id === userId ? ({ outcome: 'done' } as const) : undefined
}

/** The calls that other services may make to user. */
export const createUserClient = ({ send, ask }: Upstream) => ({
  /**
   * A refusal is final: user makes the ids itself and tells them only after it has
   * stored the row, so an unknown id never becomes a user.
   */
  getUser: ({ userId, ...options }: { readonly userId: string } & CallOptions) =>
    ask(options, {
      send: (attempt) => send(getUser(userId), attempt),
      read: (answer) => readUser(answer, userId),
      complaint: 'user gave an answer that the saga does not know',
      about: { userId },
    }),
})

export type UserClient = ReturnType<typeof createUserClient>
