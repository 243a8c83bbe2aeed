/** Keys that services use between themselves begin with this; the gateway keeps it from the public. */
export const sagaKeyPrefix = 'saga:'

/** Visible ASCII without the quote: a key may stand between two, and means the same without. */
const characters = '[!#-~]{1,255}'

const bareOrQuoted = (key: string) => new RegExp(`^(?:${key}|"${key}")$`)

export const keyPattern = new RegExp(`^${characters}$`)

/** A key as the header may carry it. */
export const keyHeaderPattern = bareOrQuoted(characters)

/** What the gateway lets through from outside: a key that can be no saga's. */
export const publicKeyHeaderPattern = bareOrQuoted(`(?!${sagaKeyPrefix})${characters}`)
