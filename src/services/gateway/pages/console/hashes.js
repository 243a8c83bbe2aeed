/**
 * SHA-256 and SHA-1. Browsers keep theirs for pages that came over https or from the same machine,
 * and the console is reached by plain http as well.
 */
const encoder = new TextEncoder()

/** @param {number} value @param {number} by */
const left = (value, by) => (value << by) | (value >>> (32 - by))
/** @param {number} value @param {number} by */
const right = (value, by) => (value >>> by) | (value << (32 - by))

/**
 * The message in blocks of sixteen words, filled up as both algorithms say.
 * @param {Uint8Array} bytes
 * @returns {number[][]}
 */
const blocksOf = (bytes) => {
  const padded = new Uint8Array((((bytes.length + 8) >> 6) + 1) * 64)
  padded.set(bytes)
  padded[bytes.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29))
  view.setUint32(padded.length - 4, bytes.length * 8)
  return Array.from({ length: padded.length / 64 }, (_, block) =>
    Array.from({ length: 16 }, (_word, word) => view.getUint32(block * 64 + word * 4)),
  )
}

/** @param {readonly number[]} words */
const bytesOf = (words) => {
  const view = new DataView(new ArrayBuffer(words.length * 4))
  words.forEach((word, index) => view.setUint32(index * 4, word))
  return new Uint8Array(view.buffer)
}

const primes = [2]
for (let next = 3; primes.length < 64; next += 2) {
  if (primes.every((prime) => next % prime !== 0)) primes.push(next)
}

/** The first 32 bits behind the point. @param {number} value */
const fraction = (value) => ((value - Math.floor(value)) * 2 ** 32) | 0

const roundWords = primes.map((prime) => fraction(Math.cbrt(prime)))
const firstWords = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)))

/** @param {number[]} state @param {number[]} block */
const mix256 = (state, block) => {
  const words = [...block]
  const at = (/** @type {number} */ index) => words[index] ?? 0
  for (let index = 16; index < 64; index += 1) {
    const [before, last] = [at(index - 15), at(index - 2)]
    const one = right(before, 7) ^ right(before, 18) ^ (before >>> 3)
    const two = right(last, 17) ^ right(last, 19) ^ (last >>> 10)
    words.push((at(index - 16) + one + at(index - 7) + two) | 0)
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let index = 0; index < 64; index += 1) {
    const sum = right(e, 6) ^ right(e, 11) ^ right(e, 25)
    const choice = (e & f) ^ (~e & g)
    const one = (h + sum + choice + (roundWords[index] ?? 0) + at(index)) | 0
    const two = ((right(a, 2) ^ right(a, 13) ^ right(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0]
  }
  return [a, b, c, d, e, f, g, h].map((word, index) => (word + (state[index] ?? 0)) | 0)
}

/** @param {string} text */
export const sha256 = (text) =>
  bytesOf(blocksOf(encoder.encode(text)).reduce((state, block) => mix256(state, block), firstWords))

/** @param {number} index @param {number} b @param {number} c @param {number} d */
const sha1Step = (index, b, c, d) => {
  if (index < 20) return ((b & c) | (~b & d)) + 0x5a827999
  if (index < 40) return (b ^ c ^ d) + 0x6ed9eba1
  if (index < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
  return (b ^ c ^ d) + 0xca62c1d6
}

/** @param {number[]} state @param {number[]} block */
const mix1 = (state, block) => {
  const words = [...block]
  const at = (/** @type {number} */ index) => words[index] ?? 0
  for (let index = 16; index < 80; index += 1) {
    words.push(left(at(index - 3) ^ at(index - 8) ^ at(index - 14) ^ at(index - 16), 1))
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = state
  for (let index = 0; index < 80; index += 1) {
    const next = (left(a, 5) + sha1Step(index, b, c, d) + e + at(index)) | 0
    ;[e, d, c, b, a] = [d, c, left(b, 30), a, next]
  }
  return [a, b, c, d, e].map((word, index) => (word + (state[index] ?? 0)) | 0)
}

/** @param {Uint8Array} bytes */
const sha1 = (bytes) =>
  bytesOf(
    blocksOf(bytes).reduce(
      (state, block) => mix1(state, block),
      [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0],
    ),
  )

/** @param {Uint8Array} bytes */
export const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

/** @param {Uint8Array} bytes */
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** @param {Uint8Array} bytes @param {number} version */
const uuidOf = (bytes, version) => {
  const marked = bytes.slice(0, 16)
  marked[6] = ((marked[6] ?? 0) & 0x0f) | (version << 4)
  marked[8] = ((marked[8] ?? 0) & 0x3f) | 0x80
  return hex(marked).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** A name within a namespace, as RFC 9562 makes a UUID of it. @param {string} name @param {string} space */
export const uuidv5 = (name, space) => {
  const spaceBytes = (space.replaceAll('-', '').match(/../g) ?? []).map((pair) =>
    parseInt(pair, 16),
  )
  return uuidOf(sha1(new Uint8Array([...spaceBytes, ...encoder.encode(name)])), 5)
}

/** The namespace of addresses. */
export const urlSpace = '6ba7b811-9dad-11d1-80b4-00c04fd430c8'

/** @param {number} length */
const randomBytes = (length) => crypto.getRandomValues(new Uint8Array(length))

/** A key that nobody else makes, and nobody guesses. */
export const newKey = () => uuidOf(randomBytes(16), 4)

export const randomText = () => base64url(randomBytes(32))
