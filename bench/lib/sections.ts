import type { BareDatabase, BenchPostgres } from './databases.ts'
import type { BenchOptions } from './options.ts'
import { hasPgbench, runPgbench } from './pgbench.ts'
import type { CurvePoint, Row, RunFigures } from './results.ts'
import { judge, oneClient } from './results.ts'
import type { Chain, Rig } from './rig.ts'
import type { BenchScreen } from './screen.ts'
import { ratios, spreadOf } from './stats.ts'
import type { BenchSystem } from './system.ts'

/** What the sections share: the systems, the load generators, and the results. */
export interface Bench {
  readonly options: BenchOptions
  readonly screen: BenchScreen
  readonly postgres: BenchPostgres
  readonly rig: Rig
  readonly system: BenchSystem
  readonly bare: BareDatabase
  readonly chain: Chain
  readonly rows: Row[]
  readonly runs: Record<string, RunFigures[]>
  readonly notes: string[]
}

export const fullLoad = 64

type Variants = Readonly<Record<string, () => Promise<RunFigures>>>

/** In the order A B A B, so that a slow minute of the machine hits all of them. */
export const takeTurns = async (
  bench: Bench,
  rounds: number,
  label: string,
  variants: Variants,
) => {
  const taken: Record<string, RunFigures[]> = {}
  for (let round = 1; round <= rounds; round += 1) {
    for (const [name, run] of Object.entries(variants)) {
      bench.screen.now(`${label}, round ${round} of ${rounds}: ${name}`)
      const figures = await run()
      taken[name] = [...(taken[name] ?? []), figures]
    }
  }
  for (const [name, figures] of Object.entries(taken)) bench.runs[`${label}: ${name}`] = figures
  return (name: string, of: (figures: RunFigures) => number) => (taken[name] ?? []).map(of)
}

export const perSecond = (figures: RunFigures) => figures.perSecond
export const p50 = (figures: RunFigures) => figures.p50Ms
export const p99 = (figures: RunFigures) => figures.p99Ms

interface RatioRow {
  readonly id: string
  readonly what: string
  readonly above: readonly number[]
  readonly below: readonly number[]
  readonly atLeast?: number
  readonly atMost?: number
  readonly note?: string
  /** `false` where this machine cannot measure it. */
  readonly isJudged?: boolean
}

export const addRatio = (bench: Bench, row: RatioRow) => {
  const { id, what, above, below, atLeast, atMost, note, isJudged = true } = row
  const figure = spreadOf(ratios(above, below))
  const isMet =
    (atLeast === undefined || figure.median >= atLeast) &&
    (atMost === undefined || figure.median <= atMost)
  const target = atLeast === undefined ? `≤ ${atMost?.toFixed(2)}` : `≥ ${atLeast.toFixed(2)}`
  const verdict = isJudged ? judge(figure.median, isMet) : 'not judged'
  bench.rows.push({ id, what, target, unit: 'ratio', figure, verdict, ...(note ? { note } : {}) })
}

const pgbenchFigures = async (bench: Bench, clients: number): Promise<RunFigures> => {
  const { postgres, bare, options } = bench
  const job = { clients, seconds: options.seconds }
  const { perSecond: rate, latencyMs } = await runPgbench(postgres, bare, job)
  const unknown = Number.NaN
  return {
    perSecond: rate,
    p50Ms: latencyMs,
    p90Ms: unknown,
    p99Ms: unknown,
    maxMs: unknown,
    failed: 0,
  }
}

/** Orders per second at 64 clients, against everything that the system is compared with. */
export const measureThroughput = async (bench: Bench) => {
  const { options, rig, system, bare, chain } = bench
  const { seconds, warmUpSeconds, rounds } = options
  const job = { clients: fullLoad, seconds, warmUpSeconds }
  const withPgbench = await hasPgbench()
  if (!withPgbench) bench.notes.push('pgbench is not installed: its column is missing')
  const taken = await takeTurns(bench, rounds, '64 clients', {
    orderly: () => rig.runSystem(system, job),
    'five bare statements': () => rig.runBare(bare, job),
    'HTTP chain alone': () => rig.runChain(chain, job),
    'orderly, one account': () => rig.runSystem(system, { ...job, accounts: 1 }),
    ...(withPgbench ? { pgbench: () => pgbenchFigures(bench, fullLoad) } : {}),
  })
  const orderly = taken('orderly', perSecond)
  const compare = (id: string, what: string, rival: string, atLeast: number, note?: string) =>
    addRatio(bench, { id, what, above: orderly, below: taken(rival, perSecond), atLeast, note })
  compare('bare', 'orders/s ÷ the five bare statements', 'five bare statements', 2)
  if (withPgbench) {
    const note = 'for comparison: the same statements sent by a program in C'
    compare('pgbench', 'orders/s ÷ the five bare statements by pgbench', 'pgbench', 2, note)
  }
  compare('chain', 'orders/s ÷ the HTTP chain with nothing behind', 'HTTP chain alone', 0.75)
  addRatio(bench, {
    id: 'one-account',
    what: 'all orders on one account ÷ on 10,000',
    above: taken('orderly, one account', perSecond),
    below: orderly,
    atLeast: 0.9,
  })
  addRatio(bench, {
    id: 'tail',
    what: 'p99 ÷ p50 at 64 clients',
    above: taken('orderly', p99),
    below: taken('orderly', p50),
    atMost: 3,
  })
}

/** Removes the dead rows that many clients left, so that one client does not wait for it. */
const removeDeadRows = ({ system, bare }: Bench) =>
  Promise.all(
    [...Object.values(system.databases.admin), bare.admin].map((sql) =>
      sql.unsafe('vacuum (analyze)'),
    ),
  )

/** One client must not pay for the coalescing that helps many. */
export const measureOneClient = async (bench: Bench) => {
  const { options, rig, system, bare, chain, screen } = bench
  const { seconds, warmUpSeconds, firstWarmUpSeconds, rounds } = options
  const job = { clients: 1, seconds: Math.min(seconds, 2), warmUpSeconds }
  screen.now('one client: warming up')
  await removeDeadRows(bench)
  // A single call runs other code than calls that share a request, and that is hardly compiled yet.
  await rig.runSystem(system, { ...job, seconds: firstWarmUpSeconds / 2 })
  const taken = await takeTurns(bench, rounds, oneClient, {
    orderly: () => rig.runSystem(system, job),
    'five bare statements': () => rig.runBare(bare, job),
    'HTTP chain alone': () => rig.runChain(chain, job),
  })
  addRatio(bench, {
    id: 'one-client',
    what: 'one client: p50 of an order ÷ of the five statements',
    above: taken('orderly', p50),
    below: taken('five bare statements', p50),
    atMost: 2,
  })
}

const curveClients = [1, 2, 4, 8, 16, 32, 64, 128]

export const measureCurve = async (bench: Bench): Promise<CurvePoint[]> => {
  const { options, rig, system, bare, screen } = bench
  const points: CurvePoint[] = []
  for (const clients of curveClients) {
    screen.now(`curve: ${clients} ${clients === 1 ? 'client' : 'clients'}`)
    const job = { clients, seconds: options.curveSeconds, warmUpSeconds: 0.2 }
    points.push({
      clients,
      system: await rig.runSystem(system, job),
      bare: await rig.runBare(bare, job),
    })
  }
  return points
}
