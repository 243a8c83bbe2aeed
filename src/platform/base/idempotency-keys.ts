/** Keys that services use between themselves begin with this. The gateway refuses it from outside. */
export const sagaKeyPrefix = 'saga:'

/** Visible ASCII without the quote, because a key may stand between quotes and is the same without. */
const characters = '[!#-~]{1,255}'

const bareOrQuoted = (key: string) => new RegExp(`^(?:${key}|"${key}")$`)

export const keyPattern = new RegExp(`^${characters}$`)

/** A key as the header may carry it. */
export const keyHeaderPattern = bareOrQuoted(characters)

/** A key from outside, which must not be a saga's. */
export const publicKeyHeaderPattern = bareOrQuoted(`(?!${sagaKeyPrefix})${characters}`)

/**
 * A key as it is stored when it does not belong to the owner of the row: each who acts has keys of
 * their own. A client's key has no space, so no two of these can be the same by accident.
 */
export const scopedKey = (scope: string, key: string): string => `${scope} ${key}`
