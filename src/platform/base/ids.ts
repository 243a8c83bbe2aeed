import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'

/** The ids of requests that a caller may choose. */
export const requestIdPattern = /^[A-Za-z0-9._-]{1,64}$/

const bytesPerId = 16

/** Randomness for many ids: to ask for it costs more than all the rest of an id. */
const store = new Uint8Array(256 * bytesPerId)
let used = store.length

const takeRandom = (): Uint8Array => {
  if (used === store.length) {
    randomFillSync(store)
    used = 0
  }
  used += bytesPerId
  return store.subarray(used - bytesPerId, used)
}

let lastMs = -Infinity
/** It begins anywhere in each millisecond, and counts the ids of it. */
let inMs = 0

/**
 * Ids that grow with time, so that new rows land at the end of every index. The library would ask for
 * random bytes each time; so it gets them, and with them the time and the count, which it keeps only
 * for those that it asked for itself.
 */
export const uuidv7 = (): string => {
  const random = takeRandom()
  const nowMs = Date.now()
  if (nowMs > lastMs) {
    lastMs = nowMs
    inMs = new DataView(random.buffer, random.byteOffset).getUint32(6) >>> 1
  } else {
    inMs = (inMs + 1) | 0
    if (inMs === 0) lastMs += 1
  }
  return v7({ random, msecs: lastMs, seq: inMs })
}
