import { refusalIn, type CallOptions, type Upstream } from '../platform/calls/client.ts'
import {
  getPerson,
  getUserAccount,
  type Person,
  type UserAccount,
  type getPersonResponse,
  type getUserAccountResponse,
} from './generated/user.ts'

/** Reads from the answer of user whether this user exists, and has an account. */
const readAccount = (answer: getUserAccountResponse, userId: string) => {
  const code = refusalIn(answer)
  if (code === 'user-not-found') return { outcome: 'refused', code } as const
  const shown: Partial<UserAccount> | undefined = answer.status === 200 ? answer.data : undefined
  if (shown?.userId !== userId || shown.account === undefined) return undefined
  return { outcome: 'done', account: shown.account } as const
}

/** Reads from the answer of user who somebody is. */
const readPerson = (answer: getPersonResponse, userId: string) => {
  const code = refusalIn(answer)
  if (code === 'user-not-found') return { outcome: 'refused', code } as const
  const shown: Partial<Person> = (answer.status === 200 ? answer.data : undefined) ?? {}
  const { name, email, locale } = shown
  const isAsked = shown.userId === userId && locale !== undefined
  // Letters go there, and nobody could be named by nothing.
  if (!isAsked || !name || !email) return undefined
  return { outcome: 'done', person: { userId, name, email, locale } } as const
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

  /** Who somebody is now, to be named to others and written to. */
  person: ({ userId, ...options }: { readonly userId: string } & CallOptions) =>
    ask(options, {
      send: (attempt) => send(getPerson(userId), attempt),
      read: (answer) => readPerson(answer, userId),
      complaint: 'user did not tell who somebody is',
      about: { userId },
    }),
})

export type UserClient = ReturnType<typeof createUserClient>
