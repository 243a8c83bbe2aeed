import { createPublicKey, type JsonWebKey } from 'node:crypto'
import type { JSONWebKeySet } from 'jose'

const smallestRsaBits = 2_048

/** Whether a key can check a signature of a kind that is taken here. Issuers publish other keys, too. */
const isUsable = (key: unknown): boolean => {
  const { use = 'sig', d } = (key ?? {}) as { readonly use?: unknown; readonly d?: unknown }
  if (use !== 'sig' || d !== undefined) return false
  try {
    const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = createPublicKey({
      key: key as JsonWebKey,
      format: 'jwk',
    })
    if (type === 'rsa') return (details.modulusLength ?? 0) >= smallestRsaBits
    return type === 'ed25519' || (type === 'ec' && details.namedCurve === 'prime256v1')
  } catch {
    return false
  }
}

/** Reads the keys of an issuer from its document. Throws when there is none that is of use. */
export const toKeySet = (document: unknown): JSONWebKeySet => {
  const keys = (document as { readonly keys?: unknown } | null)?.keys
  const usable = Array.isArray(keys) ? keys.filter(isUsable) : []
  if (usable.length === 0) throw new Error('the answer has no keys')
  return { keys: usable }
}
