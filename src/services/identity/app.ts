import type { Acts } from '../../platform/http/acts.ts'
import { serveActs } from '../../platform/http/serve-acts.ts'
import { createServiceApp } from '../../platform/http/app.ts'
import { clientAddressIn } from '../../platform/http/caller.ts'
import { ProblemError } from '../../platform/base/errors.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import {
  contract,
  endSessionRoute,
  listActsRoute,
  makeLoginRoute,
  refreshSessionRoute,
  signInRoute,
} from './contract.ts'
import type { SignIn } from './sign-in.ts'
import type { Sessions } from './sessions.ts'
import type { IdentityStore, LoginToStore, StoredLogin } from './store.ts'

export interface IdentityAppDeps {
  readonly store: Pick<IdentityStore, 'insertLogin'>
  readonly signIn: SignIn
  readonly sessions: Sessions
  readonly acts: Acts
  readonly log: Log
}

const isSame = (stored: StoredLogin, wanted: LoginToStore) =>
  stored.username === wanted.username &&
  stored.email === wanted.email &&
  stored.locale === wanted.locale &&
  stored.passwordHash === wanted.passwordHash

export const createIdentityApp = (deps: IdentityAppDeps) => {
  const { store, signIn, sessions, acts, log } = deps
  const { app, find, handle } = createServiceApp(contract, { log, acts })

  app.openapi(signInRoute, async (c) => {
    const login = await signIn({ ...c.req.valid('json'), address: clientAddressIn(c) })
    return c.json(await sessions.open(login), 200)
  })

  app.openapi(refreshSessionRoute, async (c) =>
    c.json(await sessions.refresh(c.req.valid('json').refreshToken), 200),
  )

  app.openapi(endSessionRoute, async (c) => {
    await sessions.end(c.req.valid('json').refreshToken)
    return c.body(null, 204)
  })

  app.openapi(makeLoginRoute, async (c) => {
    const { userId: id, ...rest } = c.req.valid('json')
    const wanted = { id, ...rest }
    const stored = await store.insertLogin(wanted)
    if (stored.id === null) {
      throw new ProblemError('username-taken', 'Another user has a login with this name.')
    }
    if (!isSame(stored, wanted)) {
      throw new ProblemError('login-differs', 'This user has a login with other data.')
    }
    const login = { userId: id, username: stored.username }
    return stored.replayed ? c.json(login, 200) : c.json(login, 201)
  })

  serveActs(app, listActsRoute, acts)
  return { app, find, handle }
}
