import { v7 } from 'uuid'

/** Ids that grow with time, so that new rows land at the end of every index. */
export const uuidv7 = (): string => v7()
