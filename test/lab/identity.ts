import { randomBytes } from 'node:crypto'
import { freePort } from '../../src/local/postgres/free-port.ts'
import { createPasswords } from '../../src/platform/access/passwords.ts'
import { readConfig } from '../../src/platform/base/config.ts'
import type { Metrics } from '../../src/platform/base/telemetry.ts'
import { uuidv7 } from '../../src/platform/base/ids.ts'
import { serve } from '../../src/platform/run-service.ts'
import { createIdentityService } from '../../src/services/identity/service.ts'
import { whenFileEnds } from './cleanup.ts'
import { createTestDatabase, type TestDatabase } from './database.ts'
import { api, type Api } from './http.ts'
import { serviceKeyVariables } from './service-keys.ts'

/**
 * Identity as its process would run it, over a database of its own. There is no gateway before it:
 * its own address is the public one, so a browser may walk through its pages.
 */
const usualMemoryKib = 1_024

export interface RunningIdentity {
  readonly url: string
  readonly api: Api
  readonly metrics: Metrics
  readonly stop: () => Promise<void>
}

const startOne = async (
  database: TestDatabase,
  publicUrl: string,
  port: number,
  variables: Readonly<Record<string, string>>,
): Promise<RunningIdentity> => {
  const config = readConfig('identity', {
    LOG_LEVEL: 'silent',
    PORT: `${port}`,
    PUBLIC_URL: publicUrl,
    IDENTITY_URL: publicUrl,
    PASSWORD_MEMORY_KIB: `${usualMemoryKib}`,
    SHUTDOWN_GRACE_MS: '5000',
    KEY_POLL_MS: '100',
    ...serviceKeyVariables('identity'),
    DATABASE_URL: database.url,
    ...variables,
  })
  const { metrics, port: opened, stop: end } = await serve(config, createIdentityService)
  const url = `http://127.0.0.1:${opened}`
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= end())
  whenFileEnds(stop)
  return { url, api: api(url), metrics, stop }
}

export interface TestLogin {
  readonly userId: string
  readonly username: string
  readonly email: string
  readonly locale: 'en' | 'ru'
  readonly password: string
}

/** `publicUrl` is that of the first replica, which may be started again at the same place. */
export const startIdentity = async (variables: Readonly<Record<string, string>> = {}) => {
  const memoryKib = Number(variables['PASSWORD_MEMORY_KIB'] ?? usualMemoryKib)
  const database = await createTestDatabase('identity')
  const port = await freePort()
  const publicUrl = `http://127.0.0.1:${port}`
  const passwords = createPasswords({ memoryKib })
  const start = (more: Readonly<Record<string, string>> = {}) =>
    startOne(database, publicUrl, port, { ...variables, ...more })
  const first = await start()

  /** A login as the user service makes it. */
  const makeLogin = async (more: Partial<TestLogin> = {}): Promise<TestLogin> => {
    const username = `user-${randomBytes(5).toString('hex')}`
    const login: TestLogin = {
      userId: uuidv7(),
      username,
      email: `${username}@example.com`,
      locale: 'en',
      password: `seven blue herons ${username}`,
      ...more,
    }
    const { password, ...rest } = login
    const body = { ...rest, passwordHash: await passwords.hash(password) }
    const { status, text } = await first.api.post('/identity/logins', body)
    if (status !== 201) throw new Error(`the login was not made: ${text}`)
    return login
  }

  return {
    database,
    publicUrl,
    issuer: `${publicUrl}/identity`,
    ...first,
    /** Starts it again at the same place, after `stop`. */
    startAgain: start,
    startReplica: (more: Readonly<Record<string, string>> = {}) =>
      startOne(database, publicUrl, 0, { ...variables, ...more }),
    makeLogin,
  }
}

export type Identity = Awaited<ReturnType<typeof startIdentity>>
