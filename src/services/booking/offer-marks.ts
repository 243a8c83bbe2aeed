/**
 * What a row of a list says in short of all the terms of its offer: two of 64 bits for each. An offer
 * that has all terms of a search has all their marks, too. One that has their marks need not have the
 * terms, which is seldom while it has few words: at 40 words it is every second one.
 */

/** Spreads what differs in one sign over all bits. What is stored was made by it: it never changes. */
const hashOf = (term: string): number => {
  let hash = 0x811c9dc5
  for (let index = 0; index < term.length; index += 1) {
    hash = Math.imul(hash ^ term.charCodeAt(index), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** Returns a whole number as Postgres has it: with a sign, and too large for a number here. */
export const marksOf = (terms: readonly string[]): string => {
  let marks = 0n
  for (const hash of terms.map(hashOf)) {
    marks |= (1n << BigInt(hash & 63)) | (1n << BigInt((hash >>> 6) & 63))
  }
  return BigInt.asIntN(64, marks).toString()
}
