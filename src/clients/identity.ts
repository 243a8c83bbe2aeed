import { refusalIn, type CallOptions, type Upstream } from '../platform/calls/client.ts'
import {
  makeLogin,
  type Login,
  type NewLogin,
  type makeLoginResponse,
} from './generated/identity.ts'

/** Reads from the answer of identity whether the login is there as it was asked for. */
const readLogin = (answer: makeLoginResponse, { userId, username }: NewLogin) => {
  const code = refusalIn(answer)
  if (code === 'login-differs') return { outcome: 'refused', code } as const
  const isDone = answer.status === 200 || answer.status === 201
  const shown: Partial<Login> | undefined = isDone ? answer.data : undefined
  return shown?.userId === userId && shown.username === username
    ? ({ outcome: 'done' } as const)
    : undefined
}

/** The calls that other services may make to identity. */
export const createIdentityClient = ({ send, ask }: Upstream) => ({
  /**
   * The user's id is the key. Identity refuses only a second login of the same user with other data.
   * That another user has the name cannot be: names are given by the user service. Should it happen
   * all the same, nobody knows whose name it is, so that is no refusal.
   */
  makeLogin: ({
    userId,
    username,
    email,
    locale,
    passwordHash,
    ...options
  }: NewLogin & CallOptions) => {
    const login = { userId, username, email, locale, passwordHash }
    return ask(options, {
      send: (attempt) => send(makeLogin(login), attempt),
      read: (answer) => readLogin(answer, login),
      complaint: 'identity did not make a login',
      about: { userId },
    })
  },
})

export type IdentityClient = ReturnType<typeof createIdentityClient>
