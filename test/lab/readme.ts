/** Reads the README's scenario: its `sh` blocks, and the `json` block with the answer after each. */
export interface ScenarioStep {
  readonly commands: string
  readonly answer: string
  /** Where the text of the answer begins in the page. */
  readonly start: number
}

export const readScenario = (page: string): ScenarioStep[] =>
  [...page.matchAll(/```sh\n([^]*?)```\n\n```json\n([^]*?)```/g)].map((match) => ({
    commands: match[1] ?? '',
    answer: match[2] ?? '',
    start: match.index + match[0].length - 3 - (match[2]?.length ?? 0),
  }))

/** Splits a shell line into words. Knows quotes, variables and continued lines, as the README uses. */
export const shellWords = (line: string, variables: ReadonlyMap<string, string>): string[] => {
  const withValues = (text: string) =>
    text.replace(/\$(\w+)/g, (_, name: string) => {
      const value = variables.get(name)
      if (value === undefined) throw new Error(`$${name} is used before it is set`)
      return value
    })
  const words = line.replaceAll('\\\n', ' ').match(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g) ?? []
  return words.map((word) =>
    word.replace(
      /'([^']*)'|"([^"]*)"|([^'"]+)/g,
      (_, literal?: string, quoted?: string, bare?: string) =>
        literal ?? withValues(quoted ?? bare ?? ''),
    ),
  )
}

export interface CurlRequest {
  readonly method: string
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string | undefined
}

/** What `curl` would send. An unknown option is an error, so that none is ignored. */
export const readCurl = (words: readonly string[]): CurlRequest => {
  const headers: Record<string, string> = {}
  let method: string | undefined
  let body: string | undefined
  let path = ''
  for (let index = 1; index < words.length; index += 1) {
    const word = words[index] ?? ''
    const value = words[index + 1] ?? ''
    if (word === '-s') continue
    if (word.startsWith('localhost:8000')) path = word.slice('localhost:8000'.length)
    else {
      if (word === '-H')
        headers[value.slice(0, value.indexOf(':'))] = value.replace(/^[^:]*: */, '')
      else if (word === '-d') body = value
      else if (word === '-X') method = value
      else throw new Error(`the README uses ${word}, which this test does not know`)
      index += 1
    }
  }
  return { method: method ?? (body === undefined ? 'GET' : 'POST'), path, headers, body }
}

/** A page shows of a token only that there is one. */
export const withoutTokens = (text: string): string =>
  text.replace(/("(?:access|refresh)Token": )"[^"]+"/g, '$1"…"')

/** Ids and times differ in each run, but equal ones must stay equal. */
export const withoutChance = (text: string): string => {
  const seen = new Map<string, string>()
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id) => {
      const name = seen.get(id) ?? `<id ${seen.size + 1}>`
      seen.set(id, name)
      return name
    })
    .replace(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, '<time>')
    .replace(/"ms": \d+/g, '"ms": <ms>')
}
