/** @import { Tokens } from './types.ts' */
import { base64url, randomText, sha256 } from './hashes.js'

/**
 * Talks to the issuer: our own, which is at the origin of this page by whatever name that was
 * reached, or another one, which tells its addresses.
 */
const clientId = 'orderly'
const scope = 'openid email profile offline_access'

/** @typedef {Partial<Record<'authorization_endpoint' | 'token_endpoint' | 'end_session_endpoint' | 'revocation_endpoint', string>>} Places */

/** @type {Places} */
const ownPlaces = {
  authorization_endpoint: '/identity/auth',
  token_endpoint: '/identity/token',
  end_session_endpoint: '/identity/sign-out',
  revocation_endpoint: '/identity/revocation',
}

/** The sign-in did not work, and this is why. */
export class SignInError extends Error {
  /** @param {string} message @param {boolean} [isOver] whether the session has ended for good */
  constructor(message, isOver = false) {
    super(message)
    this.isOver = isOver
  }
}

/** @param {string} url @param {Record<string, string>} query */
const addressOf = (url, query) => {
  const address = new URL(url, location.origin)
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value)
  return address.href
}

/** @param {string} issuer empty for our own */
const createPlaces = (issuer) => {
  /** @type {Promise<Places> | undefined} */
  let places

  /** @returns {Promise<Places>} */
  const ask = async () => {
    const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
    if (!response.ok) throw new SignInError(`The issuer answered ${response.status}.`)
    return response.json()
  }

  /** What failed is asked again. */
  const all = () => {
    if (issuer === '') return Promise.resolve(ownPlaces)
    places ??= ask().catch((error) => {
      places = undefined
      throw error
    })
    return places
  }

  return {
    all,
    /** @param {keyof Places} name */
    one: async (name) => {
      const found = (await all())[name]
      if (found === undefined) throw new SignInError(`The issuer has no ${name}.`)
      return found
    },
  }
}

/** @param {string} issuer empty for our own */
export const createIssuer = (issuer) => {
  const places = createPlaces(issuer)
  // It allows pages of ours below this address, and no others.
  const redirectUri = `${location.origin}/console/`

  /** @param {Record<string, string>} form @returns {Promise<Tokens>} */
  const askTokens = async (form) => {
    const body = new URLSearchParams({ client_id: clientId, ...form })
    const response = await fetch(await places.one('token_endpoint'), { method: 'POST', body })
    const answer = await response.json().catch(() => ({}))
    if (!response.ok) {
      const message = answer.error_description ?? 'The issuer gave no tokens.'
      // Anything else may pass: then the refresh token is as good as before.
      throw new SignInError(message, answer.error === 'invalid_grant')
    }
    return {
      accessToken: answer.access_token,
      refreshToken: answer.refresh_token,
      idToken: answer.id_token,
      endsAtMs: Date.now() + (answer.expires_in ?? 60) * 1_000,
    }
  }

  return {
    redirectUri,
    /** Where a person signs in, and what must be known when they come back. */
    prepareSignIn: async () => {
      const [state, nonce, verifier] = [randomText(), randomText(), randomText()]
      const url = addressOf(await places.one('authorization_endpoint'), {
        client_id: clientId,
        response_type: 'code',
        redirect_uri: redirectUri,
        scope,
        state,
        nonce,
        code_challenge: base64url(sha256(verifier)),
        code_challenge_method: 'S256',
      })
      return { url, kept: { state, nonce, verifier } }
    },
    /** @param {string} code @param {string} verifier */
    tokensFor: (code, verifier) =>
      askTokens({
        grant_type: 'authorization_code',
        code,
        redirect_uri: redirectUri,
        code_verifier: verifier,
      }),
    /** @param {string} refreshToken @returns {Promise<Tokens>} */
    refresh: async (refreshToken) => {
      const fresh = await askTokens({ grant_type: 'refresh_token', refresh_token: refreshToken })
      // Not every issuer gives another one each time.
      return { ...fresh, refreshToken: fresh.refreshToken ?? refreshToken }
    },
    /** @param {string} refreshToken */
    revoke: async (refreshToken) => {
      const { revocation_endpoint: url } = await places.all()
      if (url === undefined) return
      const body = new URLSearchParams({ client_id: clientId, token: refreshToken })
      // It ends by itself later, if nobody answers now.
      await fetch(url, { method: 'POST', body }).catch(() => {})
    },
    /** Where the session at the issuer ends, too, if it has such a place. @param {string} [idToken] */
    signOutUrl: async (idToken) => {
      const { end_session_endpoint: url } = await places.all()
      if (url === undefined) return redirectUri
      const hint = idToken === undefined ? undefined : { id_token_hint: idToken }
      return addressOf(url, {
        client_id: clientId,
        post_logout_redirect_uri: redirectUri,
        ...hint,
      })
    },
  }
}
