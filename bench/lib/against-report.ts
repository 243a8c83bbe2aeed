import { tableLines } from './screen.ts'
import { median, ratios, spreadOf, sum } from './stats.ts'

/** The results of two systems that were loaded in turn, and their comparison. */
export interface Turn {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** For each process and order. */
  readonly cpuMicros: Readonly<Record<string, number>>
}

/** Two turns, one right after the other. */
export interface Pair {
  readonly here: Turn
  readonly there: Turn
}

export const clientsOf = (count: number) => (count === 1 ? 'one client' : `${count} clients`)

const compare = (pairs: readonly Pair[], of: (turn: Turn) => number, digits: number): string[] => {
  const here = pairs.map((pair) => of(pair.here))
  const there = pairs.map((pair) => of(pair.there))
  const { median: middle, low, high } = spreadOf(ratios(here, there))
  return [
    median(there).toFixed(digits),
    median(here).toFixed(digits),
    middle.toFixed(2),
    `${low.toFixed(2)} … ${high.toFixed(2)}`,
  ]
}

export const reportOf = (clients: number, pairs: readonly Pair[], commit: string): string[] => {
  // A process that has no part in an order would only show the speed of the machine.
  const busy = new Set(['gateway', 'order', 'billing', 'notification', 'Postgres'])
  const processes = Object.keys(pairs[0]?.here.cpuMicros ?? {}).filter((name) => busy.has(name))
  const cpuOf = (name: string) => (turn: Turn) => turn.cpuMicros[name] ?? Number.NaN
  const rows = [
    ['', commit, 'here', 'ratio', 'turn by turn'],
    ['orders/s', ...compare(pairs, (turn) => turn.perSecond, 0)],
    ['p50, ms', ...compare(pairs, (turn) => turn.p50Ms, 2)],
    ['p99, ms', ...compare(pairs, (turn) => turn.p99Ms, 2)],
    ...processes.map((name) => [`CPU of ${name}, µs an order`, ...compare(pairs, cpuOf(name), 0)]),
    ['CPU of all of them', ...compare(pairs, (turn) => sum(Object.values(turn.cpuMicros)), 0)],
  ]
  return [clientsOf(clients), ...tableLines(rows).map((line) => `  ${line}`)]
}
