import { refuseToken } from './refusal.ts'

/** Longer than any token that is meant for us. */
const maxTokenLength = 8 * 1024

/** The token in the value of an `Authorization` header. */
export const tokenIn = (authorization: string): string => {
  const [, token] = /^bearer +([\w.~+/=-]+)$/i.exec(authorization) ?? []
  if (token === undefined || token.length > maxTokenLength) {
    throw refuseToken('The Authorization header has no Bearer token.')
  }
  return token
}
