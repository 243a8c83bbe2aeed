import { dictionary } from '@zxcvbn-ts/language-common'

export const minPasswordLength = 10
export const maxPasswordLength = 128

/** Of the passwords that people choose most often only those matter that are long enough. */
const wellKnown = new Set(
  dictionary['passwords-common'].filter((password) => password.length >= minPasswordLength),
)

/** Capitals make a word that everybody tries first no better. */
export const isWellKnown = (password: string): boolean => wellKnown.has(password.toLowerCase())
