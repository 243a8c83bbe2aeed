/**
 * The values that company knows, as lists: types, contract and answers are made of them, and the
 * database's checks repeat them.
 */

/** What a member may do: an ADMIN also changes the company and its members. */
export const memberRoles = ['ADMIN', 'MANAGER'] as const
export type MemberRole = (typeof memberRoles)[number]

/** Languages in which a member can be written to, as user knows them. */
export const locales = ['en', 'ru'] as const

/** So many may be members at once: all of them get letters, and are told in one answer. */
export const maxMembers = 50

/** The tree of categories is told in one answer, so it has an end. */
export const maxCategories = 500
export const maxCategoryDepth = 3
