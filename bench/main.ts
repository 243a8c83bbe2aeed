import { mkdirSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { measureBookings } from './lib/bookings.ts'
import { startBenchPostgres, type BenchDatabases } from './lib/databases.ts'
import { checkInvariants } from './lib/invariants.ts'
import { describeMachine, machineLine } from './lib/machine.ts'
import {
  measureHistory,
  measureMemory,
  measureReplicas,
  measureStartUp,
} from './lib/more-sections.ts'
import { commandLine, readOptions, type BenchOptions } from './lib/options.ts'
import {
  busyMachine,
  formatFigure,
  formatSpread,
  type BenchResults,
  type Row,
} from './lib/results.ts'
import { createRig, startChain } from './lib/rig.ts'
import { createScreen, tableLines, type BenchScreen } from './lib/screen.ts'
import {
  fullLoad,
  measureCurve,
  measureOneClient,
  measureThroughput,
  type Bench,
} from './lib/sections.ts'
import { seedBareAccounts, seedDatabases } from './lib/seed.ts'
import { startBenchSystem, type BenchSystemOptions } from './lib/system.ts'
import { withStops, type Stop } from './lib/stops.ts'
import { measureTracing } from './lib/tracing.ts'
import { curvePicture } from './lib/plot.ts'
import { publish, quotable } from './publish.ts'

/**
 * `npm run bench`: compares the whole system with its targets, in one run on one machine. The exit
 * code is 1 when anything failed or an invariant does not hold, because a fast wrong answer is
 * worth nothing. A missed target is reported and does not fail the run.
 */
const idleAfterMs = 1_500

const setUp = async (options: BenchOptions, screen: BenchScreen, stops: Stop[]) => {
  screen.now('starting a Postgres of its own, fsync on')
  const postgres = await startBenchPostgres()
  stops.push(postgres.close)
  const databases = await postgres.createSet('main')
  const bare = await postgres.createBare()
  screen.now('opening 10,000 accounts')
  await seedDatabases(databases, { orders: 0 })
  await seedBareAccounts(bare.admin)
  const start = async (wanted: Pick<BenchSystemOptions, 'databases' | 'replicas' | 'env'>) => {
    const system = await startBenchSystem({ ...wanted, logFolder: postgres.data.logs })
    stops.push(system.stop)
    return system
  }
  screen.now('starting the services')
  const system = await start({ databases })
  const chain = await startChain()
  stops.push(chain.stop)
  const rig = createRig(postgres)
  stops.push(rig.stop)
  const collected = { rows: [], runs: {}, notes: [] }
  const bench: Bench = { options, screen, postgres, rig, system, bare, chain, ...collected }
  return { bench, start }
}

const warmUp = async ({ rig, system, bare, chain, options, screen }: Bench) => {
  screen.now('warming up')
  const job = { clients: fullLoad, warmUpSeconds: 0, seconds: options.firstWarmUpSeconds }
  // A few clients come first: a new process compiles while it serves, and goes on compiling on a
  // core of its own for the first fifteen seconds of load.
  await rig.runSystem(system, { ...job, clients: 8 })
  await rig.runSystem(system, job)
  await rig.runChain(chain, { ...job, seconds: job.seconds / 2 })
  await rig.runBare(bare, { ...job, seconds: job.seconds / 4 })
}

const measure = async (options: BenchOptions, screen: BenchScreen, stops: Stop[]) => {
  const startedAtMs = performance.now()
  const [loadBefore = 0] = loadavg()
  const wants = (section: string) => options.sections.has(section)
  const { bench, start } = await setUp(options, screen, stops)
  const invariants: BenchResults['invariants'][number][] = []
  const check = async ({ databases }: { readonly databases: BenchDatabases }) => {
    screen.now(`checking the invariants of the ${databases.name} databases`)
    const found = await checkInvariants(databases, bench.rig.told(databases))
    invariants.push(...found.map((each) => ({ ...each, databases: databases.name })))
  }
  await new Promise((resolve) => setTimeout(resolve, idleAfterMs))
  const idle = await bench.system.memory()
  await warmUp(bench)
  if (wants('main')) await measureThroughput(bench)
  if (wants('one-client')) await measureOneClient(bench)
  if (wants('bookings')) await measureBookings(bench)
  const curve = wants('curve') ? await measureCurve(bench) : []
  if (wants('memory')) await measureMemory(bench, idle)
  if (wants('replicas')) await measureReplicas(bench, start)
  if (wants('traces')) await measureTracing(bench, start)
  await check(bench.system)
  await bench.system.stop()
  await bench.chain.stop()
  if (wants('history')) await measureHistory(bench, start, check)
  if (wants('start')) await measureStartUp(bench)
  const failures = bench.rig.failures()
  const results: BenchResults = {
    takenAt: new Date().toISOString(),
    mode: options.mode,
    command: commandLine('npm run bench', process.argv.slice(2)),
    seconds: Math.round((performance.now() - startedAtMs) / 1_000),
    machine: describeMachine(bench.postgres.version),
    loadBefore: Math.round(loadBefore * 10) / 10,
    rows: bench.rows,
    runs: bench.runs,
    curve,
    notes: bench.notes,
    invariants,
    failures: failures.count,
    firstFailure: failures.first ?? null,
  }
  return results
}

const resultCells = ({ what, figure, unit, target, verdict, note }: Row) => [
  what,
  formatFigure(figure.median, unit),
  formatSpread(figure, unit),
  target,
  verdict,
  note ?? '',
]

const show = (results: BenchResults, line: (text?: string) => void) => {
  line(`\n${machineLine(results.machine)}; ${results.mode} run of ${results.seconds} s`)
  if (results.loadBefore > 0.5) line(busyMachine(results))
  line()
  const head = ['what', 'figure', 'runs', 'target', '', '']
  for (const text of tableLines([head, ...results.rows.map(resultCells)])) line(text)
  line()
  const runHead = ['run', 'orders/s', 'p50 ms', 'p99 ms', 'CPU µs each']
  const runRows = Object.entries(results.runs).flatMap(([name, runs]) =>
    runs.map(({ perSecond, p50Ms, p99Ms, cpuMicrosPerOrder }) => [
      name,
      perSecond.toFixed(0),
      p50Ms.toFixed(2),
      Number.isFinite(p99Ms) ? p99Ms.toFixed(2) : '–',
      cpuMicrosPerOrder?.toFixed(0) ?? '–',
    ]),
  )
  for (const text of tableLines([runHead, ...runRows])) line(text)
  line()
  for (const note of results.notes) line(note)
  for (const { what, holds, found, databases } of results.invariants) {
    if (!holds) line(`INVARIANT BROKEN (${databases}): ${what}: ${found}`)
  }
  if (results.failures > 0) line(`${results.failures} requests failed: ${results.firstFailure}`)
  const good = results.invariants.filter(({ holds }) => holds).length
  line(`${good} of ${results.invariants.length} invariants hold, ${results.failures} failures`)
}

const save = (results: BenchResults): URL => {
  const folder = new URL('results/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  const name = `bench-${results.takenAt.replace(/[:.]/g, '-')}`
  const file = new URL(`${name}.json`, folder)
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
  if (results.curve.length > 0) {
    writeFileSync(new URL(`${name}.svg`, folder), curvePicture(results))
  }
  return file
}

const main = async () => {
  const options = readOptions(process.argv.slice(2))
  const screen = createScreen()
  await withStops(async (stops) => {
    const results = await measure(options, screen, stops).finally(screen.end)
    show(results, screen.line)
    const file = save(results)
    screen.line(`\nwritten to ${decodeURIComponent(file.pathname).split('/').slice(-3).join('/')}`)
    if (options.publish) await publish(quotable(results))
    const isSound = results.failures === 0 && results.invariants.every(({ holds }) => holds)
    process.exitCode = isSound ? 0 : 1
  })
}

await main()
