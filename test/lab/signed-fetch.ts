import { authorizationOf } from './wallet.ts'

interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

const patienceMs = 15_000

const parsed = (body: string | undefined): unknown => {
  try {
    return body === undefined ? undefined : JSON.parse(body)
  } catch {
    return undefined
  }
}

/** `fetch` with the token that the route needs, for tests that look at the answer as browsers do. */
export const signedFetch = async (url: string, asked: Asked = {}): Promise<Response> => {
  const { origin, pathname, search } = new URL(url)
  const { method = 'GET', body, headers = {}, signal } = asked
  const authorization = await authorizationOf(
    origin,
    { method, path: `${pathname}${search}`, body: parsed(body) },
    signal ?? AbortSignal.timeout(patienceMs),
  )
  const shown = authorization === undefined ? {} : { authorization }
  return fetch(url, { ...asked, headers: { ...shown, ...headers } })
}
