import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { projectRoot } from '../../tools/run-tool.ts'
import { waves } from '../campaigns/alerts/scenarios.ts'

/** Whoever is called at night finds what an alert means, and that it works was seen. */
interface Alert {
  readonly alert: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

const read = (name: string) => readFileSync(path.join(projectRoot, name), 'utf8')
const { groups } = parse(read('observability/rules/alerts.yml')) as {
  readonly groups: readonly { readonly rules: readonly Alert[] }[]
}
const alerts = groups.flatMap(({ rules }) => rules)
const names = new Set(alerts.map(({ alert }) => alert))

it.each(alerts)('$alert says how bad it is, what it is and where to read on', (each) => {
  expect(['critical', 'warning', 'info']).toContain(each.labels['severity'])
  expect(Object.keys(each.annotations)).toEqual(['summary', 'description', 'runbook_url'])
  expect(each.annotations['runbook_url']).toBe(`docs/operations.md#${each.alert.toLowerCase()}`)
})

it('each alert has a section in docs/operations.md, and each section there an alert', () => {
  const [, section = ''] =
    /^## Alerts$([\s\S]*?)(?=^## |(?![\s\S]))/m.exec(read('docs/operations.md')) ?? []
  const titles = [...section.matchAll(/^### (\w+)$/gm)].map(([, title]) => title)
  expect(new Set(titles)).toEqual(names)
})

it('each alert has a fault that makes it tell, in the campaign', () => {
  const proved = waves.flat().flatMap(({ fires }) => fires.map(({ alertname }) => alertname))
  expect(new Set(proved)).toEqual(names)
})
