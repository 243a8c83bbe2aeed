import type { Panel, Query } from './panels.ts'

/** How boards ask. What several of them or the alerts ask for is a recording rule. */
export const line = (expr: string, legend: string): Query => ({ expr, legend })

export const panel = (
  title: string,
  unit: string,
  description: string,
  ...queries: readonly Query[]
): Panel => ({ title, unit, description, queries })

/** One number that should be small. */
export const number = (title: string, unit: string, description: string, expr: string): Panel => ({
  ...panel(title, unit, description, line(expr, title)),
  kind: 'number',
})

export const perSecond = (metric: string, by: string) => `sum by (${by}) (rate(${metric}[1m]))`

export const oldestUndecided = number(
  'Oldest undecided',
  's',
  'Somebody has waited so long for an answer. Usually below a second; above a minute it is an alert.',
  'max(saga:oldest_undecided_seconds:max)',
)
export const oldestLetter = number(
  'Oldest owed letter',
  's',
  'A decision of which nobody was told yet. Usually below a second.',
  'max(saga:oldest_owed_letter_seconds:max)',
)
