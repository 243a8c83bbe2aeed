import { createHash, randomBytes } from 'node:crypto'

/**
 * A refresh token names its session and has a secret, of which only the hash is stored:
 * `<session id>.<secret>`.
 */
const shape = /^([\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})\.([\w-]{43})$/

export const makeSecret = (): string => randomBytes(32).toString('base64url')

export const hashOf = (secret: string): string =>
  createHash('sha256').update(secret).digest('base64url')

export const refreshTokenOf = (sessionId: string, secret: string): string =>
  `${sessionId}.${secret}`

/** Undefined: this was never one of ours. */
export const readRefreshToken = (
  token: string,
): { readonly id: string; readonly secret: string } | undefined => {
  const [, id, secret] = shape.exec(token) ?? []
  return id === undefined || secret === undefined ? undefined : { id, secret }
}
