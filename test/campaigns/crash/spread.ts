import { stepOf } from './incidents.ts'
import type { Point } from './points.ts'
import type { Variant } from './variants.ts'

interface Visit {
  readonly variant: Variant
  readonly point: Point
}

/**
 * Of the visits with one name it takes one, where fewest were taken so far: what
 * is spread evenly over the steps can share runs.
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
  // Who has no choice is first, so that the others can make room.
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
