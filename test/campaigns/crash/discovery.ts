import { afterwards } from './journey.ts'
import { calleeOf, placeName, pointName, type Place, type Point } from './points.ts'
import { run } from './run.ts'
import { steps } from './scenario.ts'
import type { System } from './system.ts'
import { spread } from './spread.ts'
import { outageVariant, plainVariant, recoveryOf, type Variant } from './variants.ts'

/**
 * Runs the scenario several times to find the points, so that nobody keeps a list. The plan has a
 * point if most of these runs visited it. Other visits are chance (a retry, a slow moment), and
 * another point must cover their places.
 */
export interface PlannedPoint {
  readonly variant: Variant
  readonly point: Point
}

const looks = 3

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

const atOnce = new Set(steps.filter((step) => step.isAtOnce).map(({ name }) => name))

/**
 * Requests that are sent at the same moment arrive in another order each time. Such a step gives
 * only the places that no other step visits: those of calls that share a request.
 */
const withoutChance = (points: readonly Point[]): Point[] => {
  const elsewhere = new Set(points.filter(({ epoch }) => !atOnce.has(epoch)).map(placeName))
  return points.filter(
    (point) => !atOnce.has(point.epoch) || (point.nth === 1 && !elsewhere.has(placeName(point))),
  )
}

/** The services that each step calls. */
const outagesIn = (points: readonly Point[]): Variant[] => {
  const variants = new Map<string, Variant>()
  for (const { kind, service, name, epoch } of points) {
    if (kind !== 'call' || service === 'gateway' || atOnce.has(epoch)) continue
    const variant = outageVariant(epoch, calleeOf(name))
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

export const discover = async (systems: readonly System[], say: (line: string) => void) => {
  const [first] = systems
  if (!first) throw new Error('there is no system to look at')
  const troubles: string[] = []
  // The first run opens connections and prepares statements, so it visits other points.
  await Promise.all(systems.map((system) => look(system, plainVariant, 1, troubles)))
  const seen = await look(first, plainVariant, looks, troubles)
  const plain = withoutChance(steadyOf(seen))
  const variants = outagesIn(plain)
  const inOutage = new Map<Variant, Point[][]>()
  const queue = [...variants]
  const lookAround = async (system: System) => {
    for (let variant = queue.shift(); variant; variant = queue.shift()) {
      inOutage.set(variant, await look(system, variant, looks, troubles))
    }
  }
  await Promise.all(systems.map(lookAround))
  const planned: PlannedPoint[] = plain.map((point) => ({ variant: plainVariant, point }))
  say(`  the scenario: ${plain.length} points`)
  const steady = new Map(variants.map((one) => [one, steadyOf(inOutage.get(one) ?? [])]))
  const added = addedByOutages(steady, new Set(plain.map(placeName)))
  planned.push(...added.map(({ variant, point }) => ({ variant, point })))
  for (const variant of variants) {
    const count = added.filter((one) => one.variant === variant).length
    say(`  ${variant.name}: ${count} more`)
  }
  const all = [...seen.flat(), ...[...inOutage.values()].flat(2)]
  return { planned, unsteady: unsteadyPlaces(all, planned), troubles }
}

/** Places that too few runs visited to plan a fault there. */
const unsteadyPlaces = (all: readonly Place[], planned: readonly PlannedPoint[]): string[] => {
  const covered = new Set(planned.map(({ point }) => placeName(point)))
  return [...new Set(all.map(placeName))].filter((name) => !covered.has(name))
}
