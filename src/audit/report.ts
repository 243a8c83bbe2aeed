import type { Verdict, Violation } from './audit.ts'
import { checks } from './checks.ts'

/** What a person reads of a verdict. */

const mostShown = 20

const inWords = (milliseconds: number) =>
  milliseconds < 120_000
    ? `${(milliseconds / 1_000).toFixed(1)} s`
    : `${Math.round(milliseconds / 60_000)} min`

const count = (number: number) => number.toLocaleString('en')

const linesOf = (violations: readonly Violation[]): string[] =>
  [...Map.groupBy(violations, ({ invariant }) => invariant)].flatMap(([name, found]) => [
    `${name}: ${checks.find((check) => check.name === name)?.promise ?? ''}`,
    ...found.slice(0, mostShown).map(({ problem, row }) => `  ${problem}: ${JSON.stringify(row)}`),
    ...(found.length > mostShown ? [`  and ${count(found.length - mostShown)} more of these`] : []),
  ])

export const isFine = ({ violations, more }: Pick<Verdict, 'violations' | 'more'>): boolean =>
  violations.length === 0 && more === 0

const ending = (verdict: Verdict): string => {
  if (isFine(verdict)) return 'The books are fine.'
  const found = verdict.violations.length
  const more = verdict.more === 0 ? '' : ` and ${count(verdict.more)} more suspects`
  return `${count(found)} violations${more}. Nothing was changed: see docs/operations.md for what to do.`
}

export const reportText = (verdict: Verdict): string => {
  const { rows, since, durationMs, violations, unsettled, skipped, waiting } = verdict
  const total = Object.values(rows).reduce((sum, each) => sum + each, 0)
  return [
    ...linesOf(violations),
    ...(unsettled.length > 0
      ? ['what changed at each look, so that nobody can say:', ...linesOf(unsettled)]
      : []),
    ...waiting.map(
      (each) =>
        `waiting in ${each.table}: ${count(each.count)}, the oldest for ${inWords(each.oldestMs)}`,
    ),
    ...(skipped.length > 0
      ? [`not looked at, because another issuer has it: ${skipped.join(', ')}`]
      : []),
    `${Object.keys(rows).length} invariants, ${count(total)} rows read in ${inWords(durationMs)}${since === null ? '' : `, of what was made or changed since ${since}`}`,
    ending(verdict),
  ].join('\n')
}
