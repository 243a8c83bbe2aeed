import { faults } from './faults.ts'
import type { Job } from './jobs.ts'
import { pointName } from './points.ts'
import type { Outcome } from './incidents.ts'
import type { RunResult } from './run.ts'

/** Counts the runs and their results, and reports them in full sentences. */
export type Verdict = 'kept' | 'violated' | 'not reached'

export interface Done {
  readonly job: Job
  readonly verdict: Verdict
  readonly tries: number
  readonly result: RunResult
  readonly outcome: Outcome
  /** Its share of the time, if other jobs were in the same run. */
  readonly ms: number
}

const maxEvents = 80
const maxLast = 30
const maxEventLength = 400

/** What a run says about each of its jobs. All of them get the blame for a violation. */
export const judge = (jobs: readonly Job[], result: RunResult, tries: number): Done[] =>
  jobs.map((job, index) => {
    const outcome = result.outcomes[index] ?? { struck: 0, pointsAfterFault: [] }
    const reached = outcome.struck === job.strikes.length ? 'kept' : 'not reached'
    const verdict = result.complaints.length > 0 ? 'violated' : reached
    return { job, verdict, tries, result, outcome, ms: result.ms / jobs.length }
  })

/** The events from just before the first fault. */
const eventsAround = (events: readonly string[]) => {
  const strike = events.findIndex((event) => event.includes('***'))
  const from = Math.max(0, strike - 12)
  const shown = events.slice(from, from + maxEvents)
  const last = events.slice(Math.max(from + shown.length, events.length - maxLast))
  const left = events.length - from - shown.length - last.length
  return [...shown, `        … ${left} events are left out`, ...last]
    .map((event) => event.slice(0, maxEventLength))
    .join('\n')
}

export const describeMiss = ({ job, tries }: Done): string =>
  `NOT REACHED (tried ${tries} times)  ${job.name}`

/** A run with a violation, whichever of its jobs caused it. */
export const describeViolation = (
  jobs: readonly Job[],
  result: RunResult,
  withEvents: boolean,
): string => {
  const head = jobs.map(({ name }) => `\nVIOLATED  ${name}`).join('')
  const blame =
    jobs.length > 1 ? '\n  (in one run; --only or --alone shows which of them it is)' : ''
  const [first, ...others] = result.complaints
  const more = others.length > 0 ? `\n  and ${others.length} more complaints` : ''
  const events = withEvents ? `\n${eventsAround(result.events)}` : ''
  return `${head}${blame}\n  ${first}${more}${events}`
}

/** One line for each point, one letter for each fault: `!` or `?` if it was not kept. */
export const matrix = (done: readonly Done[]): string => {
  const lines = new Map<string, Map<string, string>>()
  for (const { job, verdict } of done) {
    const [{ at, fault }] = job.strikes
    const name = 'nth' in at ? pointName(at) : ''
    const line = lines.get(name) ?? new Map<string, string>()
    line.set(fault.letter, verdict === 'kept' ? fault.letter : verdict === 'violated' ? '!' : '?')
    lines.set(name, line)
  }
  const legend = faults.map(({ letter, name }) => `  ${letter}  ${name}`).join('\n')
  const rows = [...lines].map(
    ([name, line]) => `  ${faults.map(({ letter }) => line.get(letter) ?? '·').join('')}  ${name}`,
  )
  return `${legend}\n  !  an invariant was violated    ?  the point was not reached    ·  not possible here\n\n${rows.join('\n')}`
}

const seconds = (ms: number) => (ms / 1000).toFixed(2)

export const countsByFault = (done: readonly Done[]): string =>
  faults
    .map(({ name }) => {
      const of = done.filter(({ job }) => job.strikes.at(-1)?.fault.name === name)
      const count = (verdict: Verdict) => of.filter((one) => one.verdict === verdict).length
      const meanMs = of.reduce((sum, { ms }) => sum + ms, 0) / Math.max(1, of.length)
      return `  ${name.padEnd(48)}${`${of.length}`.padStart(6)} runs  ${`${count('violated')}`.padStart(4)} violated  ${`${count('not reached')}`.padStart(4)} not reached  ${seconds(meanMs)} s each`
    })
    .join('\n')
