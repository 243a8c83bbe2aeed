import { parseArgs } from 'node:util'

/** How long and how often the bench measures: `--quick` for a first look, a full run to quote. */
export interface BenchOptions {
  readonly mode: 'quick' | 'full'
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly firstWarmUpSeconds: number
  readonly curveSeconds: number
  readonly bookingRounds: number
  readonly storedOrders: number
  readonly historyRounds: number
  readonly readRounds: number
  readonly readSeconds: number
  readonly replicaRounds: number
  readonly tracingTurns: number
  readonly tracingWarmUps: number
  readonly tracingFigures: number
  readonly soakSeconds: number
  readonly startRounds: number
  readonly sections: ReadonlySet<string>
  readonly publish: boolean
}

export const sectionNames = [
  'main',
  'one-client',
  'bookings',
  'curve',
  'history',
  'replicas',
  'traces',
  'start',
  'memory',
]

const plans = {
  quick: {
    rounds: 2,
    seconds: 1,
    warmUpSeconds: 0.3,
    firstWarmUpSeconds: 2,
    curveSeconds: 0.2,
    bookingRounds: 2,
    storedOrders: 20_000,
    historyRounds: 1,
    readRounds: 1,
    readSeconds: 0.3,
    replicaRounds: 1,
    tracingTurns: 2,
    tracingWarmUps: 0,
    tracingFigures: 1,
    soakSeconds: 2,
    startRounds: 1,
  },
  full: {
    rounds: 5,
    seconds: 4,
    warmUpSeconds: 0.7,
    firstWarmUpSeconds: 16,
    curveSeconds: 2,
    bookingRounds: 6,
    storedOrders: 1_000_000,
    historyRounds: 6,
    readRounds: 10,
    readSeconds: 0.8,
    replicaRounds: 3,
    tracingTurns: 10,
    tracingWarmUps: 5,
    tracingFigures: 6,
    soakSeconds: 60,
    startRounds: 3,
  },
} as const

export const usage = `usage: npm run bench -- [--quick] [--only=main,history,…] [--soak=600] [--publish]
  --quick      under 90 seconds, with fewer stored orders and shorter runs
  --only       only these of: ${sectionNames.join(', ')}
  --soak       seconds of steady load during which memory is watched; 600 say whether it grows
  --publish    also refreshes docs/performance.md and its pictures`

export const readOptions = (args: readonly string[]): BenchOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      soak: { type: 'string' },
      publish: { type: 'boolean', default: false },
    },
  })
  const sections = values.only?.split(',') ?? sectionNames
  const unknown = sections.find((section) => !sectionNames.includes(section))
  if (unknown !== undefined) throw new Error(`there is no section ${unknown}\n${usage}`)
  const mode = values.quick ? 'quick' : 'full'
  const soakSeconds = values.soak === undefined ? plans[mode].soakSeconds : Number(values.soak)
  if (!(soakSeconds > 0)) throw new Error(`--soak must be a number of seconds\n${usage}`)
  return { mode, ...plans[mode], soakSeconds, sections: new Set(sections), publish: values.publish }
}

/** The command that was typed, so that it can be repeated. */
export const commandLine = (script: string, args: readonly string[]): string => {
  const measuring = args.filter((argument) => argument !== '--publish')
  return measuring.length === 0 ? script : `${script} -- ${measuring.join(' ')}`
}
