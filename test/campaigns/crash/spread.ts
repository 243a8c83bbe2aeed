import { stepOf } from './incidents.ts'
import type { Point } from './points.ts'
import type { Variant } from './variants.ts'

interface Visit {
  readonly variant: Variant
  readonly point: Point
}

/**
 * Takes one of the visits with the same name, at the step that has the fewest so far: faults that
 * are spread evenly over the steps can share runs.
 */
export const spread = <V extends Visit>(
  visits: readonly V[],
  nameOf: (visit: V) => string,
): V[] => {
  const taken = new Map<string, number>()
  const takenIn = ({ variant, point }: Visit) => {
    const step = stepOf({ variant, at: point })
    return { step, count: taken.get(step) ?? 0 }
  }
  const groups = [...Map.groupBy(visits, nameOf).values()]
  // Small groups choose first, because they have less choice.
  const chosen = groups
    .toSorted((one, other) => one.length - other.length)
    .map((group) => {
      const least = group.reduce((best, visit) =>
        takenIn(visit).count < takenIn(best).count ? visit : best,
      )
      const { step, count } = takenIn(least)
      taken.set(step, count + 1)
      return least
    })
  const isChosen = new Set(chosen)
  return visits.filter((visit) => isChosen.has(visit))
}
