import type { Environment } from '../../platform/base/config.ts'

/** A start waits for it at most so long; services that start take longer anyway. */
const timeoutMs = 2_000

const read = async (address: string): Promise<unknown> => {
  const response = await fetch(address, { signal: AbortSignal.timeout(timeoutMs) })
  if (!response.ok) throw new Error(`it answers ${response.status}`)
  return response.json()
}

const reasonOf = (error: unknown): string => {
  const { name, message, cause } = error as Error
  if (name === 'TimeoutError') return `no answer in ${timeoutMs / 1000} s`
  const { code } = (cause ?? {}) as NodeJS.ErrnoException
  return code ?? message
}

/**
 * Looks whether another issuer is there. It may come later, so this is only a warning: the text of
 * it, or undefined when all is well.
 */
export const complaintAboutIssuer = async (
  issuer: string,
  environment: Environment,
): Promise<string | undefined> => {
  const keys = environment['JWKS_URL']
  const discovery = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const address = keys || discovery
  try {
    const told = (await read(address)) as { readonly issuer?: string }
    if (keys || told.issuer === issuer) return undefined
    return `the issuer at ${issuer} calls itself ${told.issuer}: set ISSUER_URL to exactly that`
  } catch (error) {
    return `the issuer cannot be reached (${address}: ${reasonOf(error)}); until it can, nobody gets in with a token of it`
  }
}
