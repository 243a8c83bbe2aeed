import { sendRaw } from './gateway.ts'

/** Writes requests by hand and takes answers apart, for requests that no client would send. */
export const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`

export interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

export const ask = async (port: number, text: string): Promise<Answer> => {
  const received = await sendRaw(port, text)
  const [head = '', ...rest] = received.split('\r\n\r\n')
  const [statusLine = '', ...headerLines] = head.split('\r\n')
  const headers = headerLines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? 0),
    headers: new Map(headers),
    body: rest.join('\r\n\r\n'),
  }
}

export const codeOf = ({ body }: Answer) => (JSON.parse(body) as { code: string }).code
