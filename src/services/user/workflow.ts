import type { BillingClient } from '../../clients/billing.ts'
import type { IdentityClient } from '../../clients/identity.ts'
import type { Log } from '../../platform/base/telemetry.ts'
import type { Tracer } from '../../platform/base/trace.ts'
import type { RowOutcome } from '../../platform/saga/recovery.ts'
import { createSagaTraces } from '../../platform/saga/saga-traces.ts'
import { postpone, timelineEntry } from '../../platform/saga/saga.ts'
import type { UserRow } from './schema.ts'
import type { UserStore } from './store.ts'

export interface UserWorkflowDeps {
  readonly store: UserStore
  /** Not there when another issuer has the logins. */
  readonly identity: IdentityClient | undefined
  readonly billing: BillingClient
  /** For all steps together: a row's lease is longer. */
  readonly budgetMs: number
  readonly log: Log
  /** Undefined: nobody collects traces. */
  readonly tracer: Tracer | undefined
}

type Step =
  | { readonly name: 'make-login'; readonly passwordHash: string }
  | { readonly name: 'open-account' }
  | { readonly name: 'rest' }

/** The login comes first: who is told of an open account can sign in. */
const nextStep = ({ account, passwordHash }: UserRow): Step => {
  if (account !== 'PENDING') return { name: 'rest' }
  return passwordHash === null ? { name: 'open-account' } : { name: 'make-login', passwordHash }
}

/**
 * Walks a new user as far as it gets. The live request and recovery call the same function; when
 * both do, the user's id is the key of both calls and makes them one.
 */
export const createUserWorkflow = (deps: UserWorkflowDeps) => {
  const { store, identity, billing, budgetMs, log, tracer } = deps
  const traces = createSagaTraces({
    tracer,
    saga: 'sign-up',
    calls: { 'make-login': 'identity', 'open-account': 'billing' },
  })

  const makeLogin = async (user: UserRow, passwordHash: string, timeoutMs: number) => {
    const { id: userId, username, email, locale, requestId } = user
    if (identity === undefined)
      throw new Error(`user ${userId} waits for a login of our own issuer`)
    const wanted = { userId, username, email, locale, passwordHash }
    return identity.makeLogin({ ...wanted, requestId, timeoutMs })
  }

  const walkHere = async (start: UserRow): Promise<UserRow> => {
    const endsAtMs = performance.now() + budgetMs
    let user = start
    for (;;) {
      const step = nextStep(user)
      const timeoutMs = Math.max(1, Math.round(endsAtMs - performance.now()))
      switch (step.name) {
        case 'make-login': {
          const { passwordHash } = step
          const row = user
          const login = await traces.step(row, step.name, () =>
            makeLogin(row, passwordHash, timeoutMs),
          )
          if (login.outcome === 'refused') {
            // Names are given here, and a hash never changes: identity must hold another's data.
            log.error({ userId: user.id, code: login.code }, 'identity refuses a login')
          }
          if (login.outcome !== 'done') {
            await postpone(store.due, user, step.name, login)
            return user
          }
          user = await store.noteLogin({
            id: user.id,
            entry: timelineEntry(user, step.name, login),
          })
          break
        }
        case 'open-account': {
          const { id, email, requestId } = user
          const account = await traces.step(user, step.name, () =>
            billing.openAccount({ userId: id, email, requestId, timeoutMs }),
          )
          if (account.outcome !== 'done') {
            await postpone(store.due, user, step.name, account)
            return user
          }
          user = await store.markOpen({ id, entry: timelineEntry(user, step.name, account) })
          traces.ended(user, {
            since: user.createdAt,
            state: user.account,
            timeline: user.timeline,
          })
          break
        }
        case 'rest':
          return user
      }
    }
  }

  const walk = (user: UserRow) => traces.walk(user, () => walkHere(user))

  return {
    advanceUser: walk,
    recoverUser: async (user: UserRow): Promise<RowOutcome> =>
      (await walk(user)).account === 'PENDING' ? 'postponed' : 'finished',
  }
}

export type UserWorkflow = ReturnType<typeof createUserWorkflow>
