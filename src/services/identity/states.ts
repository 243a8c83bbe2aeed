/** What a login may be allowed beyond its own things, and how a session may end, as lists. */

/** An operator sees and mends everything; a teller may put money on accounts. */
export const roles = ['operator', 'teller'] as const
export type Role = (typeof roles)[number]

export const sessionEndings = [
  /** Its owner said so. */
  'SIGNED_OUT',
  /** A refresh token came that was not the present one: somebody may have stolen it. */
  'TOKEN_REUSED',
  /** A command gave its owner another password. */
  'NEW_PASSWORD',
] as const

export const locales = ['en', 'ru'] as const
