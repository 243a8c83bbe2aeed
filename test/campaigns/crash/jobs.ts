import { createHash } from 'node:crypto'
import type { PlannedPoint } from './discovery.ts'
import { faults, type Fault } from './faults.ts'
import { stepOfIncident, type Incident, type Strike } from './incidents.ts'
import { placeName, pointName, type Place, type Point } from './points.ts'
import { spread } from './spread.ts'
import type { Variant } from './variants.ts'

/** What to run: a fault at a point, and perhaps a second fault during the recovery from it. */
export interface Job extends Incident {
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

/** For pairs, the first fault strikes each place once in normal work and once in recovery. */
export const firstsForPairs = (planned: readonly PlannedPoint[]): PlannedPoint[] =>
  spread(planned, ({ variant, point }) => `${variant.outage !== undefined} ${placeName(point)}`)

/** Every place visited between the first fault and the end of its step, with every fault. */
export const pairJobs = (first: Job, pointsAfterFault: readonly Point[]): Job[] => {
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

/**
 * Each fault at each place once in normal work and once in recovery. The seed draws the visit of the
 * place, for each fault another one: so many runs with different seeds strike all visits.
 */
export const sampledJobs = (planned: readonly PlannedPoint[], seed: number): Job[] => {
  const byPlace = Map.groupBy(singleJobs(planned), ({ variant, strikes: [{ fault, at }] }) =>
    [variant.outage !== undefined, placeName(at), fault.letter].join(' '),
  )
  return [...byPlace.values()].map((visits) =>
    visits.reduce((best, job) => (rank(seed, job) < rank(seed, best) ? job : best)),
  )
}

/** The order depends on the seed only, so a time limit leaves a fair sample. */
export const shuffled = (jobs: readonly Job[], seed: number): Job[] =>
  jobs.toSorted((one, other) => rank(seed, one) - rank(seed, other))

export const isInTenth = (job: Job, seed: number): boolean => rank(seed, job) < 2 ** 32 / 10

const sizeOf = (lists: readonly (readonly unknown[])[]) =>
  lists.reduce((sum, { length }) => sum + length, 0)

/**
 * Jobs of different steps may share a run of their scenario, which saves most of the time. The
 * fullest scenarios and steps give first, so that none has many jobs left at the end.
 */
export const createPacks = (jobs: readonly Job[], maxSize: number) => {
  const byScenario = Map.groupBy(jobs, ({ variant }) => variant.scenario)
  const stacks = [...byScenario.values()].map((of) =>
    [...Map.groupBy(of, stepOfIncident).values()].map((ofStep) => ofStep.toReversed()),
  )
  return {
    left: () => sizeOf(stacks.flat()),
    next: (): readonly Job[] => {
      const [fullest = []] = stacks.toSorted((one, other) => sizeOf(other) - sizeOf(one))
      return fullest
        .toSorted((one, other) => other.length - one.length)
        .slice(0, maxSize)
        .flatMap((of) => of.pop() ?? [])
    },
  }
}
