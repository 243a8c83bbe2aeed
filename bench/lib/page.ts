import { curveOf } from './curve.ts'
import { machineLine } from './machine.ts'
import { median, sum } from './stats.ts'
import { totalMicros, type ProfileResults, type WorkloadProfile } from './profile-types.ts'
import {
  busyMachine,
  formatFigure,
  formatSpread,
  oneClient,
  type BenchResults,
  type Row,
} from './results.ts'

/** The numbers of the documents come from one committed run: a person never types them. */
export interface Figures {
  readonly bench: BenchResults
  /** A run of its own, because ten minutes under load take as long as all the rest. */
  readonly soak: BenchResults
  readonly profile: ProfileResults
}

/** A table in the format of the formatter. */
const markdownTable = (rows: readonly (readonly string[])[]): string => {
  const [head = [], ...body] = rows
  const widths = head.map((_, column) =>
    Math.max(3, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(head), rule, ...body.map(line)].join('\n')
}

const whole = (value: number) => Math.round(value).toLocaleString('en-GB')

const about = (command: string, takenAt: string, machine: BenchResults['machine']) =>
  `\`${command}\`, ${takenAt.slice(0, 10)}, ${machineLine(machine)}.`

const growthIn = ({ bench, soak }: Figures) => {
  const isGrowth = ({ id }: Row) => id === 'memory-growth'
  const grown = soak.rows.filter(isGrowth).map((row) => ({ ...row, note: `\`${soak.command}\`` }))
  return bench.rows.flatMap((row) => (isGrowth(row) ? grown : [row]))
}

const targets = (figures: Figures) => {
  const rows = growthIn(figures).map(({ what, figure, unit, target, verdict, note }) => [
    note === undefined ? what : `${what} (${note})`,
    target,
    formatFigure(figure.median, unit),
    formatSpread(figure, unit),
    verdict,
  ])
  return markdownTable([['what', 'target', 'median', 'runs', 'verdict'], ...rows])
}

const benchRun = ({ bench }: Figures) => {
  const good = bench.invariants.filter(({ holds }) => holds).length
  return [
    `${about(bench.command, bench.takenAt, bench.machine)} It took ${whole(bench.seconds)} s.`,
    `${bench.failures} requests failed; ${good} of ${bench.invariants.length} invariants held.`,
    ...(bench.loadBefore > 0.5 ? [`**${busyMachine(bench)}**`] : []),
  ].join('\n\n')
}

const curve = ({ bench }: Figures) =>
  markdownTable([
    ['clients', 'orders/s', 'p50 ms', 'p99 ms', 'bare orders/s', 'bare p50 ms'],
    ...curveOf(bench).map(({ clients, system, bare }) => [
      String(clients),
      whole(system.perSecond),
      system.p50Ms.toFixed(2),
      system.p99Ms.toFixed(2),
      whole(bare.perSecond),
      bare.p50Ms.toFixed(2),
    ]),
  ])

const profileRun = ({ profile }: Figures) =>
  about(profile.command, profile.takenAt, profile.machine)

const cpuOf = (workload: WorkloadProfile, process: string) =>
  workload.processes.find((each) => each.process === process)?.cpuMicros

const processNames = [
  'load generator',
  'client',
  'gateway',
  'order',
  'billing',
  'notification',
  'user',
  'postgres',
]

const cpu = ({ profile }: Figures) => {
  const workloads = [profile.system, profile.chain, profile.bare, profile.oneClient]
  const cell = (value: number | undefined) => (value === undefined ? '' : whole(value))
  return markdownTable([
    ['CPU µs per order', 'orderly', 'HTTP chain alone', 'bare statements', 'orderly, one client'],
    ...processNames.map((name) => [name, ...workloads.map((each) => cell(cpuOf(each, name)))]),
    ['all together', ...workloads.map((each) => whole(totalMicros(each)))],
  ])
}

const processes = ({ profile }: Figures) =>
  markdownTable([
    ['per order', 'allocated', 'collecting', 'bytes in', 'bytes out'],
    ...profile.system.processes
      .filter(({ bytesIn }) => bytesIn !== undefined)
      .map(({ process, allocatedKb = 0, collectionMicros = 0, bytesIn = 0, bytesOut = 0 }) => [
        process,
        `${allocatedKb.toFixed(1)} kB`,
        `${collectionMicros.toFixed(1)} µs`,
        whole(bytesIn),
        whole(bytesOut),
      ]),
  ])

const statements = ({ profile }: Figures) =>
  markdownTable([
    ['statement', 'runs per order', 'callers per run'],
    ...profile.statements.map(({ service, statement, perOrder, callersPerStatement }) => [
      `${service}: ${statement}`,
      perOrder.toFixed(3),
      callersPerStatement.toFixed(1),
    ]),
  ])

const hops = ({ profile }: Figures) =>
  markdownTable([
    ['one client', 'mean ms'],
    ...profile.hops.map(({ hop, meanMs }) => [hop, meanMs.toFixed(2)]),
  ])

const budget = ({ profile }: Figures) => {
  const { system, chain, bare } = profile
  const log = (bytes: number | undefined) => (bytes === undefined ? '–' : whole(bytes))
  return markdownTable([
    ['', 'orderly', 'HTTP chain alone', 'bare statements'],
    ['CPU µs per order', ...[system, chain, bare].map((each) => whole(totalMicros(each)))],
    ['commits per order, reads included', system.commitsPerOrder?.toFixed(2) ?? '–', '', '5.00'],
    ['bytes of log per order', log(system.walBytesPerOrder), '', log(bare.walBytesPerOrder)],
  ])
}

/** How many orders a ratio to the bare statements allows on equal cores; what takes the rest. */
const floors = ({ profile }: Figures) => {
  const { system, chain, bare } = profile
  const isService = (name: string) => !['gateway', 'postgres', 'load generator'].includes(name)
  const taken = (isWanted: (name: string) => boolean) =>
    system.processes
      .filter(({ process }) => isWanted(process))
      .reduce((total, { cpuMicros }) => total + cpuMicros, 0)
  const around = taken((name) => !isService(name))
  const row = (what: string, allowed: number) => [
    what,
    whole(allowed),
    whole(around),
    whole(allowed - around),
    whole(taken(isService)),
  ]
  return markdownTable([
    [
      'target',
      'allows µs for an order',
      'Postgres, gateway and load generator take',
      'left for the services',
      'they take',
    ],
    row('2.0 × the bare statements', totalMicros(bare) / 2),
    row('0.75 × the HTTP chain', totalMicros(chain) / 0.75),
  ])
}

/** One client waits for each step: the time of the statements, of the hops, and of the rest. */
const oneClientFloor = ({ bench }: Figures) => {
  const p50 = (name: string) =>
    median((bench.runs[`${oneClient}: ${name}`] ?? []).map(({ p50Ms }) => p50Ms))
  const order = p50('orderly')
  const bare = p50('five bare statements')
  const chain = p50('HTTP chain alone')
  const row = (what: string, ms: number) => [what, ms.toFixed(2)]
  return markdownTable([
    ['one client', 'p50 ms'],
    row('the five bare statements', bare),
    row('the HTTP chain with nothing behind', chain),
    row('both, one after the other', bare + chain),
    row('the target', 2 * bare),
    row('an order', order),
    row('of which neither bare statements nor bare hops', order - bare - chain),
  ])
}

/** The CPU time of Postgres for an order, which replicas do not change. */
const postgresWall = ({ profile }: Figures) => {
  const { system } = profile
  const names = ['gateway', 'order', 'billing', 'notification', 'postgres']
  const costs = names.map((name) => cpuOf(system, name) ?? Number.NaN)
  const postgres = costs.at(-1) ?? Number.NaN
  const all = sum(costs)
  return [
    markdownTable([
      ['', ...names, 'together'],
      ['CPU µs per paid order', ...[...costs, all].map(whole)],
    ]),
    `So Postgres is ${Math.round((100 * postgres) / all)} % of an order. When everything else has been given cores of its own, one core of Postgres is good for ${whole(1e6 / postgres)} orders a second, when ${system.clients} clients share its statements: that is the wall that replicas do not move.`,
  ].join('\n\n')
}

type Blocks = Readonly<Record<string, (figures: Figures) => string>>

const performanceBlocks: Blocks = {
  targets,
  'bench-run': benchRun,
  curve,
  'profile-run': profileRun,
  budget,
  cpu,
  processes,
  statements,
  hops,
  floors,
  'one-client': oneClientFloor,
}

/** Which page has which blocks of numbers. */
const blocksOf: Readonly<Record<string, Blocks>> = {
  'performance.md': performanceBlocks,
  'scaling.md': { 'postgres-wall': postgresWall },
}

export const pagesWithFigures: readonly string[] = Object.keys(blocksOf)

const block = /(<!-- figures: ([a-z-]+) -->)[^]*?(<!-- end of figures -->)/g

/** Fills the numbers into the page. Each block has one place, and each place has a block. */
export const fillPage = (name: string, page: string, figures: Figures): string => {
  const blocks = blocksOf[name] ?? {}
  const missing = new Set(Object.keys(blocks))
  const filled = page.replace(block, (_, opening: string, marker: string, closing: string) => {
    const make = blocks[marker]
    if (!make) throw new Error(`the page asks for figures that nobody makes: ${marker}`)
    missing.delete(marker)
    return `${opening}\n\n${make(figures)}\n\n${closing}`
  })
  if (missing.size > 0) throw new Error(`${name} has no place for ${[...missing].join(', ')}`)
  return filled
}
