import { auditFaults, countRows, untilAtRest } from '../../judge/audit.ts'
import { cpuSeconds, rssMb, showAmounts, type Amounts } from './resources.ts'
import { createShoppers, percentile, type Shoppers, type Tally } from './shoppers.ts'
import type { AdministeredSystem, System } from '../../lab/system.ts'

/**
 * Five times more clients than the gateway accepts at once. It must go on serving, refuse the
 * others at once, stay small, and soon be as before.
 */
const timesMore = 5
const refusalP99Ms = 1_000
const backToNormalMs = 10_000
const calmClients = 8
/** A booking also asks company, and has its offer made before it. */
const bookingShare = 0.25
/** For each service, compared with its memory at its peak. */
const allowedGrowthMb = 160

export interface OverloadOptions {
  readonly system: AdministeredSystem
  /** MAX_CONCURRENT_REQUESTS of the services. */
  readonly places: number
  readonly rounds: number
  readonly seconds: number
  /** How long the services warm up before anything is measured. */
  readonly warmUpSeconds?: number
  /** How long the quiet time is that shows what is normal. */
  readonly calmSeconds?: number
  /** How many accounts the clients share. */
  readonly accounts?: number
  /** By which factor things may take longer than on a quiet machine: see `machineSlowness`. */
  readonly slowness: number
  readonly say: (line: string) => void
}

export interface OverloadReport {
  readonly faults: readonly string[]
  /** The throughput under overload divided by that at the peak: the median of the rounds. */
  readonly share: number
  /** The same, for each second of CPU time of the services. */
  readonly cpuShare: number
  readonly refused: number
  readonly settled: number
  readonly orders: number
  readonly bookings: number
}

const rateOf = ({ confirmed, seconds }: Tally) => confirmed / seconds
const perSecond = (rate: number) => `${Math.round(rate)} orders and bookings/s`
const msOf = (values: readonly number[], share: number) =>
  `${Math.round(percentile(values, share))} ms`

/** Returns the highest throughput with a moderate number of clients, and that number. */
const findPeak = async (
  shoppers: Shoppers,
  { places, warmUpSeconds = 6, say }: OverloadOptions,
) => {
  await shoppers.run(32, warmUpSeconds)
  const counts = [16, 32, 64, 128].filter((count) => count <= places)
  let best = { clients: counts[0] ?? places, rate: 0 }
  // With one candidate there is nothing to find.
  for (const clients of counts.length > 1 ? counts : []) {
    const rate = rateOf(await shoppers.run(clients, 5))
    say(`  ${clients} clients: ${perSecond(rate)}`)
    if (rate > best.rate) best = { clients, rate }
  }
  return best
}

const watchMemory = (system: System) => {
  const most = new Map(rssMb(system))
  const timer = setInterval(() => {
    for (const [name, mb] of rssMb(system)) most.set(name, Math.max(mb, most.get(name) ?? 0))
  }, 250)
  return (): Amounts => {
    clearInterval(timer)
    return most
  }
}

/** Returns how long until a quiet second is as quick as before, or undefined if it never was. */
const untilNormal = async (shoppers: Shoppers, normalMs: number): Promise<number | undefined> => {
  const startMs = performance.now()
  while (performance.now() - startMs < backToNormalMs * 2) {
    const tally = await shoppers.run(calmClients, 1)
    const isQuick = percentile(tally.confirmedMs, 0.5) <= normalMs * 1.5 + 20
    if (isQuick && tally.refused + tally.open === 0) return performance.now() - startMs
  }
  return undefined
}

const cpuSecondsOf = (system: System) =>
  [...cpuSeconds(system).values()].reduce((sum, seconds) => sum + seconds, 0)

/** Counts orders for each second of CPU time of the services: other processes do not matter. */
const measured = async (system: System, run: () => Promise<Tally>) => {
  const before = cpuSecondsOf(system)
  const tally = await run()
  return { tally, perCpuSecond: tally.confirmed / Math.max(cpuSecondsOf(system) - before, 0.01) }
}

const runRound = async (
  { system, seconds, calmSeconds = 3, places, slowness, say }: OverloadOptions,
  shoppers: Shoppers,
  clients: number,
) => {
  const faults: string[] = []
  const calm = await shoppers.run(calmClients, calmSeconds)
  const normalMs = percentile(calm.confirmedMs, 0.5)
  const peakBefore = await measured(system, () => shoppers.run(clients, seconds / 2))
  const warm = rssMb(system)
  const endWatch = watchMemory(system)
  // Retry-After is one second. On a slow core, all together would send far more than five times.
  const surplus = places * (timesMore - 1)
  const pauseMs = Math.max(1_000, (1_000 * surplus) / (timesMore * rateOf(peakBefore.tally)))
  const flood = await measured(system, () => shoppers.run(places * timesMore, seconds, { pauseMs }))
  const most = endWatch()
  const normalAfterMs = await untilNormal(shoppers, normalMs)
  const peakAfter = await measured(system, () => shoppers.run(clients, seconds / 2))
  const [before, overload, after] = [peakBefore.tally, flood.tally, peakAfter.tally]
  const peak = (rateOf(before) + rateOf(after)) / 2
  const share = rateOf(overload) / peak
  const cpuShare = (2 * flood.perCpuSecond) / (peakBefore.perCpuSecond + peakAfter.perCpuSecond)
  say(
    `  peak ${perSecond(rateOf(before))} before, ${perSecond(rateOf(after))} after; ${places * timesMore} clients: ${perSecond(rateOf(overload))} = ${Math.round(share * 100)} %, or ${Math.round(cpuShare * 100)} % for each second of a core`,
  )
  say(
    `  served in ${msOf(overload.confirmedMs, 0.5)} (p99 ${msOf(overload.confirmedMs, 0.99)}), ${overload.refused} refused in ${msOf(overload.refusedMs, 0.5)} (p99 ${msOf(overload.refusedMs, 0.99)}), ${overload.open} left open`,
  )
  say(
    `  back to normal after ${normalAfterMs === undefined ? 'never' : `${Math.round(normalAfterMs)} ms`}; memory at most: ${showAmounts(most, ' MB')}; before: ${showAmounts(warm, ' MB')}`,
  )
  if (overload.refused === 0) faults.push('nobody was refused: this was no overload')
  const allowedMs = refusalP99Ms * slowness
  if (percentile(overload.refusedMs, 0.99) > allowedMs) {
    faults.push(`refusals take longer than ${Math.round(allowedMs)} ms`)
  }
  if (normalAfterMs === undefined || normalAfterMs > backToNormalMs)
    faults.push('it does not come back to normal')
  for (const [name, mb] of most) {
    const allowed = (warm.get(name) ?? 0) + allowedGrowthMb
    if (mb > allowed)
      faults.push(`${name} grew to ${Math.round(mb)} MB, more than ${Math.round(allowed)} MB`)
  }
  for (const { wrong } of [before, overload, after]) faults.push(...wrong.slice(0, 3))
  return { share, cpuShare, faults, refused: overload.refused }
}

export const overload = async (options: OverloadOptions): Promise<OverloadReport> => {
  const { system, places, rounds, accounts, say } = options
  const shoppers = await createShoppers(system.urls.gateway, {
    ...(accounts === undefined ? {} : { accounts }),
    bookingShare,
  })
  say('looking for the peak')
  const { clients } = await findPeak(shoppers, options)
  const faults: string[] = []
  const shares: number[] = []
  const cpuShares: number[] = []
  let refused = 0
  for (let round = 1; round <= rounds; round += 1) {
    say(
      `round ${round} of ${rounds}: ${clients} clients for the peak, ${places} places, ${places * timesMore} clients for the overload`,
    )
    const result = await runRound(options, shoppers, clients)
    shares.push(result.share)
    cpuShares.push(result.cpuShare)
    faults.push(...result.faults)
    refused += result.refused
  }
  const { settled, wrong } = await shoppers.settle(120_000)
  faults.push(...wrong)
  await untilAtRest(system.postgres)
  faults.push(...(await auditFaults(system.postgres)).slice(0, 5))
  const rows = await countRows(system.postgres)
  const stored = { orders: rows.get('orders') ?? 0, bookings: rows.get('bookings') ?? 0 }
  for (const kind of ['order', 'booking'] as const) {
    const [there, told] = [stored[`${kind}s`], shoppers.countTold(kind)]
    if (there !== told)
      faults.push(`${there} ${kind}s are stored, but ${told} keys were told of one`)
  }
  const [share, cpuShare] = [percentile(shares, 0.5), percentile(cpuShares, 0.5)]
  return { faults, share, cpuShare, refused, settled, ...stored }
}
