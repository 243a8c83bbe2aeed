import { beforeAll, describe, expect, it } from 'vitest'
import { startIdentity, type Identity } from '../../../test/lab/identity.ts'
import { createThrottle } from '../../platform/access/throttle.ts'
import { createDatabase } from '../../platform/database/db.ts'
import { createLog, createMetrics } from '../../platform/base/telemetry.ts'
import { whenFileEnds } from '../../../test/lab/cleanup.ts'
import { createIdentityStore } from './store.ts'
import { createModelStore } from './store-models.ts'

/** What is over is deleted by the role that the service has, which may delete nothing else. */
let identity: Identity
let stores: {
  readonly models: ReturnType<typeof createModelStore>
  readonly identity: ReturnType<typeof createIdentityStore>
  readonly throttle: ReturnType<typeof createThrottle>
}
beforeAll(async () => {
  identity = await startIdentity({ SIGN_IN_WINDOW_MS: '60000' })
  const database = createDatabase({
    config: { url: identity.database.url, poolSize: 1, statementTimeoutMs: 5_000, prepare: true },
    log: createLog('identity', 'silent'),
    metrics: createMetrics('identity'),
  })
  whenFileEnds(database.close)
  stores = {
    models: createModelStore(database),
    identity: createIdentityStore(database),
    throttle: createThrottle(database, 60_000),
  }
})

const counts = async () => {
  const [row] = await identity.database.sql`
    select (select count(*)::int from oidc_models) as models,
      (select count(*)::int from sessions) as sessions,
      (select count(*)::int from throttled) as throttled`
  return { ...row }
}

describe('what is over', () => {
  it('is deleted, a bounded number at once, and what is not stays', async () => {
    const { username, password } = await identity.makeLogin()
    const { models } = stores
    for (let index = 0; index < 5; index += 1) {
      await identity.api.post('/sessions', { username, password })
      await identity.api.post('/sessions', { username: `nobody-${index}`, password })
      await models.upsert({
        model: 'Interaction',
        id: `${index}`,
        payload: {},
        uid: null,
        grantId: null,
        lifetimeMs: 60_000,
      })
    }
    const before = await counts()
    expect(before).toEqual({ models: 5, sessions: 5, throttled: 6 })
    const { admin } = identity.database
    await admin`set session_replication_role = replica`
    await admin`update oidc_models set expires_at = now() - interval '1 s' where id < '4'`
    await admin`
      update sessions set expires_at = now() - interval '1 s'
      where id in (select id from sessions order by id limit 4)`
    await admin`update throttled set ends_at = now() - interval '1 s' where attempts > 0`
    await admin`set session_replication_role = origin`
    for (const forget of [models.forget, stores.identity.forgetSessions, stores.throttle.forget]) {
      expect(await forget(3)).toBe(3)
    }
    expect(await models.forget(100)).toBe(1)
    expect(await stores.identity.forgetSessions(100)).toBe(1)
    expect(await stores.throttle.forget(100)).toBe(2)
    expect(await counts()).toEqual({ models: 1, sessions: 1, throttled: 1 })
  })

  it('is all that the service may delete', async () => {
    const { asService } = identity.database
    for (const table of ['logins', 'signing_keys', 'secrets', 'operator_acts']) {
      await expect(asService.unsafe(`delete from ${table}`)).rejects.toThrow(/permission denied/)
    }
  })
})
