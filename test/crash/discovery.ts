import { afterwards } from './journey.ts'
import { calleeOf, placeName, pointName, type Place, type Point } from './points.ts'
import { run } from './run.ts'
import type { System } from './system.ts'
import { outageVariant, plainVariant, recoveryOf, type Variant } from './variants.ts'

/**
 * Finds the points by running the scenario and looking: nobody keeps a list. A
 * point is planned for when most looks saw it; the rest are accidents of time
 * (a retry, a slow moment), and their places must have been seen otherwise.
 */
export interface PlannedPoint {
  readonly variant: Variant
  readonly point: Point
}

const looks = 3

const look = async (system: System, variant: Variant, times: number): Promise<Point[][]> => {
  const seen: Point[][] = []
  for (let time = 0; time < times; time += 1) {
    const { points, complaints } = await run(system, { variant, strikes: [], seed: 0 })
    if (complaints.length > 0) {
      throw new Error(`without any fault (${variant.name}): ${complaints.join('\n')}`)
    }
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

/** Whom each step needs, as its calls say. */
const outagesIn = (points: readonly Point[]): Variant[] => {
  const variants = new Map<string, Variant>()
  for (const { kind, service, name, epoch } of points) {
    if (kind !== 'call' || service === 'gateway') continue
    const variant = outageVariant(epoch, calleeOf(name))
    variants.set(variant.name, variant)
  }
  return [...variants.values()]
}

/** What an outage adds: all of its recovery, and of the time before what nothing else visits. */
const addedBy = (variant: Variant, points: readonly Point[], known: Set<string>): Point[] => {
  const added: Point[] = []
  for (const point of points) {
    const isRecovery = point.epoch === recoveryOf(variant)
    if (!isRecovery && point.epoch !== variant.name) continue
    const name = isRecovery ? `recovery: ${placeName(point)}` : placeName(point)
    if (known.has(name)) continue
    known.add(name)
    added.push(point)
  }
  return added
}

export const discover = async (system: System, say: (line: string) => void) => {
  // The first run connects and prepares, and so is unlike the others.
  await look(system, plainVariant, 1)
  const seen = await look(system, plainVariant, looks)
  const plain = steadyOf(seen)
  const all = seen.flat()
  const planned: PlannedPoint[] = plain.map((point) => ({ variant: plainVariant, point }))
  const known = new Set(plain.map(placeName))
  for (const variant of outagesIn(plain)) {
    const seenInOutage = await look(system, variant, looks)
    all.push(...seenInOutage.flat())
    const added = addedBy(variant, steadyOf(seenInOutage), known)
    planned.push(...added.map((point) => ({ variant, point })))
    say(`  ${variant.name}: ${added.length} more`)
  }
  return { planned, unsteady: unsteadyPlaces(all, planned) }
}

/** Places that were visited, but never reliably enough to be struck on purpose. */
const unsteadyPlaces = (all: readonly Place[], planned: readonly PlannedPoint[]): string[] => {
  const covered = new Set(planned.map(({ point }) => placeName(point)))
  return [...new Set(all.map(placeName))].filter((name) => !covered.has(name))
}
