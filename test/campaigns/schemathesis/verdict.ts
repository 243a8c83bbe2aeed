/** The parts of Schemathesis' report that are checked. */
export interface RunReport {
  readonly complete: boolean
  readonly operations: {
    readonly total: number
    readonly tested: number
    readonly errored: number
  }
  readonly phases: Readonly<
    Record<string, { readonly status: string; readonly skip_reason: string | null }>
  >
  readonly test_cases: { readonly generated: number; readonly errored: number }
  readonly failures: readonly {
    readonly code: string
    readonly title: string
    readonly operations: readonly string[]
  }[]
  readonly errors: readonly unknown[]
}

export interface FinishedRun {
  readonly exitCode: number
  readonly report: RunReport | null
}

/** With fewer requests for a route, nothing was tried. */
const minimumCases = 10

/** Without links between routes there are no stateful tests. Every other phase must have run. */
const isSkipped = (name: string, reason: string | null) =>
  name === 'stateful' && reason === 'not_applicable'

const phaseFaults = (phases: RunReport['phases']) =>
  ['examples', 'coverage', 'fuzzing', 'stateful'].flatMap((name) => {
    const phase = phases[name]
    if (phase?.status === 'success' || isSkipped(name, phase?.skip_reason ?? null)) return []
    return [`the phase ${name} ended with ${phase?.status ?? 'nothing'}`]
  })

/** Returns why a run does not pass. Its exit code alone is 0 even when it tried nothing. */
export const faultsOf = ({ exitCode, report }: FinishedRun): string[] => {
  if (report === null) return [`it ended with ${exitCode} and left no report`]
  const { operations, test_cases: cases, failures, errors } = report
  const found = failures.map(
    ({ code, title, operations: where }) => `${code} ${title}: ${where.join(', ')}`,
  )
  return [
    ...found,
    ...(errors.length + cases.errored + operations.errored > 0
      ? [`errors: ${JSON.stringify(errors).slice(0, 2_000)}`]
      : []),
    ...(report.complete ? [] : ['it was not finished']),
    ...(operations.total > 0 && operations.tested === operations.total
      ? []
      : [`it tested ${operations.tested} of ${operations.total} operations`]),
    ...(cases.generated >= minimumCases * operations.total
      ? []
      : [`it sent no more than ${cases.generated} requests`]),
    ...phaseFaults(report.phases),
    ...(exitCode === 0 ? [] : [`it ended with ${exitCode}`]),
  ]
}
