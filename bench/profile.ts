import { mkdirSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { serviceNames, type ServiceName } from '../src/registry.ts'
import { postgresCpuMicros, processCpuMicros } from '../test/lab/usage.ts'
import { storeForBookings } from './lib/bookings.ts'
import type { LoopJob } from './lib/closed-loop.ts'
import { startBenchPostgres, type BenchPostgres } from './lib/databases.ts'
import { companyCount } from './lib/ids.ts'
import { describeMachine } from './lib/machine.ts'
import { readMetrics, since, type ServiceMetrics } from './lib/metrics.ts'
import {
  type HopTime,
  type ProcessCost,
  type ProfileResults,
  type StatementCost,
  type WorkloadProfile,
} from './lib/profile-types.ts'
import { commandLine } from './lib/options.ts'
import { createRig, startChain, type Rig } from './lib/rig.ts'
import { showProfile } from './lib/profile-report.ts'
import { createScreen } from './lib/screen.ts'
import { seedBareAccounts, seedDatabases } from './lib/seed.ts'
import { withStops, type Stop } from './lib/stops.ts'
import { startBenchSystem, type BenchSystem } from './lib/system.ts'
import { publish } from './publish.ts'
import type { RunFigures } from './lib/results.ts'

/** `npm run bench:profile`: shows which process takes how much time of an order. */
const usage =
  'usage: npm run bench:profile -- [--seconds=8] [--clients=64] [--publish] [--bookings=1000]'

type Meter = () => Promise<Readonly<Record<string, number | undefined>>>

interface Metered {
  readonly figures: RunFigures
  readonly orders: number
  readonly used: Readonly<Record<string, number>>
}

/** Postgres' processes report their counts once a second, and only every ten seconds at rest. */
const statisticsDelayMs = 10_500

const metered = async (
  meter: Meter,
  counted: () => number,
  run: () => Promise<RunFigures>,
): Promise<Metered> => {
  const [before, ordersBefore] = [await meter(), counted()]
  const figures = await run()
  const after = await meter()
  const used = Object.fromEntries(
    Object.entries(after).flatMap(([name, value]) => {
      const earlier = before[name]
      return value === undefined || earlier === undefined ? [] : [[name, value - earlier]]
    }),
  )
  return { figures, orders: counted() - ordersBefore, used }
}

const profileOf = (clients: number, { figures, orders, used }: Metered): WorkloadProfile => {
  const { commits, walBytes, ...cpu } = used
  const each = (value: number) => Math.round((value / orders) * 10) / 10
  const processes = Object.entries(cpu).map(([process, value]) => ({
    process,
    cpuMicros: each(value),
  }))
  const { perSecond, p50Ms, p99Ms } = figures
  return {
    clients,
    perSecond,
    p50Ms,
    p99Ms,
    processes,
    ...(commits === undefined
      ? {}
      : { commitsPerOrder: Math.round((commits / orders) * 1e3) / 1e3 }),
    ...(walBytes === undefined ? {} : { walBytesPerOrder: Math.round(walBytes / orders) }),
  }
}

/** Commits and log bytes of the whole server: only the bench uses it. */
const serverCounts = async ({ sql }: BenchPostgres) => {
  const [row] = await sql('postgres')<{ commits: string; wal: string }[]>`
    select sum(xact_commit)::text as commits,
      (pg_current_wal_insert_lsn() - '0/0')::text as wal from pg_stat_database`
  return { commits: Number(row?.commits), walBytes: Number(row?.wal) }
}

/** Sends the load that is profiled: orders, or bookings. */
type Send = (job: LoopJob) => Promise<RunFigures>

const profileSystem = async (
  postgres: BenchPostgres,
  rig: Rig,
  system: BenchSystem,
  job: { clients: number; seconds: number },
  send: Send,
) => {
  const metrics = async () =>
    new Map(
      await Promise.all(
        serviceNames.map(async (name) => [name, await readMetrics(system, name)] as const),
      ),
    )
  await sleep(statisticsDelayMs)
  const usageBefore = await system.usage()
  const metricsBefore = await metrics()
  await system.startAllocations()
  const meter: Meter = async () => ({
    ...Object.fromEntries(
      Object.entries(await system.usage()).map(([name, { cpuMicros }]) => [name, cpuMicros]),
    ),
    postgres: postgresCpuMicros(postgres.server().pid),
    'load generator': processCpuMicros(rig.loadPid),
    walBytes: (await serverCounts(postgres)).walBytes,
  })
  const commitsBefore = (await serverCounts(postgres)).commits
  const run = await metered(meter, rig.succeeded, () => send({ ...job, warmUpSeconds: 0 }))
  const allocations = await system.stopAllocations()
  const usageAfter = await system.usage()
  const metricsAfter = await metrics()
  await sleep(statisticsDelayMs)
  const commits = (await serverCounts(postgres)).commits - commitsBefore
  const profile = profileOf(job.clients, { ...run, used: { ...run.used, commits } })
  const each = (value: number) => Math.round((value / run.orders) * 10) / 10
  const processes = profile.processes.map((cost): ProcessCost => {
    const service = serviceNames.find((name) => name === cost.process)
    if (service === undefined) return cost
    return {
      ...cost,
      allocatedKb: each(allocations[service].allocatedBytes / 1_000),
      collectionMicros: each(allocations[service].collectionMicros),
      bytesIn: Math.round(
        (usageAfter[service].bytesIn - usageBefore[service].bytesIn) / run.orders,
      ),
      bytesOut: Math.round(
        (usageAfter[service].bytesOut - usageBefore[service].bytesOut) / run.orders,
      ),
    }
  })
  return {
    profile: { ...profile, processes },
    statements: statementCosts(metricsBefore, metricsAfter, run.orders),
    hops: hopTimes(metricsBefore, metricsAfter),
  }
}

type AllMetrics = ReadonlyMap<ServiceName, ServiceMetrics>

const statementCosts = (before: AllMetrics, after: AllMetrics, orders: number): StatementCost[] =>
  [...after].flatMap(([service, { batches }]) =>
    since(before.get(service)?.batches ?? new Map(), batches).map(([statement, counted]) => ({
      service,
      statement,
      perOrder: Math.round((counted.count / orders) * 1e4) / 1e4,
      callersPerStatement: Math.round((counted.sum / counted.count) * 100) / 100,
    })),
  )

const hopTimes = (before: AllMetrics, after: AllMetrics): HopTime[] =>
  [...after].flatMap(([service, { requests, calls }]) => {
    const earlier = before.get(service)
    const meanMs = ({ count, sum }: { count: number; sum: number }) =>
      Math.round((sum / count) * 1e5) / 100
    return [
      ...since(earlier?.requests ?? new Map(), requests).map(([route, counted]) => ({
        hop: `${service} serves ${route}`,
        meanMs: meanMs(counted),
      })),
      ...since(earlier?.calls ?? new Map(), calls).map(([upstream, counted]) => ({
        hop: `${service} waits for ${upstream}`,
        meanMs: meanMs(counted),
      })),
    ]
  })

const profileRivals = async (
  postgres: BenchPostgres,
  rig: Rig,
  job: { clients: number; seconds: number },
) => {
  const chain = await startChain()
  const roles = ['billing', 'notification', 'order', 'gateway']
  const chainMeter: Meter = async () => ({
    ...Object.fromEntries(
      chain.workers.map(({ pid }, index) => [roles[index] ?? '', processCpuMicros(pid)]),
    ),
    'load generator': processCpuMicros(rig.loadPid),
  })
  const bare = await postgres.createBare()
  await seedBareAccounts(bare.admin)
  const bareMeter: Meter = async () => ({
    postgres: postgresCpuMicros(postgres.server().pid),
    client: processCpuMicros(rig.rivalPid),
    walBytes: (await serverCounts(postgres)).walBytes,
  })
  const profileBare = async (clients: number) => {
    const run = () => rig.runBare(bare, { ...job, clients, warmUpSeconds: 0 })
    return profileOf(clients, await metered(bareMeter, rig.succeeded, run))
  }
  try {
    await rig.runChain(chain, { ...job, seconds: 3, warmUpSeconds: 0 })
    const chainRun = await metered(chainMeter, rig.succeeded, () =>
      rig.runChain(chain, { ...job, warmUpSeconds: 0 }),
    )
    await rig.runBare(bare, { ...job, seconds: 1, warmUpSeconds: 0 })
    return {
      chain: profileOf(job.clients, chainRun),
      bare: await profileBare(job.clients),
      bareOneClient: await profileBare(1),
    }
  } finally {
    await chain.stop()
  }
}

interface Wanted {
  readonly clients: number
  readonly seconds: number
  /** Bookings instead of orders, at so many companies. */
  readonly companies: number | undefined
}

const measure = async (
  wanted: Wanted,
  stops: Stop[],
  now: (what: string) => void,
): Promise<ProfileResults> => {
  const { clients, seconds, companies } = wanted
  now('starting a Postgres of its own, fsync on, and the services')
  const postgres = await startBenchPostgres()
  stops.push(postgres.close)
  const databases = await postgres.createSet('main')
  await seedDatabases(databases, { orders: 0 })
  const logFolder = postgres.data.logs
  const system = await startBenchSystem({ databases, logFolder, isWatched: true })
  stops.push(system.stop)
  const rig = createRig(postgres)
  stops.push(rig.stop)
  const job = { clients, seconds }
  // Two runs of the profile, and what comes before each.
  const send: Send =
    companies === undefined
      ? (each) => rig.runSystem(system, each)
      : await storeForBookings({ rig, system }, companies, 8 + 3 * seconds)
  now('warming up')
  await send({ ...job, clients: 8, seconds: 3, warmUpSeconds: 0 })
  await send({ ...job, seconds: 5, warmUpSeconds: 0 })
  now(`orderly, ${clients} clients`)
  const many = await profileSystem(postgres, rig, system, job, send)
  now('orderly, one client')
  // A single call runs other code than calls that share a request, and that is hardly compiled yet.
  await send({ ...job, clients: 1, warmUpSeconds: 0 })
  const one = await profileSystem(postgres, rig, system, { ...job, clients: 1 }, send)
  await system.stop()
  now('the rivals')
  const rivals = await profileRivals(postgres, rig, job)
  return {
    takenAt: new Date().toISOString(),
    command: commandLine('npm run bench:profile', process.argv.slice(2)),
    machine: describeMachine(postgres.version),
    system: many.profile,
    statements: many.statements,
    oneClient: one.profile,
    hops: one.hops.filter(({ hop }) => !hop.includes('unknown')),
    ...rivals,
    failures: rig.failures().count,
  }
}

const readArguments = () => {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '8' },
      clients: { type: 'string', default: '64' },
      bookings: { type: 'string' },
      publish: { type: 'boolean', default: false },
    },
  })
  const companies = values.bookings === undefined ? undefined : Number(values.bookings)
  const job = { seconds: Number(values.seconds), clients: Number(values.clients), companies }
  const isKnown = companies === undefined || (companies >= 1 && companies <= companyCount)
  // The page tells what an order costs.
  const isFit = isKnown && !(values.publish && companies !== undefined)
  if (!(job.seconds > 0) || !(job.clients >= 1) || !isFit) throw new Error(usage)
  return { job, publish: values.publish }
}

const main = async () => {
  const wanted = readArguments()
  const screen = createScreen()
  await withStops(async (stops) => {
    const results = await measure(wanted.job, stops, screen.now).finally(screen.end)
    showProfile(results, screen.line)
    mkdirSync(new URL('results/', import.meta.url), { recursive: true })
    const kind = wanted.job.companies === undefined ? 'profile' : 'booking-profile'
    const name = `${kind}-${results.takenAt.replace(/[:.]/g, '-')}.json`
    const text = `${JSON.stringify(results, null, 2)}\n`
    writeFileSync(new URL(`results/${name}`, import.meta.url), text)
    screen.line(`\nwritten to bench/results/${name}`)
    if (wanted.publish) await publish({ profile: results })
    if (results.failures > 0) process.exitCode = 1
  })
}

await main()
