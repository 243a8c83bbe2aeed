import { setTimeout as sleep } from 'node:timers/promises'
import { collectFacts, usersIn, type Facts } from './facts.ts'
import type { Exchange, History, Mark } from './history.ts'
import { edgeViolations } from './edges.ts'
import type { Evidence, Violation } from './evidence.ts'
import { letterViolations, missingLetters, unfinishedIn, unfinishedViolations } from './letters.ts'
import { moneyViolations } from './money.ts'
import { toldViolations } from './told.ts'

/**
 * The nine invariants of the design, judged from outside: from what clients sent and were told,
 * and from what the public API shows. `findViolations` is a pure function of that evidence. The
 * rest collects the evidence and reports violations.
 *
 * What the judge knows of orders and of bookings stands in `sagas.ts`, a list: the rules below ask
 * each saga what moves money, what owes letters, and what is unfinished.
 */
const rules: readonly ((evidence: Evidence) => Violation[])[] = [
  moneyViolations,
  toldViolations,
  letterViolations,
  unfinishedViolations,
  edgeViolations,
]

export const invariantNames = {
  1: 'each balance is the sum of its operations, and was never negative',
  2: 'withdrawals minus refunds of an order or booking are its price while it stands, else 0',
  3: 'what a client was told survives, and a repeat gets the identical answer',
  4: 'every unknown becomes wholly done, once, or never done',
  5: 'letters = decided orders and bookings + finished changes + deposits',
  6: 'no money moves without an order or booking that was stored before',
  7: 'after faults nothing stays undecided',
  8: 'only the allowed edges are taken',
  9: 'an offer is paid by one booking at most, at any moment',
} as const satisfies Record<Violation['invariant'], string>

export const findViolations = (evidence: Evidence): Violation[] =>
  rules.flatMap((rule) => rule(evidence))

// --- reporting ----------------------------------------------------------------

const maxEventsShown = 40
const maxBodyShown = 300

const lineOf = (exchange: Exchange): string => {
  const { client, method, path, key, body, sentMs, answeredMs, answer } = exchange
  const sent = `${method} ${path}${key === undefined ? '' : ` key ${key}`}`
  const payload = body === undefined ? '' : ` ${JSON.stringify(body)}`
  const told =
    answer.kind === 'unknown'
      ? `unknown (${answer.reason})`
      : `${answer.status}${answer.replayed ? ' replayed' : ''} ${JSON.stringify(answer.body)}`
  const ms = Math.round(answeredMs - sentMs)
  return `${client}: ${sent}${payload} -> ${told.slice(0, maxBodyShown)} (${ms} ms)`
}

const eventsAround = (
  about: readonly string[],
  exchanges: readonly Exchange[],
  marks: readonly Mark[],
): string => {
  const concerned = exchanges.filter((exchange) => {
    const text = JSON.stringify(exchange)
    return about.some((id) => text.includes(id))
  })
  // The first and the last events tell most.
  const half = maxEventsShown / 2
  const kept =
    concerned.length <= maxEventsShown
      ? concerned
      : [...concerned.slice(0, half), ...concerned.slice(-half)]
  const startMs = Math.min(
    ...exchanges.map(({ sentMs }) => sentMs),
    ...marks.map(({ atMs }) => atMs),
  )
  return [
    ...kept.map((exchange) => ({ atMs: exchange.sentMs, text: lineOf(exchange) })),
    ...marks.map(({ atMs, text }) => ({ atMs, text: `=== ${text}` })),
  ]
    .toSorted((one, other) => one.atMs - other.atMs)
    .map(({ atMs, text }) => `${(atMs - startMs).toFixed(0).padStart(8)} ms  ${text}`)
    .join('\n')
}

const factsAbout = (about: readonly string[], { users, offers, memberships }: Facts): string =>
  [
    ...users.flatMap(({ account, operations, orders, bookings, letters }) => [
      ...(account ? [account] : []),
      ...operations,
      ...orders,
      ...bookings,
      ...letters,
    ]),
    ...offers,
    ...memberships,
  ]
    .map((fact) => JSON.stringify(fact))
    .filter((text) => about.some((id) => text.includes(id)))
    .slice(0, maxEventsShown)
    .join('\n')

export class InvariantViolated extends Error {
  override name = 'InvariantViolated'
}

/** Describes the first violation in full, and tells how many more there are. */
export const describeViolations = (
  violations: readonly [Violation, ...Violation[]],
  facts: Facts,
  { exchanges, marks }: Pick<History, 'exchanges' | 'marks'>,
): string => {
  const [{ invariant, message, about }, ...others] = violations
  return [
    `invariant ${invariant} (${invariantNames[invariant]}): ${message}`,
    ...others.slice(0, 4).map((other) => `  also invariant ${other.invariant}: ${other.message}`),
    others.length > 4 ? `  and ${others.length - 4} more` : '',
    'what clients sent and were told about it:',
    eventsAround(about, exchanges, marks),
    'what the system says of it now:',
    factsAbout(about, facts),
  ]
    .filter((line) => line !== '')
    .join('\n')
}

// --- checking a running system --------------------------------------------------

export interface Checkable {
  /** The address of the gateway. */
  readonly urls: { readonly gateway: string }
}

export interface CheckOptions {
  /** How long the system may take to finish the work that was begun. */
  readonly withinMs?: number
}

const pollMs = 250

const isAtRest = (facts: Facts) =>
  facts.users.every(
    (user) => unfinishedIn(user).length === 0 && missingLetters(user, facts).length === 0,
  )

const look = async (system: Checkable, history: History, isQuiet: boolean) => {
  // Answers that come from now on may not be in the facts yet.
  const exchanges = [...history.exchanges]
  const facts = await collectFacts(system.urls.gateway, usersIn(exchanges), exchanges)
  return { facts, violations: findViolations({ facts, exchanges, isQuiet }) }
}

const refuse = (violations: readonly Violation[], facts: Facts, history: History): void => {
  const [first, ...others] = violations
  if (first === undefined) return
  throw new InvariantViolated(describeViolations([first, ...others], facts, history))
}

/** Checks what must hold at every moment, while clients and faults are at work. */
export const checkWhileRunning = async (system: Checkable, history: History): Promise<Facts> => {
  const { facts, violations } = await look(system, history, false)
  refuse(violations, facts, history)
  return facts
}

/**
 * Checks all nine when the clients are done and the faults are over. Waits until nothing is
 * PENDING or owed. Throws an InvariantViolated if that never happens or anything else is wrong.
 * Returns the facts, so that a test can count them.
 */
export const checkInvariants = async (
  system: Checkable,
  history: History,
  { withinMs = 30_000 }: CheckOptions = {},
): Promise<Facts> => {
  const giveUpAtMs = performance.now() + withinMs
  let wasAtRest = false
  for (;;) {
    const { facts, violations } = await look(system, history, true)
    if (violations.length === 0) return facts
    // A request whose client gave up may still end between two of our reads, so we look once more.
    const isCertain = wasAtRest && isAtRest(facts)
    if (isCertain || performance.now() > giveUpAtMs) refuse(violations, facts, history)
    wasAtRest = isAtRest(facts)
    await sleep(pollMs)
  }
}
