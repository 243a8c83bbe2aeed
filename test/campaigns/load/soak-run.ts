import { setTimeout as sleep } from 'node:timers/promises'
import { serviceNames, servicesWithDatabase, type ServiceName } from '../../../src/registry.ts'
import { createRandom, type Random } from '../../lab/random.ts'
import { createHistory, type History } from '../../judge/history.ts'
import { checkInvariants } from '../../judge/invariants.ts'
import { runLoad } from '../../lab/load.ts'
import { linesWithAddresses } from '../../lab/marked-person.ts'
import { auditFaults, countRows, untilAtRest } from '../../judge/audit.ts'
import { openDescriptors, rssMb, showAmounts } from './resources.ts'
import { percentile } from './shoppers.ts'
import type { OwnSystem } from '../../lab/system.ts'

/**
 * Mixed load for a long time, with a kill now and then: nothing may be lost, and memory and
 * connections may not grow. Waves of new clients follow each other, and the invariants judge each
 * wave from outside while the kills go on.
 */
export interface SoakOptions {
  readonly system: OwnSystem
  readonly minutes: number
  readonly seed: number
  readonly clients: number
  readonly killEveryMs: number
  /** How long a client thinks between two requests, on average. */
  readonly thinkMs?: number
  readonly say: (line: string) => void
}

interface Sample {
  readonly atMs: number
  readonly service: ServiceName
  readonly rssMb: number
  readonly descriptors: number
  readonly connections: number
}

const stepsPerWave = 40
/** Kills go on while a wave is judged, so it may take several kills until all is at rest. */
const restWithinMs = 120_000
const sampleEveryMs = 2_000
const progressEveryMs = 10_000
const allowedGrowth = 1.3
const allowedGrowthMb = 64
const mostMb = 600
/** The number of connections varies. A larger difference is a leak. */
const allowedMore = 24

const connectionsOf = async (system: OwnSystem): Promise<Map<string, number>> => {
  const rows = await system.postgres.sql('order')<{ datname: string; count: number }[]>`
    select datname, count(*)::int as count from pg_stat_activity
    where application_name = 'orderly' group by datname`
  return new Map(rows.map(({ datname, count }) => [datname, count]))
}

const takeSamples = async (system: OwnSystem, startMs: number): Promise<Sample[]> => {
  const [connections, descriptors] = [await connectionsOf(system), openDescriptors(system)]
  return [...rssMb(system)].map(([service, mb]) => ({
    atMs: performance.now() - startMs,
    service,
    rssMb: mb,
    descriptors: descriptors.get(service) ?? 0,
    connections: connections.get(service) ?? 0,
  }))
}

/** Kills a service or cuts its connections to Postgres, chosen by chance. */
const strike = async (
  system: OwnSystem,
  random: Random,
  counts: { kills: number; cuts: number },
) => {
  if (random.chance(0.3)) {
    const service = random.pick(servicesWithDatabase)
    await system.postgres.cutConnections(service)
    counts.cuts += 1
    return `connections of ${service} cut`
  }
  const service = random.pick(serviceNames)
  await system.kill(service)
  await system.start(service)
  counts.kills += 1
  return `${service} killed and started again`
}

const middle = (samples: readonly Sample[], look: (sample: Sample) => number) =>
  percentile(samples.map(look), 0.5)

/**
 * Compares the second third of the time with the last: what grows between them would go on growing.
 * In the first third, heaps still grow to the size that the load needs.
 */
const growthFaults = (samples: readonly Sample[], say: SoakOptions['say']): string[] => {
  const endMs = Math.max(...samples.map(({ atMs }) => atMs))
  return serviceNames.flatMap((service) => {
    const own = samples.filter((sample) => sample.service === service)
    const early = own.filter(({ atMs }) => atMs >= endMs / 3 && atMs < (endMs * 2) / 3)
    const late = own.filter(({ atMs }) => atMs > (endMs * 2) / 3)
    const [mb, lateMb] = [middle(early, (one) => one.rssMb), middle(late, (one) => one.rssMb)]
    const [files, lateFiles] = [
      middle(early, (one) => one.descriptors),
      middle(late, (one) => one.descriptors),
    ]
    const [links, lateLinks] = [
      middle(early, (one) => one.connections),
      middle(late, (one) => one.connections),
    ]
    say(
      `  ${service}: ${Math.round(mb)} -> ${Math.round(lateMb)} MB, ${files} -> ${lateFiles} open files and sockets, ${links} -> ${lateLinks} connections to Postgres`,
    )
    const faults: string[] = []
    if (lateMb > mb * allowedGrowth + allowedGrowthMb)
      faults.push(`${service} grew from ${mb} to ${lateMb} MB`)
    const mostSeenMb = Math.max(...own.map((one) => one.rssMb))
    if (mostSeenMb > mostMb) faults.push(`${service} took ${mostSeenMb} MB`)
    if (lateFiles > files + allowedMore)
      faults.push(`${service} had ${files} files and sockets open, and then ${lateFiles}`)
    if (lateLinks > links + allowedMore)
      faults.push(`${service} had ${links} connections to Postgres, and then ${lateLinks}`)
    return faults
  })
}

interface Totals {
  requests: number
  unknown: number
  waves: number
  orders: number
  letters: number
  operations: number
}

const runWave = async (
  { system, clients, seed, thinkMs = 0 }: SoakOptions,
  wave: number,
  ending: AbortSignal,
  totals: Totals,
  setHistory: (history: History) => void,
) => {
  const history = createHistory()
  setHistory(history)
  await runLoad({
    system,
    history,
    clients,
    steps: stepsPerWave,
    seed: seed + wave,
    signal: ending,
    patienceMs: 120_000,
    thinkMs,
  })
  const { users } = await checkInvariants(system, history, { withinMs: restWithinMs })
  totals.waves += 1
  totals.requests += history.exchanges.length
  totals.unknown += history.exchanges.filter(({ answer }) => answer.kind === 'unknown').length
  for (const { orders, letters, operations } of users) {
    totals.orders += orders.length
    totals.letters += letters.length
    totals.operations += operations.length
  }
}

const leftConnections = async (system: OwnSystem): Promise<string[]> => {
  // Idle connections may stay, up to the size of the pool. Those of killed processes must be gone.
  await sleep(2_000)
  return [...(await connectionsOf(system))].flatMap(([database, count]) =>
    count > 6 ? [`${count} connections of ${database} are left`] : [],
  )
}

export const soak = async (options: SoakOptions) => {
  const { system, minutes, seed, killEveryMs, say } = options
  const random = createRandom(`soak ${seed}`)
  const startMs = performance.now()
  const totalMs = minutes * 60_000
  const ending = new AbortController()
  const totals: Totals = { requests: 0, unknown: 0, waves: 0, orders: 0, letters: 0, operations: 0 }
  const counts = { kills: 0, cuts: 0 }
  const samples: Sample[] = []
  const faults: string[] = []
  let current: History = createHistory()
  const elapsed = () => performance.now() - startMs
  const isOver = () => elapsed() >= totalMs || faults.length > 0

  const strikes = async () => {
    while (!isOver()) {
      await sleep(Math.min(killEveryMs, Math.max(totalMs - elapsed(), 0)))
      if (isOver()) break
      current.mark(await strike(system, random, counts))
    }
    ending.abort()
  }
  const watch = async () => {
    while (!isOver()) {
      samples.push(...(await takeSamples(system, startMs).catch(() => [])))
      await sleep(sampleEveryMs)
    }
  }
  const waves = async () => {
    for (let wave = 0; !isOver(); wave += 1) {
      await runWave(options, wave, ending.signal, totals, (history) => {
        current = history
      })
    }
  }
  const progress = setInterval(() => {
    const { waves: done, requests } = totals
    say(
      `  ${Math.round(elapsed() / 1_000)} s: ${requests + current.exchanges.length} requests, ${counts.kills} kills, ${counts.cuts} cuts, ${done} waves judged; ${showAmounts(rssMb(system), ' MB')}`,
    )
  }, progressEveryMs)
  const guard = (work: Promise<void>) =>
    work.catch((error: unknown) => {
      faults.push(error instanceof Error ? error.message : String(error))
      ending.abort()
    })
  try {
    await Promise.all([strikes(), watch(), waves()].map(guard))
  } finally {
    clearInterval(progress)
  }
  if (faults.length === 0) {
    const restMs = await untilAtRest(system.postgres)
    say(
      `  at rest ${Math.round(restMs)} ms after the end; rows: ${JSON.stringify(Object.fromEntries(await countRows(system.postgres)))}`,
    )
    faults.push(...(await auditFaults(system.postgres)).slice(0, 5), ...growthFaults(samples, say))
    faults.push(...(await leftConnections(system)))
  }
  for (const process of system.processes) {
    const { service } = process
    const telling = linesWithAddresses(process.logs())
    if (telling.length > 0) faults.push(`the log of ${service} names people:\n${telling[0]}`)
    if (process.isRunning()) continue
    faults.push(`${service} does not run any more:\n${process.logs().slice(-3_000)}`)
  }
  return { ...totals, ...counts, faults, seconds: elapsed() / 1_000 }
}
