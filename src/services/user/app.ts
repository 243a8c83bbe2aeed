import type { Context } from 'hono'
import { ProblemError, retrySoon } from '../../platform/base/errors.ts'
import { scopedKey } from '../../platform/base/idempotency-keys.ts'
import { listed } from '../../platform/base/states.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import { toIso } from '../../platform/base/time.ts'
import type { Acts } from '../../platform/http/acts.ts'
import { serveActs } from '../../platform/http/serve-acts.ts'
import { serveSearch } from '../../platform/http/serve-search.ts'
import { serveOwed } from '../../platform/http/serve-owed.ts'
import { createServiceApp, requestIdIn, type ServiceEnv } from '../../platform/http/app.ts'
import { clientAddressIn, personIn, requireReach, sentKeyIn } from '../../platform/http/caller.ts'
import { replayedHeaders } from '../../platform/http/schemas.ts'
import { advanceOrLeave } from '../../platform/saga/saga.ts'
import {
  contractWith,
  createPersonRoute,
  createUserRoute,
  getPersonRoute,
  getUserAccountRoute,
  getUserRoute,
  listActsRoute,
  searchUserRoute,
  listOwedRoute,
  retryOwedRoute,
  type NewPerson,
  type User,
} from './contract.ts'
import type { SignUp } from './sign-up.ts'
import { locales, shownAccountStatuses } from './states.ts'
import type { ShownUser, StoredUser, UserStore } from './store.ts'
import type { UserWorkflow } from './workflow.ts'

export interface UserAppDeps {
  readonly store: UserStore
  readonly signUp: SignUp
  readonly workflow: UserWorkflow
  /** With another issuer people sign up with its token, and not with a password. */
  readonly isOwnIssuer: boolean
  readonly acts: Acts
  readonly log: Log
}

const accountOf = ({ id, account }: Pick<ShownUser, 'id' | 'account'>) =>
  listed(shownAccountStatuses, account, `the account of user ${id}`)

const toUser = (row: ShownUser): User => ({
  id: row.id,
  username: row.username,
  email: row.email,
  phone: row.phone,
  firstName: row.firstName,
  lastName: row.lastName,
  locale: listed(locales, row.locale, `the locale of user ${row.id}`),
  account: accountOf(row),
  createdAt: toIso(row.createdAt),
})

/** Who they are, to be named to others and written to. */
const whoIs = ({ id, username, firstName, lastName, email, locale }: User) => {
  const names = [firstName, lastName].filter((name) => name !== null)
  return { userId: id, username, name: names.join(' ') || username, email, locale }
}

const toPerson = ({ username, email, phone, firstName, lastName, locale = 'en' }: NewPerson) => ({
  username,
  email,
  phone: phone ?? null,
  firstName: firstName ?? null,
  lastName: lastName ?? null,
  locale,
})

const notFound = (userId: string) =>
  new ProblemError('user-not-found', `There is no user ${userId}.`)

export const createUserApp = (deps: UserAppDeps) => {
  const { store, signUp, workflow, isOwnIssuer, acts, log } = deps
  const { app, find, handle } = createServiceApp(contractWith(isOwnIssuer), { log, acts })

  /** Goes on with what is owed to the user, and says how far that came. */
  const answer = async (c: Context<ServiceEnv>, stored: StoredUser) => {
    const user =
      stored.account === 'PENDING'
        ? await advanceOrLeave(stored, workflow.advanceUser, log)
        : stored
    const headers = { ...replayedHeaders(stored.replayed), location: `/users/${user.id}` }
    if (user.account === 'OPEN') return c.json(toUser(user), 201, headers)
    return c.json(toUser(user), 202, { ...headers, ...retrySoon })
  }

  if (isOwnIssuer) {
    app.openapi(createUserRoute, async (c) => {
      const { password, ...wanted } = c.req.valid('json')
      const key = sentKeyIn(c)
      // Strangers who use the same key have other names, so they have other keys.
      const idempotencyKey = key === null ? null : scopedKey(wanted.username.toLowerCase(), key)
      const person = { ...toPerson(wanted), idempotencyKey, requestId: requestIdIn(c) }
      return answer(c, await signUp({ person, password, address: clientAddressIn(c) }))
    })
  } else {
    app.openapi(createPersonRoute, async (c) => {
      const { id } = personIn(c)
      const key = sentKeyIn(c)
      const idempotencyKey = key === null ? null : scopedKey(id, key)
      const wanted = { id, ...toPerson(c.req.valid('json')) }
      const person = { ...wanted, idempotencyKey, requestId: requestIdIn(c) }
      const address = clientAddressIn(c)
      return answer(c, await signUp({ person, password: undefined, address }))
    })
  }

  app.openapi(getUserRoute, async (c) => {
    const { userId } = c.req.valid('param')
    requireReach(c, userId, () => notFound(userId))
    const user = await store.find(userId)
    if (user === undefined) throw notFound(userId)
    return c.json(toUser(user), 200)
  })

  app.openapi(getUserAccountRoute, async (c) => {
    const { userId } = c.req.valid('param')
    const user = await store.find(userId)
    if (user === undefined) throw notFound(userId)
    return c.json({ userId: user.id, account: accountOf(user) }, 200)
  })

  app.openapi(getPersonRoute, async (c) => {
    const { userId } = c.req.valid('param')
    const user = await store.find(userId)
    if (user === undefined) throw notFound(userId)
    return c.json(whoIs(toUser(user)), 200)
  })

  serveActs(app, listActsRoute, acts)
  serveSearch(app, searchUserRoute, 'user', store.search)
  serveOwed(app, { list: listOwedRoute, retry: retryOwedRoute }, store.owed)

  return { app, find, handle }
}
