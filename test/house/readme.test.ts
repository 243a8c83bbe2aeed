import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, describe, it } from 'vitest'
import { variablesOf } from '../../src/platform/base/config.ts'
import { serviceNames } from '../../src/registry.ts'
import { readCurl, readScenario, shellWords, withoutChance } from '../lab/readme.ts'
import { startSystem } from '../lab/system.ts'
import { eventually } from '../lab/wait.ts'

const file = new URL('../../README.md', import.meta.url)
const page = readFileSync(file, 'utf8')
/** `npm run readme` writes the output into the page instead of comparing it. */
const isUpdate = (import.meta as ImportMeta & { env: { MODE: string } }).env.MODE === 'readme'

interface Answered {
  readonly status: number
  readonly text: string
}

/** Runs one block: an assignment takes the id of the last answer, and the rest is one curl. */
const runBlock = async (
  commands: string,
  base: string,
  variables: Map<string, string>,
  lastId: string,
): Promise<Answered> => {
  const assignment = /^(\w+)=\.\.\..*\n/
  const name = assignment.exec(commands)?.[1]
  if (name !== undefined) variables.set(name, lastId)
  const { method, path, headers, body } = readCurl(
    shellWords(commands.replace(assignment, ''), variables),
  )
  const response = await fetch(base + path, { method, headers, ...(body ? { body } : {}) })
  return { status: response.status, text: `${JSON.stringify(await response.json(), null, 2)}\n` }
}

describe('the README', () => {
  it('shows the real output of its scenario', async () => {
    const system = await startSystem()
    const variables = new Map<string, string>()
    let lastId = ''
    let updated = ''
    let copiedUntil = 0
    const shown: string[] = []
    const real: string[] = []
    for (const { commands, answer, start } of readScenario(page)) {
      let answered = await runBlock(commands, system.urls.gateway, variables, lastId)
      if (answered.text.includes('"timeline"')) {
        // The acknowledgement of the letter is stored just after the order was answered.
        answered = await eventually(
          async () => {
            const again = await runBlock(commands, system.urls.gateway, variables, lastId)
            if (!again.text.includes('"letter"')) throw new Error('the letter is not noted')
            return again
          },
          { withinMs: 5_000 },
        )
      }
      expect(answered.status).toBeLessThan(500)
      lastId = (JSON.parse(answered.text) as { id?: string }).id ?? lastId
      shown.push(answer)
      real.push(answered.text)
      updated += page.slice(copiedUntil, start) + answered.text
      copiedUntil = start + answer.length
    }
    if (isUpdate) writeFileSync(file, updated + page.slice(copiedUntil))
    const claimed = isUpdate ? real : shown
    expect(withoutChance(claimed.join(''))).toBe(withoutChance(real.join('')))
    expect(shown.length).toBeGreaterThanOrEqual(9)
  })

  it('has no broken link', () => {
    const links = [...page.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map((match) => match[1] ?? '')
    const missing = links.filter(
      (link) => !/^https?:/.test(link) && !existsSync(new URL(link, file)),
    )
    expect(missing).toEqual([])
  })

  it('names only scripts that exist', () => {
    const { scripts } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { scripts: Record<string, string> }
    const named = [...page.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] ?? '')
    expect(named.filter((name) => !(name in scripts))).toEqual([])
    expect(named.length).toBeGreaterThan(3)
  })

  it('lists every variable of the services with its default', () => {
    const table = page.slice(page.indexOf('A service that runs by itself'))
    const rows = [...table.matchAll(/^\| `(\w+)` *\|([^|]*)\|/gm)].map(
      (match) => [match[1] ?? '', (match[2] ?? '').trim()] as const,
    )
    const known = new Map<string, string>()
    for (const service of serviceNames) {
      for (const [name, schema] of Object.entries(variablesOf(service).shape)) {
        const value = (schema as { def: { defaultValue?: string | number } }).def.defaultValue
        known.set(name, name === 'PORT' ? 'of the service' : String(value ?? ''))
      }
    }
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(known))
  })
})
