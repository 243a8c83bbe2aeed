import type { Edge } from '../../src/platform/base/states.ts'

/** Lists every way from one status to another, and whether the edges of `states.ts` have it. */
export const waysBetween = <Status extends string>(
  statuses: readonly Status[],
  edges: readonly Edge<Status>[],
) =>
  statuses.flatMap((from) =>
    statuses
      .filter((to) => to !== from)
      .map((to) => {
        const isEdge = edges.some((edge) => edge.from === from && edge.to === to)
        return [from, to, isEdge] as const
      }),
  )

/** The result of a statement: `done`, or the error of the database. */
export const outcomeOf = (attempt: PromiseLike<unknown>): PromiseLike<string> =>
  attempt.then(
    () => 'done',
    (error: unknown) => String(error),
  )
