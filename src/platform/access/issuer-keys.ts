import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { AccessConfig } from '../base/config.ts'
import { ProblemError, retrySoon } from '../base/errors.ts'
import type { Log } from '../base/telemetry.ts'
import { createDocumentReader } from '../calls/documents.ts'

/**
 * The public keys of the issuer. They are read again from time to time, so that a key that the issuer
 * withdraws is soon refused here. While the issuer is away, the known keys go on working. A token
 * with an unknown key may mean that the issuer has a new one: then they are read at once, but only
 * once per cooldown, so that nobody can use us to flood the issuer.
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

/** Keys that cannot check a signature of a kind that is taken here would only confuse. */
const isUsable = (key: { readonly kty?: unknown; readonly use?: unknown }) =>
  ['OKP', 'EC', 'RSA'].includes(String(key.kty)) && (key.use === undefined || key.use === 'sig')

const toKeySet = (document: unknown): JSONWebKeySet => {
  const keys = (document as { readonly keys?: unknown } | null)?.keys
  const usable = Array.isArray(keys) ? keys.filter((key) => key !== null && isUsable(key)) : []
  if (usable.length === 0) throw new Error('the answer has no keys')
  return { keys: usable }
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

export const createIssuerKeys = ({ access, log, timeoutMs, onChange }: IssuerKeysDeps) => {
  const { keyRefreshMs, keyCooldownMs } = access
  const reader = createKeyReader(access, timeoutMs)
  let known: Known | undefined
  let readAtMs = -Infinity
  let triedAtMs = -Infinity
  let reading: Promise<void> | undefined
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

  /** Makes sure that the keys are not too old. Undefined: there is nothing to wait for. */
  const refresh = (): Promise<void> | undefined => {
    if (known === undefined) {
      return reading ?? (sinceTryMs() > firstCooldownMs ? read() : undefined)
    }
    const ageMs = performance.now() - readAtMs
    if (ageMs < keyRefreshMs) return undefined
    const isDue = sinceTryMs() > Math.min(keyCooldownMs, keyRefreshMs)
    const started = reading ?? (isDue ? read() : undefined)
    // Nobody waits for an issuer that did not answer the last time.
    return isAway || ageMs < keyRefreshMs * waitFrom ? undefined : started
  }

  const find: JWTVerifyGetKey = async (header, token) => {
    if (known === undefined) throw unavailable()
    try {
      return await known.find(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      const started = reading ?? (sinceTryMs() > keyCooldownMs ? read() : undefined)
      if (started === undefined) throw error
      await started
      return known.find(header, token)
    }
  }

  return {
    find,
    refresh,
    /** Reads the keys before a request needs them. The issuer may start later than we do. */
    prepare: () => void read('debug'),
    close: reader.close,
  }
}

export type IssuerKeys = ReturnType<typeof createIssuerKeys>
