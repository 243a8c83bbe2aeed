import {
  registry,
  serviceNames,
  servicesWithDatabase,
  type ServiceName,
} from '../../../src/registry.ts'
import type { NetworkFault } from '../../../src/local/lab/link/faults.ts'
import type { Random } from '../../lab/random.ts'

/**
 * Decides which fault strikes where, when and for how long. It depends on the seed alone, so that a
 * person can look at a seed and run it again.
 */
export const replicas = [1, 2] as const

/** Those whom a service calls, and identity, where each reads the keys of people's tokens. */
const calleesOf = (caller: ServiceName) => new Set([...registry[caller].upstreams, 'identity'])

/** Links by name: `client→gateway`, `order-1→billing`, `order-1→database`. */
export const httpLinks: readonly string[] = [
  'client→gateway',
  ...serviceNames.flatMap((caller) =>
    replicas.flatMap((replica) =>
      [...calleesOf(caller)].map((callee) => `${caller}-${replica}→${callee}`),
    ),
  ),
]

export const databaseLinks: readonly string[] = servicesWithDatabase.flatMap((service) =>
  replicas.map((replica) => `${service}-${replica}→database`),
)

const processNames: readonly string[] = serviceNames.flatMap((service) =>
  replicas.map((replica) => `${service}-${replica}`),
)

export type PlannedFault =
  | { readonly what: 'link'; readonly links: readonly string[]; readonly fault: NetworkFault }
  | { readonly what: 'kill' | 'pause' | 'restart'; readonly process: string }
  | { readonly what: 'postgres-crash' }
  | { readonly what: 'terminate-backends'; readonly service: ServiceName }

export interface Planned {
  readonly id: number
  /** The kinds that the report counts: `http delay`, `database cut`, `kill`. */
  readonly kind: string
  readonly atMs: number
  readonly durationMs: number
  readonly fault: PlannedFault
}

export interface Timing {
  /** Pauses are longer than this, so that another process takes a row from its paused owner. */
  readonly leaseMs: number
  readonly totalMs: number
}

const networkKinds: readonly NetworkFault['kind'][] = [
  'delay',
  'reset',
  'cut',
  'black-hole',
  'late',
  'half-close',
]

export const faultKinds: readonly string[] = [
  ...networkKinds.map((kind) => `http ${kind}`),
  'http duplicate',
  ...networkKinds.map((kind) => `database ${kind}`),
  'kill',
  'pause',
  'restart',
  'postgres-crash',
  'terminate-backends',
]

/** These links carry money and letters, so faults strike them more often than the rest. */
const busyCallees = new Set(['billing', 'notification', 'order', 'booking', 'database'])

const isBusy = (link: string) => busyCallees.has(link.split('→')[1] ?? '')

/** One link, or all links of one process: half a network at once. */
const pickLinks = (random: Random, all: readonly string[]): string[] => {
  const one = random.pick(random.chance(0.7) ? all.filter(isBusy) : all)
  if (random.chance(0.5)) return [one]
  const [from = '', to = ''] = one.split('→')
  const same = random.chance(0.5)
    ? all.filter(
        (link) => link.startsWith(`${from.replace(/-\d$/, '')}-`) && link.endsWith(`→${to}`),
      )
    : all.filter((link) => link.startsWith(`${from}→`))
  return same.length > 0 ? same : [one]
}

const someOf = <Value>(random: Random, most: number, draw: () => Value): Value[] =>
  Array.from({ length: random.between(1, most) }, draw)

const drawLinkFault = (random: Random, kind: NetworkFault['kind']): NetworkFault => {
  const direction = random.pick(['up', 'down'] as const)
  switch (kind) {
    case 'delay':
      return { kind, delayMs: random.between(20, 700) }
    case 'reset':
    case 'late':
      return { kind }
    case 'cut':
      return { kind, direction, fractions: someOf(random, 5, random.next) }
    case 'black-hole':
      return {
        kind,
        direction: random.pick(['up', 'down', 'both'] as const),
        end: random.pick(['release', 'reset'] as const),
      }
    case 'half-close':
      return { kind, direction, times: random.between(1, 5) }
    case 'duplicate':
      return { kind, delaysMs: someOf(random, 6, () => random.pick([0, 5, 60, 400, 1_500, 4_000])) }
  }
}

/** The first fault of each kind strikes every link, so that quiet links meet it, too. */
const drawFault = (random: Random, kind: string, isFirst: boolean): PlannedFault => {
  const [place, linkKind] = kind.split(' ')
  if (linkKind !== undefined) {
    const all = place === 'http' ? httpLinks : databaseLinks
    const links = isFirst ? all : pickLinks(random, all)
    return { what: 'link', links, fault: drawLinkFault(random, linkKind as NetworkFault['kind']) }
  }
  switch (kind) {
    case 'kill':
    case 'pause':
    case 'restart':
      return { what: kind, process: random.pick(processNames) }
    case 'terminate-backends':
      return { what: kind, service: random.pick(servicesWithDatabase) }
    default:
      return { what: 'postgres-crash' }
  }
}

const drawDurationMs = (random: Random, kind: string, leaseMs: number): number => {
  switch (kind) {
    case 'pause':
      return leaseMs + random.between(300, 2_500)
    case 'kill':
      return random.between(0, 2_500)
    case 'postgres-crash':
      return random.between(0, 1_200)
    case 'http cut':
    case 'database cut':
    case 'http half-close':
    case 'database half-close':
      return random.between(1_000, 3_000)
    default:
      return random.between(300, 3_500)
  }
}

const shortestGapMs = 150
const longestGapMs = 1_700
/** Long enough for some call to pass. */
const firstDurationMs = 1_000
/** Time for the clients to begin, so that there is work to disturb. */
const quietStartMs = 1_500

/** Takes every kind once, in a new order, then again, so that short runs leave none out. */
export const drawPlan = (seedRandom: Random, { leaseMs, totalMs }: Timing): Planned[] => {
  const random = seedRandom.fork('plan')
  const planned: Planned[] = []
  let atMs = quietStartMs
  let bag: string[] = []
  while (atMs < totalMs) {
    if (bag.length === 0) bag = random.shuffle(faultKinds)
    const kind = bag.pop()!
    const isFirst = planned.length < faultKinds.length
    const wantedMs = Math.max(drawDurationMs(random, kind, leaseMs), isFirst ? firstDurationMs : 0)
    const durationMs = Math.min(wantedMs, totalMs - atMs)
    const fault = drawFault(random, kind, isFirst)
    planned.push({ id: planned.length + 1, kind, atMs, durationMs, fault })
    atMs += random.between(shortestGapMs, longestGapMs)
  }
  return planned
}

const detailOf = (fault: PlannedFault): string => {
  if (fault.what === 'link') {
    const { kind: _, ...detail } = fault.fault
    const shown = Object.entries(detail).map(([name, value]) => {
      const text = Array.isArray(value)
        ? value.map((each: number) => Math.round(each * 100) / 100).join('/')
        : String(value)
      return `${name} ${text}`
    })
    const { length } = fault.links
    const isAll = length === httpLinks.length || length === databaseLinks.length
    const where = isAll ? 'everywhere' : fault.links.join(', ')
    return [where, ...shown].join('; ')
  }
  if (fault.what === 'postgres-crash') return 'stopped at once, and started again'
  return fault.what === 'terminate-backends' ? `all of ${fault.service}` : fault.process
}

export const describePlanned = ({ id, kind, atMs, durationMs, fault }: Planned): string =>
  `${String(id).padStart(3)}  at ${(atMs / 1_000).toFixed(1).padStart(6)} s  for ${String(durationMs).padStart(4)} ms  ${kind}: ${detailOf(fault)}`
