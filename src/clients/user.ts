import { refusalIn, type CallOptions, type Upstream } from '../platform/calls/client.ts'
import { getUserAccount, type UserAccount, type getUserAccountResponse } from './generated/user.ts'

/** Reads from the answer of user whether this user exists, and has an account. */
const readAccount = (answer: getUserAccountResponse, userId: string) => {
  const code = refusalIn(answer)
  if (code === 'user-not-found') return { outcome: 'refused', code } as const
  const shown: Partial<UserAccount> | undefined = answer.status === 200 ? answer.data : undefined
  if (shown?.userId !== userId || shown.account === undefined) return undefined
  return { outcome: 'done', account: shown.account } as const
}

/** The calls that other services may make to user. */
export const createUserClient = ({ send, ask }: Upstream) => ({
  /**
   * A refusal is final: user makes the ids itself and tells them only after it has stored the row,
   * so an unknown id never becomes a user. With another issuer somebody may still sign up by it,
   * and was nobody when this was asked.
   */
  accountOf: ({ userId, ...options }: { readonly userId: string } & CallOptions) =>
    ask(options, {
      send: (attempt) => send(getUserAccount(userId), attempt),
      read: (answer) => readAccount(answer, userId),
      complaint: 'user gave an answer that the saga does not know',
      about: { userId },
    }),
})

export type UserClient = ReturnType<typeof createUserClient>
