import type { Edge } from '../../platform/base/states.ts'

/**
 * What can become of a user's account, as lists: types, contract and answers are
 * made of them, and the database's checks and trigger repeat them.
 */

/** A user is shown with one of these; a refusal is no user. */
export const shownAccountStatuses = ['PENDING', 'OPEN'] as const

export const accountStatuses = [...shownAccountStatuses, 'REFUSED'] as const
export type AccountStatus = (typeof accountStatuses)[number]

export const accountEdges: readonly Edge<AccountStatus>[] = [
  { from: 'PENDING', to: 'OPEN', when: 'billing opened the account' },
]

export const refusalReasons = ['username-taken', 'email-taken'] as const

/** Languages in which a person can be written to. */
export const locales = ['en', 'ru'] as const
export type Locale = (typeof locales)[number]
