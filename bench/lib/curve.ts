import { oneClient, type BenchResults, type CurvePoint, type RunFigures } from './results.ts'
import { median } from './stats.ts'

/** The names of the rounds that measured a point of the curve several times. */
const roundsOf: Readonly<Record<number, string>> = { 1: oneClient, 64: '64 clients' }

const middle = (runs: readonly RunFigures[]): RunFigures => {
  const of = (value: (run: RunFigures) => number) => median(runs.map(value))
  return {
    perSecond: of((run) => run.perSecond),
    p50Ms: of((run) => run.p50Ms),
    p90Ms: of((run) => run.p90Ms),
    p99Ms: of((run) => run.p99Ms),
    maxMs: of((run) => run.maxMs),
    failed: of((run) => run.failed),
  }
}

/**
 * The curve as it is printed and drawn. Where rounds have measured a point several times, their
 * median replaces it, so that each point has only one value.
 */
export const curveOf = ({ curve, runs }: BenchResults): CurvePoint[] =>
  curve.map((point) => {
    const name = roundsOf[point.clients]
    const system = runs[`${name}: orderly`] ?? []
    const bare = runs[`${name}: five bare statements`] ?? []
    if (system.length === 0 || bare.length === 0) return point
    return { clients: point.clients, system: middle(system), bare: middle(bare) }
  })
