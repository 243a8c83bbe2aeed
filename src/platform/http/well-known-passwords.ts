import { createRequire } from 'node:module'
import type { dictionary } from '@zxcvbn-ts/language-common'

export const minPasswordLength = 10
export const maxPasswordLength = 128

/**
 * Of the passwords that people choose most often only those matter that are long enough. The words
 * of all lists and their text are forgotten again: together they take several MB.
 */
const readWellKnown = (): ReadonlySet<string> => {
  const load = createRequire(import.meta.url)
  const kept = new Set(Object.keys(load.cache))
  const lists = load('@zxcvbn-ts/language-common') as { readonly dictionary: typeof dictionary }
  for (const file of Object.keys(load.cache)) if (!kept.has(file)) delete load.cache[file]
  const words = lists.dictionary['passwords-common'].filter(
    (word) => word.length >= minPasswordLength,
  )
  // A copy of each: a word that is part of a text keeps the whole text.
  return new Set(words.map((word) => Buffer.from(word).toString()))
}

const wellKnown = readWellKnown()

/** Capitals make a word that everybody tries first no better. */
export const isWellKnown = (password: string): boolean => wellKnown.has(password.toLowerCase())
