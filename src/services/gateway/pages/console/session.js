/** @import { Tokens } from './types.ts' */
import { createIssuer, SignInError } from './issuer.js'
import { claimsIn, personIn } from './tokens.js'

/**
 * Who is signed in, with tokens that are kept fresh. They are in the memory of this tab and, so that
 * it may be loaded again, in its sessionStorage: other tabs and later visitors do not find them there.
 * (A tab that the browser duplicates has a copy. A refresh token serves once, so the session ends for
 * both when the second of them uses it.)
 */
const tokensAt = 'orderly.tokens'
const beginningAt = 'orderly.sign-in'

/** A token must last longer than the request for which it is asked. */
const refreshBeforeMs = 30_000

/** What was kept when the sign-in began. It serves once. */
const takeBeginning = () => {
  const kept = sessionStorage.getItem(beginningAt)
  sessionStorage.removeItem(beginningAt)
  return JSON.parse(kept ?? '{}')
}

/** @param {string} issuerUrl empty for our own issuer */
const createTokens = (issuerUrl) => {
  const issuer = createIssuer(issuerUrl)
  /** @type {Tokens | undefined} */
  let tokens
  /** @type {Promise<Tokens> | undefined} */
  let refreshing
  let isLost = false
  const listeners = new Set(/** @type {(() => void)[]} */ ([]))

  /** @param {Tokens | undefined} next */
  const keep = (next) => {
    tokens = next
    if (next === undefined) sessionStorage.removeItem(tokensAt)
    else sessionStorage.setItem(tokensAt, JSON.stringify(next))
    for (const listener of listeners) listener()
  }

  const refresh = async () => {
    const begun = tokens
    const { refreshToken, idToken } = begun ?? {}
    try {
      if (refreshToken === undefined) throw new SignInError('Your session has ended.', true)
      const fresh = await issuer.refresh(refreshToken)
      const next = { ...fresh, idToken: fresh.idToken ?? idToken }
      if (tokens !== begun) {
        // Whoever has signed out meanwhile stays signed out.
        if (next.refreshToken !== undefined) await issuer.revoke(next.refreshToken)
        throw new SignInError('You have signed out.')
      }
      keep(next)
      return next
    } catch (error) {
      if (error instanceof SignInError && error.isOver) {
        isLost = true
        keep(undefined)
      }
      throw error
    }
  }

  return {
    issuer,
    listeners,
    keep,
    now: () => tokens,
    isLost: () => isLost,
    /** A refresh token serves once: whoever needs one meanwhile waits for the same answer. */
    refresh: () => {
      refreshing ??= refresh().finally(() => {
        refreshing = undefined
      })
      return refreshing
    },
  }
}

/** @param {{ issuer: string, rolesClaim: string }} settings */
export const createSession = ({ issuer: issuerUrl, rolesClaim }) => {
  const { issuer, listeners, keep, now, refresh, isLost } = createTokens(issuerUrl)

  const takeKept = () => {
    const kept = sessionStorage.getItem(tokensAt)
    if (kept !== null) keep(JSON.parse(kept))
  }

  /** The issuer has sent the browser back: takes the tokens for the code. */
  const complete = async () => {
    const answer = new URLSearchParams(location.search)
    const begun = takeBeginning()
    // The code serves once, so it need not stay in the history.
    history.replaceState(null, '', `${issuer.redirectUri}${begun.returnTo ?? ''}`)
    if (begun.state === undefined || begun.state !== answer.get('state')) {
      // Anybody can make such a link: what it says is not shown, and nobody is signed out by it.
      takeKept()
      if (now() !== undefined) return
      throw new SignInError('This answer of the issuer belongs to another sign-in.')
    }
    const error = answer.get('error')
    if (error !== null) throw new SignInError(answer.get('error_description') ?? error)
    const fresh = await issuer.tokensFor(answer.get('code') ?? '', begun.verifier)
    if (fresh.idToken !== undefined && claimsIn(fresh.idToken)['nonce'] !== begun.nonce) {
      throw new SignInError('The token was made for another sign-in.')
    }
    keep(fresh)
  }

  return {
    isOwnIssuer: issuerUrl === '',
    /** Whether the session ended while somebody used it. */
    isLost,
    /** Leaves the page, and comes back to `returnTo`. @param {string} returnTo */
    signIn: async (returnTo) => {
      const { url, kept } = await issuer.prepareSignIn()
      sessionStorage.setItem(beginningAt, JSON.stringify({ ...kept, returnTo }))
      location.assign(url)
    },
    signOut: async () => {
      const { refreshToken, idToken } = now() ?? {}
      keep(undefined)
      if (refreshToken !== undefined) await issuer.revoke(refreshToken)
      location.assign(await issuer.signOutUrl(idToken))
    },
    /** Finds out whether somebody is signed in: when the page is loaded. */
    start: async () => {
      if (/[?&](?:code|error)=/.test(location.search)) return complete()
      return takeKept()
    },
    person: () => {
      const tokens = now()
      return tokens === undefined ? undefined : personIn(tokens, rolesClaim)
    },
    /** A token that lasts, or undefined when nobody is signed in. */
    token: async () => {
      const tokens = now()
      if (tokens === undefined) return undefined
      if (Date.now() < tokens.endsAtMs - refreshBeforeMs) return tokens.accessToken
      return (await refresh()).accessToken
    },
    /** The services do not take this token any more: gets another one. @param {string} refused */
    renew: async (refused) => {
      const tokens = now()
      if (tokens !== undefined && tokens.accessToken !== refused) return tokens.accessToken
      return (await refresh()).accessToken
    },
    /** @param {() => void} listener */
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** @typedef {ReturnType<typeof createSession>} Session */
