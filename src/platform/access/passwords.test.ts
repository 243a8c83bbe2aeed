import { setTimeout as setTimeoutAsync } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { ProblemError } from '../base/errors.ts'
import { createPasswords, saltOf } from './passwords.ts'

const passwords = createPasswords({ memoryKib: 1_024 })

/** Of the reference implementation's own tests: argon2id, version 19, `password`, `somesalt`. */
const known = {
  password: 'password',
  phc: '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
}

describe('the hash of a password', () => {
  it('is one of argon2id in the PHC form, and another one each time', async () => {
    const [first, second] = [
      await passwords.hash('correct horse'),
      await passwords.hash('correct horse'),
    ]
    expect(first).toMatch(
      /^\$argon2id\$v=19\$m=1024,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
    )
    expect(second).not.toBe(first)
  })

  it('matches its password, and no other', async () => {
    const phc = await passwords.hash('correct horse')
    expect(await passwords.matches('correct horse', phc)).toBe(true)
    for (const wrong of ['correct horse ', 'Correct horse', '', phc]) {
      expect(await passwords.matches(wrong, phc)).toBe(false)
    }
  })

  it('is what the reference implementation makes', async () => {
    expect(await passwords.matches(known.password, known.phc)).toBe(true)
    expect(await passwords.hash(known.password, saltOf(known.phc))).toBe(known.phc)
  })

  it('can be made again with the salt that was kept of it, also by another setting', async () => {
    const phc = await passwords.hash('correct horse')
    const salt = saltOf(phc)
    expect(phc).toBe(`${salt}${phc.slice(-44)}`)
    expect(phc.slice(-44)).toMatch(/^\$/)
    const later = createPasswords({ memoryKib: 2_048 })
    expect(await later.hash('correct horse', salt)).toBe(phc)
    expect(await later.hash('another horse', salt)).not.toBe(phc)
    expect(await later.matches('correct horse', phc)).toBe(true)
  })

  it('is the same for a password that was typed as other code points', async () => {
    const phc = await passwords.hash('Fiancée Åse'.normalize('NFD'))
    expect(await passwords.matches('Fiancée Åse'.normalize('NFC'), phc)).toBe(true)
  })
})

describe('what cannot be', () => {
  it.each([0, 1_023, 1_048_577, Number.NaN, 2_000.5])(
    'a cost of %d KiB is refused',
    (memoryKib) => {
      expect(() => createPasswords({ memoryKib })).toThrow(/cannot be hashed/)
    },
  )

  it.each([
    ['nothing', ''],
    ['a password', 'correct horse'],
    ['a hash of another kind', known.phc.replace('argon2id', 'argon2i')],
    ['another version', known.phc.replace('v=19', 'v=16')],
    ['a shorter hash', known.phc.slice(0, -1)],
    ['a line more', `${known.phc}\n`],
    ['too little memory', known.phc.replace('m=65536', 'm=8')],
    ['all memory', known.phc.replace('m=65536', 'm=99999999')],
    ['no pass', known.phc.replace('t=2', 't=0')],
    ['passes without end', known.phc.replace('t=2', 't=999')],
    ['too many lanes', known.phc.replace('p=1', 'p=99')],
  ])('a stored hash that is %s is a fault and no wrong password', async (_what, phc) => {
    await expect(passwords.matches(known.password, phc)).rejects.toThrow(/argon2id|out of bounds/)
    await expect(passwords.hash(known.password, phc || 'x')).rejects.toThrow(
      /argon2id|out of bounds/,
    )
  })

  it('a salt is not taken for a hash', async () => {
    await expect(passwords.matches('x', saltOf(known.phc))).rejects.toThrow(/not a hash/)
  })
})

describe('many at once', () => {
  const outcomeOf = (work: Promise<string>) =>
    work.then(
      () => 'done',
      (error: unknown) => {
        const { code, options } = error as ProblemError
        return `${code} ${options.headers?.['retry-after']}`
      },
    )

  it('wait for each other, and those who find the queue full are told to come back', async () => {
    const few = createPasswords({ memoryKib: 1_024, maxAtOnce: 1, maxWaiting: 2 })
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, () => outcomeOf(few.hash('correct horse'))),
    )
    expect(outcomes).toEqual(['done', 'done', 'done', 'overloaded 1', 'overloaded 1'])
    expect(await outcomeOf(few.hash('correct horse'))).toBe('done')
  })

  it('give their places back when they fail', async () => {
    const one = createPasswords({ memoryKib: 1_024, maxAtOnce: 1, maxWaiting: 0 })
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await expect(one.hash('\ud800', 'no salt')).rejects.toThrow(/argon2id/)
    }
    expect(await outcomeOf(one.hash('correct horse'))).toBe('done')
  })

  it('leave the event loop free', async () => {
    const costly = createPasswords({ memoryKib: 131_072 })
    let isDone = false
    const hashed = costly.hash('correct horse').then(() => {
      isDone = true
    })
    await setTimeoutAsync(1)
    expect(isDone).toBe(false)
    await hashed
  })
})
