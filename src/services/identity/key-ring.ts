import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { Log } from '../../platform/base/telemetry.ts'
import type { Loop } from '../../platform/saga/recovery.ts'
import {
  makeKey,
  privatePart,
  publicPart,
  type ProviderJwk,
  type PublicJwk,
} from './signing-keys.ts'
import type { KeyStore, KnownKey } from './store-keys.ts'

/**
 * The keys of the issuer as this replica knows them. They live in the database, and each replica
 * looks there again and again, so keys are made, put to use and removed without a restart.
 */
export interface KeyTimes {
  readonly lifetimeMs: number
  /** How long a key is published before it signs. */
  readonly leadMs: number
  readonly pollMs: number
}

export interface Keys {
  readonly kid: string
  /** Signs all tokens of now. */
  readonly signingKey: KeyObject
  readonly published: readonly PublicJwk[]
  /** The one that signs comes first. */
  readonly whole: readonly ProviderJwk[]
}

/** How long an access token lives. */
export const accessTokenSeconds = 600

/** Clocks differ a little, and a replica that is slow signs with the old key a little longer. */
const marginMs = 60_000

/** How long a key stays after the next one began to sign. */
export const graceMs = ({ pollMs }: Pick<KeyTimes, 'pollMs'>): number =>
  accessTokenSeconds * 1_000 + 2 * pollMs + marginMs

const toKeys = (known: readonly KnownKey[]): Keys => {
  const signer = known.findLast(({ signingMs }) => signingMs >= 0)
  if (signer === undefined) throw new Error('there is no key to sign with')
  const others = known.filter((key) => key !== signer)
  return {
    kid: signer.kid,
    signingKey: createPrivateKey({ key: { ...signer.jwk }, format: 'jwk' }),
    published: known.map(({ kid, jwk }) => publicPart(kid, jwk)),
    whole: [signer, ...others].map(({ kid, jwk }) => privatePart(kid, jwk)),
  }
}

/** Tells one state of the keys from another. */
const stateOf = ({ whole }: Keys) => whole.map(({ kid }) => kid).join(' ')

export interface KeyRingDeps {
  readonly store: KeyStore
  readonly times: KeyTimes
  readonly log: Log
}

export const createKeyRing = ({ store, times, log }: KeyRingDeps) => {
  const { lifetimeMs, leadMs, pollMs } = times
  let current: Keys | undefined
  let looking: Promise<Keys> | undefined

  const isYoung = ({ isRetiring, signingMs }: KnownKey) =>
    !isRetiring && signingMs < lifetimeMs - leadMs

  /** Removes and makes keys when it is time. Each is one statement, which one replica wins. */
  const tend = async (): Promise<KnownKey[]> => {
    const known = await store.list()
    const isOver = known.some((key) => key.isOver)
    if (!isOver && known.some(isYoung)) return known
    if (isOver) {
      const next = makeKey()
      const gone = await store.remove({ kid: null, nextKid: next.kid, nextJwk: next.jwk })
      if (gone.length > 0) log.info({ kids: gone }, 'removed keys whose last token is over')
    }
    const wanted = { ...makeKey(), forced: false, lifetimeMs, leadMs, graceMs: graceMs(times) }
    const made = await store.rotate(wanted)
    if (made.length > 0) log.info({ kids: made }, 'made a key')
    return store.list()
  }

  const look = async (): Promise<Keys> => {
    const found = toKeys(await tend())
    // The same keys keep their object, so that others see by it that nothing changed.
    if (current === undefined || stateOf(current) !== stateOf(found)) current = found
    return current
  }

  /** Who comes while somebody looks gets the same answer. */
  const refresh = (): Promise<Keys> =>
    (looking ??= look().finally(() => {
      looking = undefined
    }))

  const known = (): Keys => {
    if (current === undefined) throw new Error('the keys were not read yet')
    return current
  }

  let timer: NodeJS.Timeout | undefined
  let round: Promise<unknown> = Promise.resolve()
  let stopped = false
  const schedule = () => {
    if (stopped) return
    timer = setTimeout(() => {
      round = refresh()
        .catch((error: unknown) => log.warn({ err: error }, 'the keys could not be read'))
        .finally(schedule)
    }, pollMs)
  }
  const loop: Loop = {
    start: schedule,
    stop: async () => {
      stopped = true
      clearTimeout(timer)
      await round
    },
  }

  return {
    refresh,
    known,
    /** What everybody may know, as the database has it now, or as it was when it is away. */
    published: async (): Promise<readonly PublicJwk[]> => {
      try {
        return (await refresh()).published
      } catch (error) {
        log.warn({ err: error }, 'the keys could not be read')
        return known().published
      }
    },
    loop,
  }
}

export type KeyRing = ReturnType<typeof createKeyRing>
