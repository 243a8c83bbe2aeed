import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Memory } from '../../test/lab/usage.ts'
import { growthPerTenMinutes, watchMemory } from './memory.ts'
import { judge, type RunFigures } from './results.ts'
import { addRatio, fullLoad, p99, perSecond, takeTurns, type Bench } from './sections.ts'
import { accountsWithOrders, seedDatabases } from './seed.ts'
import { measureStart } from './start-up.ts'
import { spreadOf } from './stats.ts'
import type { BenchSystem, BenchSystemOptions } from './system.ts'

type StartSystem = (
  options: Pick<BenchSystemOptions, 'databases' | 'replicas'>,
) => Promise<BenchSystem>

/** Few enough to count as none, with accounts whose pages are as long as in the large history. */
const hardlyAnyOrders = 1_000

const reads = {
  'read-order': 'reading an order',
  'list-orders': 'a page of orders',
  statement: 'a statement',
  letters: 'a page of letters',
} as const

/** For new processes. */
const warmUp = { warmUpSeconds: 0.8, seconds: 0.2 }

const grouped = (count: number) => count.toLocaleString('en-GB')

/** The same load on new databases, and on databases that already hold a million orders. */
export const measureHistory = async (bench: Bench, start: StartSystem, check: Checker) => {
  const { options, rig, postgres, screen } = bench
  const { storedOrders, historyRounds } = options
  screen.now(`storing ${grouped(storedOrders)} orders with their operations and letters`)
  const sizes = { new: hardlyAnyOrders, old: storedOrders }
  const systems: Record<string, BenchSystem> = {}
  for (const [name, orders] of Object.entries(sizes)) {
    const databases = await postgres.createSet(name)
    await seedDatabases(databases, { orders })
    systems[name] = await start({ databases })
  }
  const run: RunOn = (name, job) => {
    const seconds = Math.min(options.seconds, 2.5)
    const { warmUpSeconds } = options
    const system = systems[name] as BenchSystem
    return rig.runSystem(system, { clients: fullLoad, seconds, warmUpSeconds, ...job })
  }
  try {
    // Long enough to compile the code, and for the first write of each page after the checkpoint,
    // which logs the whole page: that is paid once in fifteen minutes, not for each order.
    const seconds = options.firstWarmUpSeconds
    for (const name of ['new', 'old'] as const) {
      await run(name, { ...warmUp, clients: 8 })
      await run(name, { warmUpSeconds: 0, seconds })
    }
    const size = `${grouped(storedOrders)} orders stored`
    const orders = await takeTurns(bench, historyRounds, size, {
      'few stored': () => run('new', {}),
      stored: () => run('old', {}),
    })
    addRatio(bench, {
      id: 'history',
      what: `orders/s with ${size} ÷ few`,
      above: orders('stored', perSecond),
      below: orders('few stored', perSecond),
      atLeast: 0.95,
    })
    await compareReads(bench, size, run)
    await compareScrapes(bench, size, systems)
    for (const system of Object.values(systems)) await check(system)
  } finally {
    for (const system of Object.values(systems)) await system.stop()
  }
}

const watched = ['user', 'billing', 'order', 'booking'] as const
const scrapeRounds = 12
/** For so long a service tells what it read before. */
const keptMs = 1_000

const scrapeMs = async (system: BenchSystem) => {
  const startedAtMs = performance.now()
  for (const service of watched) await (await fetch(system.metricsUrl(service))).text()
  return performance.now() - startedAtMs
}

/** Metrics tell of rows, so they are read from tables: of these rows only, however many others there are. */
const compareScrapes = async (
  bench: Bench,
  size: string,
  systems: Readonly<Record<string, BenchSystem>>,
) => {
  const taken = { new: [] as number[], old: [] as number[] }
  for (let round = 0; round < scrapeRounds; round += 1) {
    bench.screen.now(`metrics of ${watched.length} services, round ${round + 1} of ${scrapeRounds}`)
    await sleep(keptMs * 1.2)
    for (const name of ['new', 'old'] as const) {
      taken[name].push(await scrapeMs(systems[name] as BenchSystem))
    }
  }
  addRatio(bench, {
    id: 'scrape',
    what: `reading the metrics with ${size} ÷ few`,
    above: taken.old,
    below: taken.new,
    atMost: 1.25,
  })
}

type RunOn = (
  name: 'new' | 'old',
  job: Partial<Parameters<Bench['rig']['runSystem']>[1]>,
) => Promise<RunFigures>

const compareReads = async (bench: Bench, size: string, run: RunOn) => {
  const { readSeconds: seconds, readRounds, storedOrders } = bench.options
  for (const [kind, what] of Object.entries(reads) as [keyof typeof reads, string][]) {
    const read = (name: 'new' | 'old') => {
      const stored = name === 'old' ? storedOrders : hardlyAnyOrders
      const accounts = accountsWithOrders(stored)
      const job = { kind, clients: 16, storedOrders: stored, accounts }
      return run(name, { ...job, seconds, warmUpSeconds: 0.2 })
    }
    // The first read compiles its code. A p99 depends on the slowest reads, so turns are many.
    await read('new')
    await read('old')
    const taken = await takeTurns(bench, readRounds, `${what}, ${size}`, {
      'few stored': () => read('new'),
      stored: () => read('old'),
    })
    addRatio(bench, {
      id: `history-${kind}`,
      what: `p99 of ${what} with few stored ÷ with ${size}`,
      above: taken('few stored', p99),
      below: taken('stored', p99),
      atLeast: 0.95,
    })
  }
}

export type Checker = (system: BenchSystem) => Promise<void>

/** One core for each service and one for Postgres. With fewer, replicas take cores from others. */
const coresForReplicas = 6

/** Two replicas of each service against one: this helps only where cores are free. */
export const measureReplicas = async (bench: Bench, start: StartSystem) => {
  const { options, rig, system, screen } = bench
  if (process.platform !== 'linux') {
    bench.notes.push('replicas share a port by a means of Linux: not measured here')
    return
  }
  screen.now('starting two replicas of each service')
  const doubled = await start({ databases: system.databases, replicas: 2 })
  const { seconds, warmUpSeconds, replicaRounds } = options
  const job = { clients: fullLoad, seconds, warmUpSeconds }
  try {
    await rig.runSystem(doubled, { ...job, ...warmUp, clients: 8 })
    await rig.runSystem(doubled, { ...job, ...warmUp })
    const taken = await takeTurns(bench, replicaRounds, 'replicas', {
      one: () => rig.runSystem(system, job),
      two: () => rig.runSystem(doubled, job),
    })
    const cores = availableParallelism()
    addRatio(bench, {
      id: 'replicas',
      what: 'orders/s with 2 replicas of each service ÷ 1',
      above: taken('two', perSecond),
      below: taken('one', perSecond),
      atLeast: 1,
      ...(cores < coresForReplicas
        ? { isJudged: false, note: `a target where cores allow: ten processes on ${cores} cores` }
        : {}),
    })
  } finally {
    await doubled.stop()
  }
}

export const measureStartUp = async (bench: Bench) => {
  const newData: number[] = []
  const again: number[] = []
  for (let round = 1; round <= bench.options.startRounds; round += 1) {
    bench.screen.now(`npm start, round ${round} of ${bench.options.startRounds}`)
    const times = await measureStart()
    newData.push(times.newDataSeconds)
    again.push(times.againSeconds)
  }
  const figure = spreadOf(again)
  const first = spreadOf(newData).median.toFixed(2)
  bench.rows.push({
    id: 'start',
    what: 'npm start when installed, to ready',
    target: '≤ 3 s',
    unit: 's',
    figure,
    verdict: judge(figure.median, figure.median <= 3),
    note: `${first} s the very first time, when the database cluster is made as well`,
  })
}

const addMemory = (bench: Bench, id: string, what: string, memory: Memory, limit: number) => {
  const { ownMb, rssMb } = memory
  bench.rows.push({
    id,
    what,
    target: `≤ ${limit} MB`,
    unit: 'MB',
    figure: spreadOf([ownMb]),
    verdict: judge(ownMb, ownMb <= limit),
    note: `shared pages once; ${Math.round(rssMb)} MB if Node's code is counted for each`,
  })
}

/** A shorter soak proves nothing: a heap that grows at first was only not collected yet. */
const judgedSoakSeconds = 600
/** Memory changes by so much within ten minutes without a trend. */
const flatMb = 20

/** Memory at rest was measured in the new system. This is memory under load, and its growth. */
export const measureMemory = async (bench: Bench, idle: Memory) => {
  const { options, rig, system, screen } = bench
  const { soakSeconds } = options
  screen.now(`watching memory under load for ${soakSeconds} s`)
  const watch = watchMemory(system)
  await rig.runSystem(system, { clients: fullLoad, seconds: soakSeconds, warmUpSeconds: 0 })
  const samples = [...(await watch.stop()), await system.memory()]
  const highest = samples.reduce((most, each) => (each.ownMb > most.ownMb ? each : most))
  addMemory(bench, 'memory-idle', 'memory of all processes, idle', idle, 450)
  addMemory(bench, 'memory-load', 'the same under load, at most', highest, 700)
  addGrowth(
    bench,
    samples.map(({ ownMb }) => ownMb),
  )
}

const addGrowth = ({ options, rows }: Bench, sizes: readonly number[]) => {
  const { soakSeconds } = options
  const isLong = soakSeconds >= judgedSoakSeconds
  const growth = isLong ? growthPerTenMinutes(sizes, soakSeconds) : Number.NaN
  rows.push({
    id: 'memory-growth',
    what: 'growth in 10 minutes of load',
    target: `≤ ${flatMb} MB`,
    unit: 'MB',
    figure: spreadOf([growth]),
    verdict: judge(growth, growth <= flatMb),
    ...(isLong ? {} : { note: 'measured by --soak=600' }),
  })
}
