import { request } from 'undici'

/** A browser without a screen: it keeps cookies and follows redirects only when it is told to. */
export interface PageAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** Where it redirects to. */
  readonly location: URL | undefined
}

export const createPageClient = (baseUrl: string) => {
  const cookies = new Map<string, { readonly value: string; readonly path: string }>()

  const keep = (given: string | string[] | undefined) => {
    for (const cookie of [given ?? []].flat()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      const path = /;\s*path=([^;]+)/i.exec(cookie)?.[1] ?? '/'
      if (value === '') cookies.delete(`${name} ${path}`)
      else cookies.set(`${name} ${path}`, { value: `${name}=${value}`, path })
    }
  }

  const send = async (
    method: 'GET' | 'POST',
    address: string,
    form?: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<PageAnswer> => {
    const url = new URL(address, baseUrl)
    const sent = [...cookies.values()]
      .filter(({ path }) => url.pathname === path || url.pathname.startsWith(path))
      .map(({ value }) => value)
    const answer = await request(url, {
      method,
      reset: true,
      headers: {
        accept: 'text/html',
        ...(sent.length > 0 ? { cookie: sent.join('; ') } : {}),
        ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
      body: form === undefined ? null : new URLSearchParams(form).toString(),
    })
    const text = await answer.body.text()
    keep(answer.headers['set-cookie'])
    const { location } = answer.headers
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text,
      location: typeof location === 'string' ? new URL(location, url) : undefined,
    }
  }

  return {
    cookies,
    send,
    get: (address: string) => send('GET', address),
    post: (
      address: string,
      form: Readonly<Record<string, string>>,
      headers?: Readonly<Record<string, string>>,
    ) => send('POST', address, form, headers),
    /** Follows redirects until there is a page, or one leads to another place. */
    open: async (address: string): Promise<PageAnswer> => {
      let answer = await send('GET', address)
      while (answer.location?.origin === new URL(baseUrl).origin) {
        answer = await send('GET', answer.location.href)
      }
      return answer
    },
  }
}

export type PageClient = ReturnType<typeof createPageClient>
