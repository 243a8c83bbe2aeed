import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parse } from 'yaml'
import { boards } from '../../tools/observability/boards.ts'
import { projectRoot } from '../../tools/run-tool.ts'

/** A query of a panel or a rule, and where it stands. */
export interface AskedQuery {
  readonly where: string
  readonly expr: string
  /** The name under which a recording rule keeps its answer. */
  readonly record?: string
  /** Labels that a panel or an alert shows. */
  readonly shown: readonly string[]
}

interface RuleFile {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly record?: string
      readonly alert?: string
      readonly expr: string
      readonly annotations?: Readonly<Record<string, string>>
    }[]
  }[]
}

const labelsShown = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map(([, label = '']) => label)

const queriesOfRules = (file: string): AskedQuery[] => {
  const text = readFileSync(path.join(projectRoot, 'observability/rules', file), 'utf8')
  const { groups } = parse(text) as RuleFile
  return groups.flatMap(({ rules }) =>
    rules.map(({ record, alert, expr, annotations = {} }) => ({
      where: `${file} ${record ?? alert}`,
      expr,
      ...(record === undefined ? {} : { record }),
      shown: labelsShown(Object.values(annotations).join(' '), /\$labels\.(\w+)/g),
    })),
  )
}

/** All that boards, recording rules and alerts ask for. */
export const queriesAsked = (): AskedQuery[] => [
  ...queriesOfRules('recording.yml'),
  ...queriesOfRules('alerts.yml'),
  ...boards.flatMap(({ uid, rows }) =>
    rows.flatMap(({ panels }) =>
      panels.flatMap(({ title, queries }) =>
        queries.map(({ expr, legend }) => ({
          where: `${uid} “${title}”`,
          expr,
          shown: labelsShown(legend, /\{\{(\w+)\}\}/g),
        })),
      ),
    ),
  ),
]

/** The values of each label of each metric. */
export type Known = Map<string, Map<string, Set<string>>>

const addSeries = (known: Known, name: string, labels: Readonly<Record<string, string>>) => {
  const ofMetric = known.get(name) ?? new Map<string, Set<string>>()
  known.set(name, ofMetric)
  for (const [label, value] of Object.entries(labels)) {
    ofMetric.set(label, (ofMetric.get(label) ?? new Set()).add(value))
  }
}

const labelPairs = /(\w+)="((?:[^"\\]|\\.)*)"/g

/** What services answer at /metrics. Prometheus adds `up`, and to all of it two labels. */
export const readExposition = (texts: readonly string[]): Known => {
  const known: Known = new Map()
  const byPrometheus = { job: 'orderly', instance: '' }
  for (const [, name = '', inside = ''] of texts
    .join('\n')
    .matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const labels = [...inside.matchAll(labelPairs)].map(([, label, value]) => [label, value])
    addSeries(known, name, { ...byPrometheus, ...Object.fromEntries(labels) })
  }
  addSeries(known, 'up', { ...byPrometheus, service: '' })
  return known
}

interface Selector {
  readonly name: string
  readonly matchers: readonly { readonly label: string; readonly values: readonly string[] }[]
}

const grouping = /\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g
const words = new Set(['and', 'or', 'unless', 'bool'])

/** The metrics that an expression names, and the labels by which it groups. */
export const readQuery = (expr: string) => {
  const groups = [...expr.matchAll(grouping)].flatMap(([, inside = '']) =>
    inside.split(',').map((label) => label.trim()),
  )
  const rest = expr.replaceAll(grouping, ' ').replaceAll(/\[[^\]]*\]/g, ' ')
  const selectors = [...rest.matchAll(/([a-zA-Z_:][\w:]*)\s*(\(|\{[^}]*\})?/g)].flatMap(
    ([, name = '', after = '']): Selector[] => {
      if (after === '(' || words.has(name)) return []
      const matchers = [...after.matchAll(/(\w+)\s*(=~|!=|!~|=)\s*"([^"]*)"/g)].map(
        ([, label = '', operator = '', value = '']) => ({
          label,
          // What is left out need not exist, and a pattern is no value.
          values: operator.startsWith('!') ? [] : value.split('|'),
        }),
      )
      return [{ name, matchers }]
    },
  )
  return { selectors, groups }
}

/** A status shows up with the first such answer. */
const comesLater = new Set(['status'])

/** What an expression names that does not exist. */
export const unknownIn = ({ expr, shown }: Pick<AskedQuery, 'expr' | 'shown'>, known: Known) => {
  const { selectors, groups } = readQuery(expr)
  const wrong = selectors.flatMap(({ name, matchers }) => {
    const labels = known.get(name)
    if (labels === undefined) return [name]
    return matchers.flatMap(({ label, values }) => {
      const found = labels.get(label)
      if (found === undefined) return [`${name}{${label}}`]
      if (comesLater.has(label)) return []
      return values
        .filter((value) => !found.has(value))
        .map((each) => `${name}{${label}="${each}"}`)
    })
  })
  // Without the metric nobody knows its labels.
  if (selectors.some(({ name }) => !known.has(name))) return wrong
  const labelsOfAll = new Set(selectors.flatMap(({ name }) => [...(known.get(name)?.keys() ?? [])]))
  const isGrouped = groups.length > 0
  const lost = shown.filter((label) =>
    isGrouped ? !groups.includes(label) : !labelsOfAll.has(label),
  )
  return [...wrong, ...groups.filter((label) => !labelsOfAll.has(label)), ...lost]
}

/**
 * All queries against what exists. Recording rules are read first, because others ask for their
 * names: such a name has the labels by which its rule groups.
 */
export const checkQueries = (queries: readonly AskedQuery[], exposition: readonly string[]) => {
  const known = readExposition(exposition)
  const complaints: string[] = []
  for (const query of queries) {
    for (const what of unknownIn(query, known)) complaints.push(`${query.where}: ${what}`)
    if (query.record === undefined) continue
    const { selectors, groups } = readQuery(query.expr)
    const labels = new Map<string, Set<string>>()
    for (const { name } of selectors) {
      for (const [label, values] of known.get(name) ?? []) {
        if (groups.length === 0 || groups.includes(label)) labels.set(label, values)
      }
    }
    known.set(query.record, labels)
  }
  return { complaints, known }
}
