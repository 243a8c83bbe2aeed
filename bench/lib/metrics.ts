import type { ServiceName } from '../../src/registry.ts'
import type { BenchSystem } from './system.ts'

/** Reads the services' own metrics as numbers. */
interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const sampleLine = /^(\w+)(?:\{(.*)\})? (\S+)$/
const labelPair = /(\w+)="((?:[^"\\]|\\.)*)"/g

const parseMetrics = (text: string): Sample[] =>
  text.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = sampleLine.exec(line) ?? []
    if (name === undefined) return []
    const pairs = [...labels.matchAll(labelPair)].map(([, key = '', of = '']) => [key, of])
    return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }]
  })

/** A histogram's count and sum under one of its labels. */
export interface Counted {
  readonly count: number
  readonly sum: number
}

export type Histograms = ReadonlyMap<string, Counted>

const histogramsOf = (samples: readonly Sample[], name: string, label: string): Histograms => {
  const found = new Map<string, { count: number; sum: number }>()
  for (const { name: sampleName, labels, value } of samples) {
    const part = sampleName === `${name}_count` ? 'count' : 'sum'
    if (sampleName !== `${name}_${part}`) continue
    const key = labels[label] ?? ''
    const counted = found.get(key) ?? { count: 0, sum: 0 }
    counted[part] += value
    found.set(key, counted)
  }
  return found
}

export interface ServiceMetrics {
  /** For each statement: how often it ran, and for how many callers in all. */
  readonly batches: Histograms
  /** For each route, in seconds. */
  readonly requests: Histograms
  /** For each upstream, in seconds. */
  readonly calls: Histograms
}

export const readMetrics = async (
  system: BenchSystem,
  service: ServiceName,
): Promise<ServiceMetrics> => {
  const answer = await fetch(system.metricsUrl(service))
  const samples = parseMetrics(await answer.text())
  return {
    batches: histogramsOf(samples, 'statement_batch_size', 'statement'),
    requests: histogramsOf(samples, 'http_request_duration_seconds', 'route'),
    calls: histogramsOf(samples, 'upstream_call_duration_seconds', 'upstream'),
  }
}

/** What was added between two readings. Labels without a change are left out. */
export const since = (before: Histograms, after: Histograms): [string, Counted][] =>
  [...after].flatMap(([key, { count, sum }]) => {
    const earlier = before.get(key) ?? { count: 0, sum: 0 }
    const moved = { count: count - earlier.count, sum: sum - earlier.sum }
    return moved.count > 0 ? [[key, moved] as [string, Counted]] : []
  })
