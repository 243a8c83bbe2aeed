import words from './well-known-passwords.json' with { type: 'json' }

export const minPasswordLength = 10
export const maxPasswordLength = 128

/**
 * Of the passwords that people choose most often, in `@zxcvbn-ts/language-common`, those that are
 * long enough. They are kept in a file of their own, because a process that reads them there also
 * reads and keeps fifty thousand others. A test says when the file is no longer what it should be.
 */
const wellKnown: ReadonlySet<string> = new Set(words)

/** Capitals make a word that everybody tries first no better. */
export const isWellKnown = (password: string): boolean => wellKnown.has(password.toLowerCase())
