import { createServiceApp, keyIn, requestIdIn } from '../../platform/http/app.ts'
import { ProblemError, retrySoon, type ProblemOptions } from '../../platform/base/errors.ts'
import { listed } from '../../platform/base/states.ts'
import { replayedHeaders } from '../../platform/http/schemas.ts'
import { advanceOrLeave } from '../../platform/saga/saga.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import { toIso } from '../../platform/base/time.ts'
import { contract, createUserRoute, getUserRoute, type NewUser, type User } from './contract.ts'
import { refusalReasons, shownAccountStatuses } from './states.ts'
import type { StoredUser, TakenUser, UserRow, UserStore } from './store.ts'
import type { UserWorkflow } from './workflow.ts'

export interface UserAppDeps {
  readonly store: UserStore
  readonly workflow: UserWorkflow
  readonly log: Log
}

const toUser = (row: UserRow): User => ({
  id: row.id,
  username: row.username,
  email: row.email,
  phone: row.phone,
  firstName: row.firstName,
  lastName: row.lastName,
  account: listed(shownAccountStatuses, row.account, `the account of user ${row.id}`),
  createdAt: toIso(row.createdAt),
})

const isSame = (stored: UserRow, wanted: NewUser) =>
  stored.username === wanted.username &&
  stored.email === wanted.email &&
  stored.phone === (wanted.phone ?? null) &&
  stored.firstName === (wanted.firstName ?? null) &&
  stored.lastName === (wanted.lastName ?? null)

const takenField = { 'username-taken': 'username', 'email-taken': 'email' } as const

const taken = ({ id, reason }: StoredUser | TakenUser, options: ProblemOptions) => {
  const code = listed(refusalReasons, reason, `the reason of user ${id}`)
  const field = takenField[code]
  return new ProblemError(code, `Another user has this ${field}.`, {
    ...options,
    errors: [{ field, message: 'is taken' }],
  })
}

export const createUserApp = ({ store, workflow, log }: UserAppDeps) => {
  const { app, routeOf } = createServiceApp(contract, log)

  app.openapi(createUserRoute, async (c) => {
    const wanted = c.req.valid('json')
    const stored = await store.insert({
      username: wanted.username,
      email: wanted.email,
      phone: wanted.phone ?? null,
      firstName: wanted.firstName ?? null,
      lastName: wanted.lastName ?? null,
      idempotencyKey: keyIn(c),
      requestId: requestIdIn(c),
    })
    if (stored.id === null) throw taken(stored, {})
    if (!isSame(stored, wanted)) {
      throw new ProblemError('idempotency-key-reused', 'This key was used for another user before.')
    }
    const headers = replayedHeaders(stored.replayed)
    if (stored.account === 'REFUSED') {
      throw taken(stored, { headers, requestId: stored.requestId })
    }
    const user =
      stored.account === 'PENDING'
        ? await advanceOrLeave(stored, workflow.advanceUser, log)
        : stored
    const location = `/users/${user.id}`
    if (user.account === 'OPEN') return c.json(toUser(user), 201, { ...headers, location })
    return c.json(toUser(user), 202, { ...headers, location, ...retrySoon })
  })

  app.openapi(getUserRoute, async (c) => {
    const { userId } = c.req.valid('param')
    const user = await store.find(userId)
    if (user === undefined) throw new ProblemError('user-not-found', `There is no user ${userId}.`)
    return c.json(toUser(user), 200)
  })

  return { app, routeOf }
}
