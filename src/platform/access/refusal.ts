import { ProblemError } from '../base/errors.ts'

const realm = 'Bearer realm="orderly"'

/** There is no token. */
export const askForToken = (detail: string) =>
  new ProblemError('unauthenticated', detail, { headers: { 'www-authenticate': realm } })

/** There is a token, and it does not serve. What exactly is wrong with it is told to nobody. */
export const refuseToken = (detail: string) =>
  new ProblemError('unauthenticated', detail, {
    headers: { 'www-authenticate': `${realm}, error="invalid_token"` },
  })
