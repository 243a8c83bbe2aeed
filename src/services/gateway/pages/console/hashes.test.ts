import { createHash, randomBytes } from 'node:crypto'
import { v5 } from 'uuid'
import { describe, expect, it } from 'vitest'
import { base64url, newKey, randomText, sha256, uuidv5 } from './hashes.js'

/** Node's own are right: the page has others only because browsers keep theirs for https. */
describe('the hashes of the console', () => {
  it('are those of SHA-256, whatever the length', () => {
    for (let length = 0; length < 200; length += 1) {
      const text = randomBytes(length).toString('latin1')
      expect(base64url(sha256(text))).toBe(createHash('sha256').update(text).digest('base64url'))
    }
  })

  it('make the UUID of a name that the services make', () => {
    for (const name of ['masha', 'https://id.example/realms/orderly', 'ы'.repeat(70), '']) {
      expect(uuidv5(name, v5.URL)).toBe(v5(name, v5.URL))
    }
  })

  it('give keys that are UUIDs, and no two alike', () => {
    const keys = Array.from({ length: 100 }, newKey)
    expect(new Set(keys).size).toBe(100)
    for (const key of keys) {
      expect(key).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    }
    // What PKCE asks of a verifier: 43 to 128 letters.
    expect(randomText()).toMatch(/^[\w-]{43}$/)
  })
})
