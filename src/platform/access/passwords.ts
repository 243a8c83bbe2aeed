import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { ProblemError, retrySoon } from '../base/errors.ts'

/**
 * Passwords are kept as argon2id hashes in the PHC form, `$argon2id$v=19$m=…,t=…,p=…$salt$hash`,
 * which says by itself what it cost. The same without its last part is called a salt here, as
 * crypt(3) calls it: with it a hash can be made again, also after the setting has changed.
 */
export interface PasswordOptions {
  readonly memoryKib: number
  /** How many are hashed at the same time: each takes that much memory and a thread of the pool. */
  readonly maxAtOnce?: number
  /** How many more may wait. Beyond that the caller is told to come back. */
  readonly maxWaiting?: number
}

interface Cost {
  readonly memoryKib: number
  readonly passes: number
  readonly lanes: number
}

interface Salt extends Cost {
  readonly nonce: Buffer
}

const passes = 2
const lanes = 1
const saltBytes = 16
const hashBytes = 32
/** One hash must not take the memory or the minutes of a whole process, whatever a row says. */
const limits = { minMemoryKib: 1_024, maxMemoryKib: 1_048_576, maxPasses: 16, maxLanes: 4 }

const base64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('=', '')

const hasSaneCost = ({ memoryKib, passes: times, lanes: wide }: Cost) =>
  Number.isInteger(memoryKib) &&
  memoryKib >= limits.minMemoryKib &&
  memoryKib <= limits.maxMemoryKib &&
  times >= 1 &&
  times <= limits.maxPasses &&
  wide >= 1 &&
  wide <= limits.maxLanes

const phcPattern =
  /^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})(?:\$([A-Za-z0-9+/]{43}))?$/

/** What is kept must be understood: a text that is no hash is a fault, not a wrong password. */
const parse = (text: string): { readonly salt: Salt; readonly hash: Buffer | undefined } => {
  const [, memoryKib, times, wide, nonce, hash] = phcPattern.exec(text) ?? []
  if (nonce === undefined) throw new Error('this is no argon2id hash in the PHC form')
  const cost = { memoryKib: Number(memoryKib), passes: Number(times), lanes: Number(wide) }
  if (!hasSaneCost(cost)) throw new Error('the cost of this hash is out of bounds')
  return {
    salt: { ...cost, nonce: Buffer.from(nonce, 'base64') },
    hash: hash === undefined ? undefined : Buffer.from(hash, 'base64'),
  }
}

const saltText = ({ memoryKib, passes: times, lanes: wide, nonce }: Salt) =>
  `$argon2id$v=19$m=${memoryKib},t=${times},p=${wide}$${base64(nonce)}`

/** For somebody who did not choose one: 24 characters. */
export const makePassword = (): string => randomBytes(18).toString('base64url')

/** All of a hash but the secret part. */
export const saltOf = (phc: string): string => saltText(parse(phc).salt)

/** Lets so many run at once and so many wait, in the order in which they came. */
const createPlaces = (maxAtOnce: number, maxWaiting: number) => {
  const waiting: (() => void)[] = []
  let running = 0

  const enter = async () => {
    if (running < maxAtOnce) {
      running += 1
      return
    }
    if (waiting.length >= maxWaiting) {
      const detail =
        'Too many passwords are being checked; nothing was done. Try again in a moment.'
      throw new ProblemError('overloaded', detail, { headers: retrySoon })
    }
    await new Promise<void>((resolve) => {
      waiting.push(resolve)
    })
  }

  /** The place goes straight to who has waited longest, so nobody can step in between. */
  const leave = () => {
    const next = waiting.shift()
    if (next === undefined) running -= 1
    else next()
  }

  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    await enter()
    try {
      return await work()
    } finally {
      leave()
    }
  }
}

const deriveKey = promisify(argon2)

/**
 * The same password may be typed as different code points on two keyboards: RFC 8265 makes them one
 * by NFC.
 */
const derive = (password: string, { memoryKib, passes: times, lanes: wide, nonce }: Salt) =>
  deriveKey('argon2id', {
    message: Buffer.from(password.normalize('NFC'), 'utf8'),
    nonce,
    memory: memoryKib,
    passes: times,
    parallelism: wide,
    tagLength: hashBytes,
  })

export const createPasswords = (options: PasswordOptions) => {
  const { memoryKib, maxAtOnce = 2, maxWaiting = 64 } = options
  const cost = { memoryKib, passes, lanes }
  if (!hasSaneCost(cost)) {
    throw new Error(`a password cannot be hashed with ${memoryKib} KiB of memory`)
  }
  const inPlace = createPlaces(maxAtOnce, maxWaiting)

  return {
    /** Hashes with a salt of its own, or makes a hash again with the salt that was kept of it. */
    hash: async (password: string, salt?: string): Promise<string> => {
      const used =
        salt === undefined ? { ...cost, nonce: randomBytes(saltBytes) } : parse(salt).salt
      const hash = await inPlace(() => derive(password, used))
      return `${saltText(used)}$${base64(hash)}`
    },

    /** Whether this is the password of the hash. It takes the same time whether it is or not. */
    matches: async (password: string, phc: string): Promise<boolean> => {
      const { salt, hash } = parse(phc)
      if (hash === undefined) throw new Error('this is the salt of a hash and not a hash')
      return timingSafeEqual(await inPlace(() => derive(password, salt)), hash)
    },
  }
}

export type Passwords = ReturnType<typeof createPasswords>
