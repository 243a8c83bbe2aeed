import { rowsOf } from './statement.ts'

/** What an operator looks for: any id, a key, or the id of a request. */
export interface Found {
  readonly kind: string
  readonly id: string
  readonly userId: string | null
}

/** The input of the statements that look for something by its name. Each service has one. */
export const namedColumns = { sought: 'text', id: 'uuid?', maxItems: 'int' } as const

/** The input of those that look for the row of a request, too. */
export const soughtColumns = {
  ...namedColumns,
  fromId: 'uuid?',
  toId: 'uuid?',
  maxRead: 'int',
} as const

export const foundRows = rowsOf<Found>()

const uuid = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/

/**
 * A row is made right after its request has come, and the ids of both hold the time. So a row is found
 * by its request among those of the same moment, and no index of request ids burdens each insert. A
 * request id that a client chose holds no time, and nothing is found by it.
 */
const marginBeforeMs = 1_000
const marginAfterMs = 15_000
/** More than are made while a request waits, even under full load. */
const maxRead = 20_000
const maxItems = 20

const firstIdOf = (ms: number) => {
  const time = Math.max(0, ms).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`
}

const timeIn = (id: string) => Number.parseInt(id.slice(0, 13).replace('-', ''), 16)

export const namedIn = (text: string) => {
  const lower = text.toLowerCase()
  return { sought: text, id: uuid.test(lower) ? lower : null, maxItems }
}

export const soughtIn = (text: string) => {
  const named = namedIn(text)
  const ms = named.id?.[14] === '7' ? timeIn(named.id) : undefined
  return {
    ...named,
    fromId: ms === undefined ? null : firstIdOf(ms - marginBeforeMs),
    toId: ms === undefined ? null : firstIdOf(ms + marginAfterMs),
    maxRead,
  }
}
