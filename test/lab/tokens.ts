import { sign, type KeyObject } from 'node:crypto'

/**
 * Writes tokens with nothing but node:crypto, not with the library that the services check them
 * with. It signs whatever it is told to, so that tests can make bad tokens as well.
 */
export type Members = Readonly<Record<string, unknown>>

const encode = (part: Members) => Buffer.from(JSON.stringify(part)).toString('base64url')

export const writeToken = (header: Members, claims: Members, key: KeyObject): string => {
  const signed = `${encode(header)}.${encode(claims)}`
  return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`
}

export const nowSeconds = () => Math.floor(Date.now() / 1_000)
