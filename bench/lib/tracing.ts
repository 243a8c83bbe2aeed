import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RunFigures } from './results.ts'
import { addRatio, fullLoad, perSecond, type Bench } from './sections.ts'
import { sum } from './stats.ts'
import type { BenchSystem, BenchSystemOptions } from './system.ts'

type StartSystem = (options: Pick<BenchSystemOptions, 'databases' | 'env'>) => Promise<BenchSystem>

/** Takes what it is sent, and does nothing with it: what a collector does with it is its own cost. */
const startSink = async () => {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

/**
 * A system that compiles itself while it serves is slower for a minute, and after a rest again: by more
 * than traces may cost. So turns are so short that both systems are always at work and a slow moment of
 * the machine hits all of them, both serve as often, and nothing is measured before they have served
 * like that for a while. Those who want their trace and those who do not are served by one system.
 */
const variants = { 'none told': 0, 'a tenth told': 0.1, 'all told': 1 } as const
type Variant = keyof typeof variants
type Taken = Variant | `off, beside ${Variant}`

const turn = { clients: fullLoad, warmUpSeconds: 0.1, seconds: 0.5 }

/** The mean of some turns, number by number. */
const meanOf = (turns: readonly RunFigures[]): RunFigures => {
  const of = (pick: (figures: RunFigures) => number) => sum(turns.map(pick)) / turns.length
  return {
    perSecond: of((each) => each.perSecond),
    p50Ms: of((each) => each.p50Ms),
    p90Ms: of((each) => each.p90Ms),
    p99Ms: of((each) => each.p99Ms),
    maxMs: Math.max(...turns.map((each) => each.maxMs)),
    failed: sum(turns.map((each) => each.failed)),
    cpuMicrosPerOrder: Math.round(of((each) => each.cpuMicrosPerOrder ?? Number.NaN)),
  }
}

type Runs = readonly (readonly [Taken, () => Promise<RunFigures>])[]

/** All of them in turns, each second time in the other direction; some turns of one are one figure. */
const takeShortTurns = async (
  { screen, options }: Bench,
  what: string,
  figures: number,
  runs: Runs,
) => {
  const taken = new Map<Taken, RunFigures[]>(runs.map(([name]) => [name, []]))
  for (let figure = 1; figure <= figures; figure += 1) {
    screen.now(`traces: ${what}, ${figure} of ${figures}`)
    const turns = new Map<Taken, RunFigures[]>(runs.map(([name]) => [name, []]))
    for (let index = 0; index < options.tracingTurns; index += 1) {
      for (const [name, run] of index % 2 === 0 ? runs : runs.toReversed()) {
        turns.get(name)?.push(await run())
      }
    }
    for (const [name, some] of turns) taken.get(name)?.push(meanOf(some))
  }
  return taken
}

/** The same load without traces, and with those of none, of a tenth and of all orders. */
export const measureTracing = async (bench: Bench, start: StartSystem) => {
  const { options, rig, screen, system } = bench
  const sink = await startSink()
  screen.now('traces: starting a system that tells them')
  const traced = await start({
    databases: system.databases,
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, OTEL_TRACES_SAMPLER: 'parentbased_always_off' },
  })
  try {
    const runs: Runs = Object.entries(variants).flatMap(([name, tracedShare]) => [
      [`off, beside ${name as Variant}`, () => rig.runSystem(system, turn)],
      [name as Variant, () => rig.runSystem(traced, { ...turn, tracedShare })],
    ])
    await takeShortTurns(bench, 'warming up', options.tracingWarmUps, runs)
    const taken = await takeShortTurns(bench, 'measuring', options.tracingFigures, runs)
    for (const [name, figures] of taken) bench.runs[`traces: ${name}`] = figures
    const rates = (name: Taken) => (taken.get(name) ?? []).map(perSecond)
    const compare = (above: Variant, below: Taken, atLeast?: number) =>
      addRatio(bench, {
        id: `traces: ${above} ÷ ${below}`,
        what: `orders/s with traces, ${above} ÷ ${below}`,
        above: rates(above),
        below: rates(below),
        ...(atLeast === undefined ? { atLeast: 0, isJudged: false } : { atLeast }),
      })
    compare('none told', 'off, beside none told')
    compare('a tenth told', 'off, beside a tenth told', 0.95)
    compare('a tenth told', 'none told')
    compare('all told', 'none told')
  } finally {
    await traced.stop()
    sink.close()
  }
}
