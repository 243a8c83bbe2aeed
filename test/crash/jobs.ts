import { createHash } from 'node:crypto'
import type { PlannedPoint } from './discovery.ts'
import { faults, type Fault } from './faults.ts'
import { placeName, pointName, type Place } from './points.ts'
import type { RunResult, Strike } from './run.ts'
import type { Variant } from './variants.ts'

/** What is to be run: a fault at a point, and perhaps a second one during the recovery from it. */
export interface Job {
  readonly variant: Variant
  readonly strikes: readonly [Strike, ...Strike[]]
  readonly name: string
}

const jobOf = (variant: Variant, strikes: readonly [Strike, ...Strike[]]): Job => ({
  variant,
  strikes,
  name: strikes
    .map(({ fault, at }) => `${'nth' in at ? pointName(at) : placeName(at)}: ${fault.name}`)
    .join('; then '),
})

export const singleJobs = (planned: readonly PlannedPoint[]): Job[] =>
  planned.flatMap(({ variant, point }) =>
    faults
      .filter((fault) => fault.isPossibleAt(point))
      .map((fault) => jobOf(variant, [{ fault, at: point }])),
  )

/** For pairs each place is struck first once in ordinary running and once in recovery. */
export const firstsForPairs = (planned: readonly PlannedPoint[]): PlannedPoint[] => {
  const known = new Set<string>()
  return planned.filter(({ variant, point }) => {
    const name = `${variant.outage !== undefined} ${placeName(point)}`
    if (known.has(name)) return false
    known.add(name)
    return true
  })
}

/** Every place that was visited between the first fault and the end of its step, with every fault. */
export const pairJobs = (first: Job, { pointsAfterFault }: RunResult): Job[] => {
  const [strike] = first.strikes
  const epoch = 'epoch' in strike.at ? strike.at.epoch : ''
  const places = new Map<string, Place>()
  for (const { kind, name, phase, service, epoch: visited } of pointsAfterFault) {
    if (visited === epoch) {
      const place: Place = { kind, name, phase, service }
      places.set(placeName(place), place)
    }
  }
  return [...places.values()].flatMap((at) =>
    faults
      .filter((fault) => fault.isPossibleAt(at))
      .map((fault: Fault) => jobOf(first.variant, [strike, { fault, at }])),
  )
}

const rank = (seed: number, { name }: Job) =>
  createHash('sha256').update(`${seed} ${name}`).digest().readUInt32BE(0)

/** The same order for the same seed, so that what was run before a limit is a fair sample. */
export const shuffled = (jobs: readonly Job[], seed: number): Job[] =>
  jobs.toSorted((one, other) => rank(seed, one) - rank(seed, other))

export const isInTenth = (job: Job, seed: number): boolean => rank(seed, job) < 2 ** 32 / 10
