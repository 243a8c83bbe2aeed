import type { Exchange } from '../../judge/history.ts'
import type { Struck } from './injector.ts'
import { faultKinds } from './plan.ts'

/** Counts how often each kind of fault struck: a plan that strikes nothing proves nothing. */
export interface KindCount {
  readonly kind: string
  readonly planned: number
  /** How many of these faults touched something. */
  readonly struck: number
  /** How many connections, pieces of data, requests or processes they touched. */
  readonly times: number
}

export const countKinds = (struck: readonly Struck[]): KindCount[] =>
  faultKinds.map((kind) => {
    const own = struck.filter(({ planned }) => planned.kind === kind)
    return {
      kind,
      planned: own.length,
      struck: own.filter(({ times }) => times > 0).length,
      times: own.reduce((sum, { times }) => sum + times, 0),
    }
  })

export const showKinds = (counts: readonly KindCount[]): string =>
  [
    `${'fault'.padEnd(22)}${'planned'.padStart(9)}${'struck'.padStart(9)}${'times'.padStart(9)}`,
    ...counts.map(
      ({ kind, planned, struck, times }) =>
        `${kind.padEnd(22)}${String(planned).padStart(9)}${String(struck).padStart(9)}${String(times).padStart(9)}`,
    ),
  ].join('\n')

export interface RequestCount {
  readonly sent: number
  readonly done: number
  readonly refused: number
  readonly pending: number
  readonly unknown: number
  readonly replayed: number
}

export const countRequests = (exchanges: readonly Exchange[]): RequestCount => {
  const count = { sent: 0, done: 0, refused: 0, pending: 0, unknown: 0, replayed: 0 }
  for (const { answer } of exchanges) {
    count.sent += 1
    if (answer.kind === 'unknown') count.unknown += 1
    else if (answer.status === 202) count.pending += 1
    else if (answer.status < 300) count.done += 1
    else count.refused += 1
    if (answer.kind === 'told' && answer.replayed) count.replayed += 1
  }
  return count
}

export const showRequests = (count: RequestCount): string =>
  `${count.sent} requests: ${count.done} done, ${count.refused} refused, ${count.pending} pending, ${count.unknown} unknown; ${count.replayed} of them repeats`

const mostReasons = 8

/** Tells why clients got no definite answer: one cause may have taken most of a run. */
export const showUnknowns = (exchanges: readonly Exchange[]): string => {
  const counts = new Map<string, number>()
  for (const { answer } of exchanges) {
    if (answer.kind !== 'unknown') continue
    counts.set(answer.reason, (counts.get(answer.reason) ?? 0) + 1)
  }
  return [...counts]
    .toSorted(([, one], [, other]) => other - one)
    .slice(0, mostReasons)
    .map(([reason, count]) => `${String(count).padStart(7)}  ${reason}`)
    .join('\n')
}
