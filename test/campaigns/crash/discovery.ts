import { afterwards } from './journey.ts'
import { calleeOf, placeName, pointName, type Place, type Point } from './points.ts'
import { run } from './run.ts'
import type { Scenario, Step } from './scenario.ts'
import { scenarios as allScenarios } from './scenarios.ts'
import type { System } from './system.ts'
import { spread } from './spread.ts'
import { outageVariant, plainVariant, recoveryOf, type Variant } from './variants.ts'

/**
 * Runs each scenario several times to find the points, so that nobody keeps a list. The plan has a
 * point if most of these runs visited it. Other visits are chance (a retry, a slow moment), and
 * another point must cover their places.
 */
export interface PlannedPoint {
  readonly variant: Variant
  readonly point: Point
}

const looks = 3

const progressEveryMs = 15_000

const look = async (system: System, variant: Variant, times: number, troubles: string[]) => {
  const seen: Point[][] = []
  for (let time = 0; time < times; time += 1) {
    const { points, complaints } = await run(system, [{ variant, strikes: [] }])
    const [first] = complaints
    if (first) troubles.push(`before any fault (${variant.name}): ${first}`)
    seen.push(points.filter(({ epoch }) => epoch !== afterwards))
  }
  return seen
}

const steadyOf = (seen: readonly Point[][]): Point[] => {
  const points = new Map(seen.flat().map((point) => [pointName(point), point]))
  const counts = Map.groupBy(seen.flat(), pointName)
  return [...points.values()].filter(
    (point) => (counts.get(pointName(point))?.length ?? 0) > looks / 2,
  )
}

const stepsWhere = (isSo: (step: Step) => boolean) =>
  new Set(allScenarios.flatMap(({ steps }) => steps.filter(isSo).map(({ name }) => name)))

/**
 * Requests that are sent at the same moment arrive in another order each time, and what prepares a
 * scenario is struck where another one is about it. Such a step gives only the places that no other
 * step visits: those of calls that share a request.
 */
const seldom = stepsWhere(({ isAtOnce, isPreparation }) => Boolean(isAtOnce ?? isPreparation))

const prepares = stepsWhere(({ isPreparation }) => isPreparation === true)

const withoutChance = (planned: readonly PlannedPoint[]): PlannedPoint[] => {
  const often = planned.filter(({ point }) => !seldom.has(point.epoch))
  const elsewhere = new Set(often.map(({ point }) => placeName(point)))
  return planned.filter(
    ({ point }) =>
      !seldom.has(point.epoch) || (point.nth === 1 && !elsewhere.has(placeName(point))),
  )
}

/** The services that each step calls. A step that has an outage of its own needs no other one. */
const withoutOutage = stepsWhere(({ isAtOnce, isPreparation, without }) =>
  Boolean(isAtOnce ?? isPreparation ?? without),
)

const outagesIn = (scenario: Scenario, points: readonly Point[]): Variant[] => {
  const variants = new Map<string, Variant>()
  for (const { kind, service, name, epoch } of points) {
    if (kind !== 'call' || service === 'gateway' || withoutOutage.has(epoch)) continue
    const variant = outageVariant(scenario, epoch, calleeOf(name))
    variants.set(variant.name, variant)
  }
  return [...variants.values()]
}

const placeInRecovery = (variant: Variant, point: Point): string => {
  const isRecovery = point.epoch === recoveryOf(variant)
  return isRecovery ? `recovery: ${placeName(point)}` : placeName(point)
}

/**
 * Outages add all places of recovery, and those places before it that nothing else visits. A place
 * counts once, even if several outages lead to it.
 */
const addedByOutages = (
  seen: ReadonlyMap<Variant, readonly Point[]>,
  known: ReadonlySet<string>,
): PlannedPoint[] => {
  const inOutages = [...seen].flatMap(([variant, points]) =>
    points
      .filter(({ epoch }) => epoch === variant.name || epoch === recoveryOf(variant))
      .map((point) => ({ variant, point, name: placeInRecovery(variant, point) })),
  )
  const isNew = ({ name }: { readonly name: string }) => !known.has(name)
  return spread(inOutages.filter(isNew), ({ name }) => name)
}

/** Looks at each variant on whichever system is free. */
const lookAtAll = async (
  { systems, isStopped, say }: DiscoveryOptions,
  variants: readonly Variant[],
  troubles: string[],
): Promise<Map<Variant, Point[][]>> => {
  const seen = new Map<Variant, Point[][]>()
  const queue = [...variants]
  let saidMs = performance.now()
  const progress = () => {
    if (performance.now() - saidMs < progressEveryMs) return
    saidMs = performance.now()
    say(`  looked at ${seen.size} of ${variants.length} ways through`)
  }
  const lookAround = async (system: System) => {
    for (let variant = queue.shift(); variant && !isStopped(); variant = queue.shift()) {
      seen.set(variant, await look(system, variant, looks, troubles))
      progress()
    }
  }
  await Promise.all(systems.map(lookAround))
  return seen
}

const steadyIn = (seen: ReadonlyMap<Variant, readonly Point[][]>): Map<Variant, Point[]> =>
  new Map([...seen].map(([variant, points]) => [variant, steadyOf(points)]))

export interface DiscoveryOptions {
  readonly systems: readonly System[]
  /** What prepares a scenario is struck only if all scenarios are looked at. */
  readonly scenarios: readonly Scenario[]
  readonly say: (line: string) => void
  readonly isStopped: () => boolean
}

export const discover = async (options: DiscoveryOptions) => {
  const { systems, scenarios, say } = options
  const troubles: string[] = []
  const undisturbed = scenarios.map(plainVariant)
  // The first runs open connections and prepare statements, so they visit other points.
  const warmUp = async (system: System) => {
    for (const variant of undisturbed) await look(system, variant, 1, troubles)
  }
  await Promise.all(systems.map(warmUp))
  const seen = await lookAtAll(options, undisturbed, troubles)
  const steady = steadyIn(seen)
  const isAll = scenarios.length === allScenarios.length
  const plain = withoutChance(
    [...steady].flatMap(([variant, points]) => points.map((point) => ({ variant, point }))),
  ).filter(({ point }) => isAll || !prepares.has(point.epoch))
  const outages = [...steady].flatMap(([{ scenario }, points]) => outagesIn(scenario, points))
  const inOutage = await lookAtAll(options, outages, troubles)
  const known = new Set(plain.map(({ point }) => placeName(point)))
  const added = addedByOutages(steadyIn(inOutage), known)
  const planned = [...plain, ...added]
  for (const one of [...undisturbed, ...outages]) {
    const count = planned.filter(({ variant }) => variant === one).length
    say(`  ${one.name}: ${count} ${one.outage === undefined ? 'points' : 'more'}`)
  }
  const all = [...seen.values(), ...inOutage.values()].flat(2)
  const unsteady = isAll ? unsteadyPlaces(all, planned) : []
  return { planned, unsteady, troubles }
}

/** Places that too few runs visited to plan a fault there. */
const unsteadyPlaces = (all: readonly Place[], planned: readonly PlannedPoint[]): string[] => {
  const covered = new Set(planned.map(({ point }) => placeName(point)))
  return [...new Set(all.map(placeName))].filter((name) => !covered.has(name))
}
