import { onTestFinished } from 'vitest'
import { createGuard } from '../../src/platform/access/guard.ts'
import type { Access, Caller } from '../../src/platform/base/caller.ts'
import type { AccessConfig } from '../../src/platform/base/config.ts'
import { ProblemError } from '../../src/platform/base/errors.ts'
import { makeServiceKeys } from '../../src/platform/base/service-keys.ts'
import { createLog } from '../../src/platform/base/telemetry.ts'
import { keySetIssuer } from './key-set.ts'

/** The guard of billing without a server around it. */
export const callerKeys = { user: makeServiceKeys(), order: makeServiceKeys() }

type Settings = Partial<AccessConfig>

export const guardAccess = (
  jwksUrl: string | undefined,
  settings: Settings = {},
): AccessConfig => ({
  issuer: keySetIssuer,
  isOwnIssuer: true,
  jwksUrl,
  rolesClaim: 'roles',
  keyRefreshMs: 30_000,
  keyCooldownMs: 300,
  ...settings,
})

export const guardOver = (jwksUrl: string | undefined, settings?: Settings) => {
  const guard = createGuard({
    config: {
      service: 'billing',
      callTimeoutMs: 500,
      access: guardAccess(jwksUrl, settings),
      callerKeys: {
        user: [callerKeys.user.publicKey],
        order: [makeServiceKeys().publicKey, callerKeys.order.publicKey],
      },
    },
    log: createLog('billing', 'silent'),
  })
  onTestFinished(guard.close)
  return {
    ...guard,
    /** Who it says that calls, or the code with which it refuses. */
    ask: async (token: string | undefined, word: Access = 'person'): Promise<Caller | string> => {
      try {
        return await guard.callerOf(token === undefined ? undefined : `Bearer ${token}`, word)
      } catch (error) {
        if (error instanceof ProblemError) return error.code
        throw error
      }
    },
  }
}

export const personOf = (caller: Caller | string) =>
  typeof caller === 'object' && caller.kind === 'person' ? caller.person : undefined
