import { dictionary } from '@zxcvbn-ts/language-common'
import { describe, expect, it } from 'vitest'
import { passwordSchema } from './password-schema.ts'
import { minPasswordLength } from './well-known-passwords.ts'
import wellKnown from './well-known-passwords.json' with { type: 'json' }

const complaintsAbout = (password: unknown) =>
  passwordSchema.safeParse(password).error?.issues.map(({ message }) => message) ?? []

describe('a password that somebody chooses', () => {
  it.each([
    'ten chars!',
    'x'.repeat(128),
    '🦔'.repeat(10),
    '🦔'.repeat(128),
    'пароль из слов',
    '  spaces  ',
  ])('may be %j', (password) => {
    expect(complaintsAbout(password)).toEqual([])
  })

  it.each([
    ['', /empty/],
    ['nine char', /at least 10/],
    ['🦔'.repeat(9), /at least 10/],
    ['x'.repeat(129), /at most 128/],
    ['🦔'.repeat(129), /at most 128/],
    ['ten chars\0', /NUL/],
    ['ten chars\ud800', /well-formed/],
    ['password123', /tries first/],
    ['PassWord123', /tries first/],
    ['qwertyuiop', /tries first/],
    ['1234567890', /tries first/],
    [1_234_567_890, /string/],
  ])('may not be %j', (password, complaint) => {
    expect(complaintsAbout(password).join()).toMatch(complaint)
  })

  it('is compared with all that the list of well-known ones has, and that are long enough', () => {
    const words = dictionary['passwords-common']
    expect(wellKnown).toEqual(words.filter((word) => word.length >= minPasswordLength))
  })
})
