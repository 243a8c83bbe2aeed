import { setTimeout as setTimeoutAsync } from 'node:timers/promises'
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { AccessConfig } from '../base/config.ts'
import { ProblemError, retrySoon } from '../base/errors.ts'
import type { Log } from '../base/telemetry.ts'
import { createDocumentReader } from '../calls/documents.ts'
import { toKeySet } from './key-set.ts'

/**
 * The public keys of the issuer. They are read again from time to time, so that a key that the issuer
 * withdraws is soon refused here. While the issuer is away, the known keys go on working. A token
 * with an unknown key may mean that the issuer has a new one: then they are read again, but only
 * once per cooldown, so that nobody can use us to flood the issuer. Such a token waits for that:
 * some issuers sign with a key as soon as they publish it, and their tokens must not be refused.
 */
export interface IssuerKeysDeps {
  readonly access: AccessConfig
  readonly log: Log
  readonly timeoutMs: number
  /** Called when the keys are not the same as before. */
  readonly onChange: () => void
}

interface Known {
  readonly text: string
  readonly find: ReturnType<typeof createLocalJWKSet>
}

/** Without any key nobody gets in, so it is tried sooner. */
const firstCooldownMs = 500
/** From this part of the refresh time on a token waits for the keys to be read again. */
const waitFrom = 1.5

const unavailable = () =>
  new ProblemError('unavailable', 'The keys of the issuer cannot be read; nothing was done.', {
    headers: retrySoon,
  })

/** An older token has an unknown key only because its key was withdrawn, or is forged. */
const newTokenMs = 60_000

/** Whether the issuer itself may have made a token just now. Nothing of it is checked yet. */
const mayBeNew = (payload: string | Uint8Array, issuer: string): boolean => {
  try {
    const claims = JSON.parse(Buffer.from(String(payload), 'base64url').toString('utf8')) as {
      readonly iss?: unknown
      readonly iat?: unknown
    } | null
    const { iss, iat = Infinity } = claims ?? {}
    return iss === issuer && Number(iat) * 1e3 > Date.now() - newTokenMs
  } catch {
    return false
  }
}

/** Where the keys are: a setting, or what the issuer says of itself. */
const createKeyReader = ({ issuer, jwksUrl }: AccessConfig, timeoutMs: number) => {
  const documents = createDocumentReader(timeoutMs)
  const read = async (): Promise<JSONWebKeySet> => {
    if (jwksUrl !== undefined) return toKeySet(await documents.read(jwksUrl))
    const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const described = (await documents.read(address)) as Record<string, unknown> | null
    if (described?.['issuer'] !== issuer) throw new Error(`${address} describes another issuer`)
    return toKeySet(await documents.read(String(described['jwks_uri'])))
  }
  return { read, close: documents.close }
}

/** The keys as they were read last, and the readings of them. */
const createReadings = ({ access, log, timeoutMs, onChange }: IssuerKeysDeps) => {
  const reader = createKeyReader(access, timeoutMs)
  const closed = new AbortController()
  let known: Known | undefined
  let readAtMs = -Infinity
  let triedAtMs = -Infinity
  let reading: Promise<void> | undefined
  let soon: Promise<void> | undefined
  let isAway = false

  const take = (set: JSONWebKeySet) => {
    const text = JSON.stringify(set)
    readAtMs = performance.now()
    isAway = false
    if (known?.text === text) return
    known = { text, find: createLocalJWKSet(set) }
    onChange()
  }

  /** Never rejects. Who comes while the keys are being read waits for the same answer. */
  const read = (level: 'warn' | 'debug' = 'warn'): Promise<void> => {
    triedAtMs = performance.now()
    reading ??= reader
      .read()
      .then(take)
      .catch((error: unknown) => {
        isAway = true
        log[level]({ err: error }, 'the keys of the issuer were not read')
      })
      .finally(() => {
        reading = undefined
      })
    return reading
  }

  const sinceTryMs = () => performance.now() - triedAtMs

  /** Reads as soon as the cooldown lets it. All who wait for that share it. */
  const readSoon = (cooldownMs = access.keyCooldownMs): Promise<void> => {
    const waitMs = Math.max(0, cooldownMs - sinceTryMs())
    soon ??= setTimeoutAsync(waitMs, undefined, { signal: closed.signal, ref: false })
      .then(() => read())
      .catch(() => {
        // The process is about to end.
      })
      .finally(() => {
        soon = undefined
      })
    return soon
  }

  return {
    known: () => known,
    reading: () => reading,
    isAway: () => isAway,
    ageMs: () => performance.now() - readAtMs,
    sinceTryMs,
    read,
    readSoon,
    close: async () => {
      closed.abort()
      await reader.close()
    },
  }
}

export const createIssuerKeys = (deps: IssuerKeysDeps) => {
  const { issuer, keyRefreshMs, keyCooldownMs } = deps.access
  const { known, reading, isAway, ageMs, sinceTryMs, read, readSoon, close } = createReadings(deps)

  /** Makes sure that the keys are not too old. Undefined: there is nothing to wait for. */
  const refresh = (): Promise<void> | undefined => {
    // The issuer may have started a moment after us.
    if (known() === undefined) return reading() ?? readSoon(firstCooldownMs)
    const age = ageMs()
    if (age < keyRefreshMs) return undefined
    // Nobody waits for an issuer that did not answer a moment ago.
    const isWaitVain = isAway() && sinceTryMs() < keyRefreshMs
    const isDue = sinceTryMs() > Math.min(keyCooldownMs, keyRefreshMs)
    const started = reading() ?? (isDue ? read() : undefined)
    return isWaitVain || age < keyRefreshMs * waitFrom ? undefined : started
  }

  const find: JWTVerifyGetKey = async (header, token) => {
    const look = async () => {
      const keys = known()
      if (keys === undefined) throw unavailable()
      return keys.find(header, token)
    }
    /** Undefined when the keys of now do not have it. */
    const lookFor = () =>
      look().catch((error: unknown) => {
        if (error instanceof errors.JWKSNoMatchingKey) return undefined
        throw error
      })
    const found = await lookFor()
    if (found !== undefined) return found
    if (!mayBeNew(token.payload, issuer)) return look()
    const started = reading()
    if (started !== undefined) {
      await started
      // It may have begun before the key was published.
      const foundThen = await lookFor()
      if (foundThen !== undefined) return foundThen
    }
    await readSoon()
    // Nobody can say that the issuer has no such key.
    if (isAway()) return (await lookFor()) ?? Promise.reject(unavailable())
    return look()
  }

  return {
    find,
    refresh,
    /** Reads the keys before a request needs them. The issuer may start later than we do. */
    prepare: () => void read('debug'),
    close,
  }
}

export type IssuerKeys = ReturnType<typeof createIssuerKeys>
