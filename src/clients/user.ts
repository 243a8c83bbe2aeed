import { refusalIn, type CallOptions, type Upstream } from '../platform/calls/client.ts'
import { getUser, type User, type getUserResponse } from './generated/user.ts'

/** Whether somebody is there, in user's own words. */
const readUser = (answer: getUserResponse, userId: string) => {
  const code = refusalIn(answer)
  if (code === 'user-not-found') return { outcome: 'refused', code } as const
  const shown: Partial<User> | undefined = answer.status === 200 ? answer.data : undefined
  return shown?.id === userId ? ({ outcome: 'done' } as const) : undefined
}

/** What the other services may ask of user. */
export const createUserClient = ({ send, ask }: Upstream) => ({
  /**
   * The ids are made by user itself, and told to nobody before the row is stored:
   * who is nobody now will never be a user.
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
