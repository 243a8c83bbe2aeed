import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, describe, it } from 'vitest'
import { databaseVariable, variablesOf } from '../../src/platform/base/variables.ts'
import { portVariable } from '../../src/local/launcher/launch-plan.ts'
import { registry, serviceNames, servicesWithDatabase } from '../../src/registry.ts'
import { readCurl, readScenario, shellWords, withoutChance, withoutTokens } from '../lab/readme.ts'
import { startSystem } from '../lab/system.ts'
import { eventually } from '../lab/wait.ts'

const file = new URL('../../README.md', import.meta.url)
const page = readFileSync(file, 'utf8')
/** `npm run readme` writes the output into the page instead of comparing it. */
const isUpdate = (import.meta as ImportMeta & { env: { MODE: string } }).env.MODE === 'readme'

type Answer = Readonly<Record<string, unknown>>

interface Answered {
  readonly status: number
  readonly answer: Answer
  readonly text: string
}

/** Runs one block: an assignment takes a member of the last answer, and the rest is one curl. */
const runBlock = async (
  commands: string,
  base: string,
  variables: Map<string, string>,
  last: Answer,
): Promise<Answered> => {
  // The name, what stands before and after the value, and the member that is the value.
  const assignment = /^(\w+)="?([^"\n]*)\.\.\."? +# the (\w+) in the answer\n/
  const [, name, before, member = ''] = assignment.exec(commands) ?? []
  if (name !== undefined) variables.set(name, `${before}${String(last[member])}`)
  const { method, path, headers, body } = readCurl(
    shellWords(commands.replace(assignment, ''), variables),
  )
  const response = await fetch(base + path, { method, headers, ...(body ? { body } : {}) })
  const answer = (await response.json()) as Answer
  return { status: response.status, answer, text: `${JSON.stringify(answer, null, 2)}\n` }
}

describe('the README', () => {
  it('shows the real output of its scenario', async () => {
    const system = await startSystem()
    const variables = new Map<string, string>()
    let last: Answer = {}
    let updated = ''
    let copiedUntil = 0
    const shown: string[] = []
    const real: string[] = []
    for (const { commands, answer, start } of readScenario(page)) {
      let answered = await runBlock(commands, system.urls.gateway, variables, last)
      if (answered.text.includes('"timeline"')) {
        // The acknowledgement of the letter is stored just after the order was answered.
        answered = await eventually(
          async () => {
            const again = await runBlock(commands, system.urls.gateway, variables, last)
            if (!again.text.includes('"letter"')) throw new Error('the letter is not noted')
            return again
          },
          { withinMs: 5_000 },
        )
      }
      expect(answered.status).toBeLessThan(500)
      last = answered.answer
      const text = withoutTokens(answered.text)
      shown.push(answer)
      real.push(text)
      updated += page.slice(copiedUntil, start) + text
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

  it('lists a port for every service, and a database of its own for each that has one', () => {
    const ports = serviceNames.map(
      (name) => [portVariable(name), String(registry[name].defaultPort)] as const,
    )
    const databases = servicesWithDatabase.map((name) => [databaseVariable(name), ''] as const)
    const table = page.slice(page.indexOf('The launcher'), page.indexOf('A service that runs'))
    for (const [name, value] of [...ports, ...databases]) {
      expect(table).toMatch(new RegExp(`^\\| \`${name}\` *\\| ${value} *\\|`, 'm'))
    }
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
