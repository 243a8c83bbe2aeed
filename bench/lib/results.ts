import type { Invariant } from './invariants.ts'
import type { Machine } from './machine.ts'
import type { Spread } from './stats.ts'

export type Verdict = 'met' | 'not met' | 'not judged'

/** A row of the table of targets. */
export interface Row {
  readonly id: string
  readonly what: string
  readonly target: string
  readonly unit: 'ratio' | 'MB' | 's'
  readonly figure: Spread
  readonly verdict: Verdict
  readonly note?: string
}

/** One closed-loop measurement as numbers for a plot or a table. */
export interface RunFigures {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  readonly failed: number
  /** Of all processes involved, with Postgres. Undefined where the system does not tell. */
  readonly cpuMicrosPerOrder?: number
}

export interface CurvePoint {
  readonly clients: number
  readonly system: RunFigures
  readonly bare: RunFigures
}

export interface BenchResults {
  readonly takenAt: string
  readonly mode: 'quick' | 'full'
  readonly command: string
  readonly seconds: number
  readonly machine: Machine
  /** How many programs wanted a core before the bench began. Above zero, the machine was busy. */
  readonly loadBefore: number
  readonly rows: readonly Row[]
  readonly runs: Readonly<Record<string, readonly RunFigures[]>>
  readonly curve: readonly CurvePoint[]
  readonly notes: readonly string[]
  readonly invariants: readonly (Invariant & { readonly databases: string })[]
  readonly failures: number
  readonly firstFailure: string | null
}

/** The name of the runs with one client. */
export const oneClient = 'one client'

export const judge = (figure: number, isMet: boolean): Verdict => {
  if (!Number.isFinite(figure)) return 'not judged'
  return isMet ? 'met' : 'not met'
}

export const formatFigure = (value: number, unit: Row['unit']): string => {
  if (!Number.isFinite(value)) return '–'
  if (unit === 'MB') return `${Math.round(value)} MB`
  if (unit === 's') return `${value.toFixed(2)} s`
  return value.toFixed(2)
}

export const formatSpread = ({ median, low, high }: Spread, unit: Row['unit']): string => {
  if (low === high || !Number.isFinite(median)) return ''
  return `${formatFigure(low, unit)} … ${formatFigure(high, unit)}`
}

/** A reader must know that the machine was busy: then the values are less certain. */
export const busyMachine = ({ loadBefore, machine }: BenchResults): string =>
  `Before the run ${loadBefore} programs wanted the ${machine.cores} cores: its figures are worth little, ratios between short and long waits least of all.`
