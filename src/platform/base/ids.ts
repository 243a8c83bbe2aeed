import { v7 } from 'uuid'

/** The ids of requests that a caller may choose. */
export const requestIdPattern = /^[A-Za-z0-9._-]{1,64}$/

/** Ids that grow with time, so that new rows land at the end of every index. */
export const uuidv7 = (): string => v7()
