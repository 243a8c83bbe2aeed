import type { Edge } from '../../src/platform/base/states.ts'

/** Every way from one status to another, and whether the edges of `states.ts` have it. */
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

/** What became of a statement: `done`, or what the database said against it. */
export const outcomeOf = (attempt: PromiseLike<unknown>): PromiseLike<string> =>
  attempt.then(
    () => 'done',
    (error: unknown) => String(error),
  )
