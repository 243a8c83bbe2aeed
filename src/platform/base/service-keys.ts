import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'

/**
 * The Ed25519 keys by which services know each other, as they stand in settings: one line of
 * base64url each.
 */
export interface ServiceKeys {
  readonly privateKey: string
  readonly publicKey: string
}

const encode = (der: Buffer) => der.toString('base64url')
const decode = (text: string) => Buffer.from(text, 'base64url')

export const readPrivateKey = (text: string): KeyObject =>
  createPrivateKey({ key: decode(text), format: 'der', type: 'pkcs8' })

export const readPublicKey = (text: string): KeyObject =>
  createPublicKey({ key: decode(text), format: 'der', type: 'spki' })

const isKey = (read: (text: string) => KeyObject, text: string) => {
  try {
    return read(text).asymmetricKeyType === 'ed25519'
  } catch {
    return false
  }
}

export const isPrivateKey = (text: string) => isKey(readPrivateKey, text)
export const isPublicKey = (text: string) => isKey(readPublicKey, text)

/** The public key that belongs to a private one. */
export const publicKeyOf = (privateKey: string): string =>
  encode(createPublicKey(readPrivateKey(privateKey)).export({ format: 'der', type: 'spki' }))

export const makeServiceKeys = (): ServiceKeys => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const text = encode(privateKey.export({ format: 'der', type: 'pkcs8' }))
  return { privateKey: text, publicKey: publicKeyOf(text) }
}
