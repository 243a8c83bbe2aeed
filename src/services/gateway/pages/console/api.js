/** @import { Session } from './session.js' */
/** @import { Trouble } from './types.ts' */
import { SignInError } from './issuer.js'

/**
 * Asks the gateway, with the token of who is signed in. Whatever is not a good answer is thrown as a
 * trouble that a page can show.
 */
const retries = 3
const pauseMs = 400

/** Answers after which nobody knows yet whether it was done, or which say to come again. */
const mayPass = new Set([0, 429, 502, 503, 504])

/** @param {number} ms */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

export class ApiError extends Error {
  /** @param {Trouble} trouble */
  constructor(trouble) {
    super(trouble.title)
    /** @type {Trouble} */
    this.trouble = trouble
  }
}

/** @type {Trouble} */
const nobodyAnswers = {
  title: 'The gateway does not answer',
  detail: 'Look at your connection. What you see may be old.',
  code: 'no-answer',
  status: 0,
}

/** @type {Trouble} */
export const signedOut = {
  title: 'You are signed out',
  detail: 'Your session has ended. Sign in again to go on.',
  code: 'signed-out',
  status: 401,
}

/** What a page shows of anything that was thrown. @param {unknown} error @returns {Trouble} */
export const troubleIn = (error) => {
  if (error instanceof ApiError) return error.trouble
  if (error instanceof SignInError) {
    return error.isOver ? signedOut : { ...signedOut, detail: error.message }
  }
  return { ...nobodyAnswers, title: 'This page failed', detail: String(error), code: 'page-failed' }
}

/** @param {Response} response @returns {Promise<ApiError>} */
export const problemIn = async (response) => {
  const document = await response.json().catch(() => ({}))
  const {
    title = `The gateway answered ${response.status}`,
    detail = '',
    code = 'unknown',
  } = document
  const { requestId = response.headers.get('x-request-id') ?? undefined, errors } = document
  return new ApiError({ title, detail, code, status: response.status, requestId, errors, document })
}

/** @param {Session} session */
export const createApi = (session) => {
  /** @param {string} path @param {RequestInit} init @param {string | undefined} token */
  const send = async (path, init, token) => {
    const headers = new Headers(init.headers)
    if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
    try {
      return await fetch(path, { ...init, headers })
    } catch (error) {
      if (init.signal?.aborted) throw error
      throw new ApiError(nobodyAnswers)
    }
  }

  /**
   * The response, good or not. A token that is refused is renewed once.
   * @param {string} path
   * @param {RequestInit} [init]
   */
  const open = async (path, init = {}) => {
    const token = await session.token()
    const response = await send(path, init, token)
    if (response.status !== 401 || token === undefined) return response
    return send(path, init, await session.renew(token))
  }

  /** @param {string} path @param {RequestInit} [init] */
  const ask = async (path, init) => {
    const response = await open(path, init)
    if (!response.ok) throw await problemIn(response)
    return response.json()
  }

  /**
   * What may have been done is asked again with the same key, which does it once.
   * @param {string} path
   * @param {RequestInit} init
   */
  const askUntilKnown = async (path, init) => {
    for (let round = 1; ; round += 1) {
      try {
        return await ask(path, init)
      } catch (error) {
        if (round > retries || !mayPass.has(troubleIn(error).status)) throw error
      }
      await pause(pauseMs * 2 ** round)
    }
  }

  /** @param {'POST' | 'PATCH' | 'DELETE'} method */
  const write =
    (method) =>
    /** @param {string} path @param {string} key @param {unknown} [body] */
    (path, key, body) =>
      askUntilKnown(path, {
        method,
        headers: {
          ...(method === 'DELETE' ? {} : { 'idempotency-key': key }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })

  return {
    open,
    /** @param {string} path @param {AbortSignal} [signal] */
    get: (path, signal) => ask(path, { signal }),
    post: write('POST'),
    patch: write('PATCH'),
    remove: write('DELETE'),
  }
}

/** @typedef {ReturnType<typeof createApi>} Api */
